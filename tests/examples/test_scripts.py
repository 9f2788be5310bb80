"""The scripts in `examples/` do what their documents say."""

import importlib.util
import inspect
import json
from collections import namedtuple
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import optdsl

ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Pair = namedtuple("Pair", ["left", "right"])


def test_shapes_of_any_tree(tmp_path: Path) -> None:
    params: dict[str, Any] = {
        "layers": [Pair(jnp.ones((2, 3)), None), Pair(jnp.ones(3, jnp.bfloat16), jnp.ones(()))],
        "head": jax.ShapeDtypeStruct((3, 1), jnp.float32),
    }
    script("write_shapes").write_shapes(params, tmp_path / "SHAPES.json")
    assert json.loads((tmp_path / "SHAPES.json").read_text(encoding="utf-8")) == {
        "head": {"shape": [3, 1], "dtype": "float32"},
        "layers/0/left": {"shape": [2, 3], "dtype": "float32"},
        "layers/1/left": {"shape": [3], "dtype": "bfloat16"},
        "layers/1/right": {"shape": [], "dtype": "float32"},
    }


def test_a_tree_without_leaves_is_an_empty_object(tmp_path: Path) -> None:
    script("write_shapes").write_shapes({}, tmp_path / "SHAPES.json")
    assert json.loads((tmp_path / "SHAPES.json").read_text(encoding="utf-8")) == {}


def test_paths_of_shapes_are_those_that_selectors_read() -> None:
    params = {"blocks": [{"kernel": jnp.ones((2, 3))}, {"kernel": jnp.ones((3, 1))}]}
    for path in script("write_shapes").shapes_of(params):
        assert optdsl.check(f"freeze where '{path}' | sgd(0.1)", params=params) == []


def test_the_document_shows_the_function() -> None:
    document = (ROOT / "docs" / "shapes.md").read_text(encoding="utf-8")
    assert inspect.getsource(script("write_shapes").shapes_of) in document


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet", "muon", "schedule_free"])
def test_training_reads_digits(name: str) -> None:
    text = (ROOT / "examples" / f"{name}.opt").read_text(encoding="utf-8")
    assert script("train_anything").train(text) > 0.8
