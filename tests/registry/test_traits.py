"""Traits are measured again on the installed Optax."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from optdsl import registry
from optdsl.registry import Kind, Row
from optdsl.registry.optax_rows import OPTAX_ROWS
from optdsl.registry.row import Traits
from optdsl.registry.traits import TRAITS

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {row.name: row for row in OPTAX_ROWS}


@pytest.fixture
def measure_traits(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("measure_traits")


def traits_of(name: str) -> Traits:
    row = registry.lookup(name)
    assert row is not None
    assert row.traits is not None
    return row.traits


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAITS)
def test_traits_are_as_measured(name: str, measure_traits: ModuleType) -> None:
    assert measure_traits.measure(BY_NAME[name]) == TRAITS[name], "run `make sync-optax`"


def test_only_stages_that_need_python_are_not_measured(measure_traits: ModuleType) -> None:
    without = [row for row in registry.transforms() if row.traits is None]
    assert all(needs_python(row) for row in without)
    assert [row.name for row in without] == [
        "conditionally_mask",
        "conditionally_transform",
        "measure_with_ema",
        "monitor",
        "snapshot",
        "stateless",
        "stateless_with_tree_map",
    ]
    assert {row.name for row in OPTAX_ROWS if measure_traits.measurable(row)} == set(TRAITS)


def needs_python(row: Row) -> bool:
    return any(p.required and p.kind in (Kind.CALLABLE, Kind.OBJECT) for p in row.parameters)


def test_optimizers_descend_and_directions_keep_the_sign() -> None:
    """Stages that require a learning rate descend; every `scale_by_` but three keeps the gradient's sign."""
    rates = {name: BY_NAME[name].parameter("learning_rate") for name in TRAITS}
    required = {name for name, rate in rates.items() if rate is not None and rate.required}
    # These two take a rate and leave the sign to what follows or stands inside.
    assert {name for name in required if TRAITS[name].sign != -1} == {"scale_by_rprop", "schedule_free"}
    directions = {name for name in TRAITS if name.startswith("scale_by_")}
    assert {name for name in directions if TRAITS[name].sign != 1} == {
        "scale_by_cocob",
        "scale_by_learning_rate",
        "scale_by_madgrad",
    }


def test_what_init_aliases() -> None:
    assert {name for name, traits in TRAITS.items() if traits.aliases} >= {
        "cocob",
        "dog",
        "dowg",
        "madgrad",
        "prodigy",
        "sam",
    }


@pytest.mark.parametrize(
    ("name", "degree"),
    [("adam", 0), ("lion", 0), ("sgd", 1), ("scale", 1), ("clip", None), ("radam", None), ("normalize", 0)],
)
def test_scale_degree(name: str, degree: int | None) -> None:
    assert traits_of(name).degree == degree


def test_norms_couple_leaves_and_factors_couple_entries() -> None:
    assert traits_of("clip_by_global_norm").couples_leaves
    assert not traits_of("clip_by_block_rms").couples_leaves
    assert not traits_of("clip_by_block_rms").elementwise
    assert not traits_of("adafactor").elementwise
    assert traits_of("adam").elementwise


def test_extra_arguments() -> None:
    assert traits_of("polyak_sgd").extras == ("value",)
    assert traits_of("lbfgs").extras == ("value", "grad", "value_fn")
    assert traits_of("sophia").extras == ("obj_fn",)
    assert traits_of("adam").extras == ()
