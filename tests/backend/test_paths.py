"""Paths of leaves: one way of writing for every container, and the stacked axes that globs declare."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

from optdsl.backend.paths import compile_stacked, leaf_path, leaf_paths, map_with_path, stacked_axes
from optdsl.globs import GlobError


@jax.tree_util.register_dataclass
@dataclass
class Linear:
    kernel: Any
    bias: Any


class Pair(NamedTuple):
    left: Any
    right: Any


@jax.tree_util.register_pytree_with_keys_class
class Variable:
    """Flattens as an NNX variable does; the module below makes it pass for one."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def tree_flatten_with_keys(self) -> tuple[Any, None]:
        return ((jax.tree_util.GetAttrKey("value"), self.value),), None

    @classmethod
    def tree_unflatten(cls, structure: None, children: Any) -> "Variable":
        del structure
        return cls(*children)


class Param(Variable):
    pass


jax.tree_util.register_pytree_with_keys_class(Param)
Variable.__module__ = "flax.nnx.variablelib"


TREES = [
    ({"layer": {"kernel": 1, "bias": 2}}, ("layer/bias", "layer/kernel")),
    ({"layer": Linear(1, 2)}, ("layer/kernel", "layer/bias")),
    ({"layer": {"kernel": Param(1), "bias": Param(2)}}, ("layer/bias", "layer/kernel")),
    ({"a": Param({"b": 1, "c": [2]})}, ("a/b", "a/c/0")),
    ({"layer": Linear(1, None)}, ("layer/kernel",)),
    ({"value": {"value": 1}}, ("value/value",)),
    ([Pair(1, (2, 3))], ("0/left", "0/right/0", "0/right/1")),
    ({3: {"a/b": 1}}, ("3/a/b",)),
    ({}, ()),
    (1.0, ("",)),
]


@pytest.mark.parametrize(("tree", "want"), TREES)
def test_paths(tree: Any, want: tuple[str, ...]) -> None:
    assert leaf_paths(tree) == want


def test_a_path_is_that_of_jax() -> None:
    tree = {"layers": [Linear(1, (2, {"x": 3}))], "pair": Pair(4, 5)}
    keys = [keys for keys, _ in jax.tree_util.tree_leaves_with_path(tree)]
    simple = [jax.tree_util.keystr(each, simple=True, separator="/") for each in keys]
    assert simple == [leaf_path(each) for each in keys] == list(leaf_paths(tree))


def test_mapping_keeps_the_tree_and_hands_out_paths() -> None:
    tree = {"a": Linear(1, None), "b": [Param(2)]}
    got = map_with_path(lambda path, leaf, other: (path, leaf + other), tree, tree)
    assert got["a"] == Linear(("a/kernel", 2), None)
    assert got["b"][0].value == ("b/0", 4)


def test_the_first_matching_glob_declares_the_stacked_axes() -> None:
    stacked = compile_stacked({"layers/head/**": 0, "layers/**": 2, "**/experts/*": 1})
    paths = ("layers/kernel", "layers/head/bias", "mlp/experts/0", "layers", "layer")
    assert [stacked_axes(path, 3, stacked) for path in paths] == [2, 0, 1, 2, 0]
    assert stacked_axes("layers/step", jnp.ones(4).ndim, stacked) == 1
    assert compile_stacked((("layers/**", 2),)) == compile_stacked({"layers/**": 2})
    assert compile_stacked(()) == ()


def test_what_cannot_be_declared_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'layers/\*\*' is given -1"):
        compile_stacked({"layers/**": -1})
    with pytest.raises(GlobError, match="stray"):
        compile_stacked({"layers_{": 1})
