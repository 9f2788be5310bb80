"""Bytes of an optimizer's state, told apart by the leaf that they are kept for; shapes are enough."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

from optdsl.backend.wrappers import LiveState

PyTree = Any


class StateBytes(NamedTuple):
    """Bytes for each leaf, in the order of the tree, and all bytes: counters and the like belong to no leaf."""

    of_leaves: tuple[int, ...]
    total: int


def state_bytes(init: Callable[[PyTree], PyTree], params: PyTree, tree: PyTree) -> StateBytes:
    """Returns how large the state is that `init` makes for `params`, arrays or shapes.

    `tree` has the leaves to tell apart: `params`, or of lookahead's pair the fast ones.
    What has the structure of that tree, or it with leaves masked out, belongs to them leaf by leaf. A state
    that mixes leaves (one vector of all) is in the total only.
    """
    state = jax.eval_shape(init, params)
    structure = jax.tree.structure(tree)
    found = [0] * structure.num_leaves
    inner = state.inner if isinstance(state, LiveState) else state  # live numbers may be called like parameters
    if structure == jax.tree.structure(0):
        own = [leaf for leaf in jax.tree.leaves(inner) if leaf.ndim or not tree.ndim]
        found[0] = sum(map(_bytes, own))
    else:
        nodes = jax.tree.leaves(inner, is_leaf=lambda node: _entries(node, structure) is not None)
        for node in nodes:
            for place, entry in enumerate(_entries(node, structure) or ()):
                found[place] += sum(map(_bytes, jax.tree.leaves(entry)))
    return StateBytes(tuple(found), sum(map(_bytes, jax.tree.leaves(state))))


def _entries(node: Any, structure: Any) -> list[Any] | None:
    """Returns what `node` holds for each leaf if it has the tree of the parameters, None if it has another."""
    try:
        entries = structure.flatten_up_to(node)
    except (ValueError, TypeError, KeyError):
        return None
    return entries if all(map(_is_of_one_leaf, entries)) else None


def _is_of_one_leaf(entry: Any) -> bool:
    return isinstance(entry, optax.MaskedNode) or jax.tree_util.all_leaves([entry]) or not jax.tree.leaves(entry)


def _bytes(leaf: Any) -> int:
    return leaf.size * leaf.dtype.itemsize
