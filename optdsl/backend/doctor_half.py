"""A program in bfloat16 beside itself in float32, for `doctor`: the same gradients in, how far they come apart out."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optdsl.backend.bound import selected_tree
from optdsl.backend.doctor_problem import drawn
from optdsl.backend.doctor_runs import Pulled
from optdsl.backend.paths import leaf_paths

PyTree = Any
_COMPARED = 5
_WEAKER = 20
_VISIBLE = 0.01


class InHalf(NamedTuple):
    """The largest difference of updates as a share of the leaf's largest, and the leaf that has it.

    `stalled` are paths of the state; `lost` is the share of numbers in the parameters that float32 moves and
    bfloat16 leaves, because each step is too small for them.
    """

    difference: float
    worst: str
    stalled: tuple[str, ...]
    lost: float


class _Seen(NamedTuple):
    updates: list[list[np.ndarray]]
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    start: list[np.ndarray]
    end: list[np.ndarray]

    def of_leaves(self) -> list[tuple[np.ndarray, ...]]:
        """Returns the updates leaf by leaf, each over the steps."""
        return list(zip(*self.updates, strict=True))


def in_half(pulled: Pulled, tree: PyTree) -> InHalf | str:
    """Returns how a program does on `tree` in bfloat16, or why that says nothing."""
    half = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), tree)
    if _draws_numbers(pulled.begun(half)[1]):
        return "the program draws random numbers, and draws others in each precision"
    low, high = _seen(pulled, half), _seen(pulled, jax.tree.map(lambda leaf: leaf.astype(jnp.float32), half))
    if not all(np.isfinite(leaf).all() for leaves in high.updates for leaf in leaves):
        return "the updates are not finite in float32"
    paths = leaf_paths(tree)
    apart = [_apart(one, other) for one, other in zip(low.of_leaves(), high.of_leaves(), strict=True)]
    place = int(np.argmax(apart))
    stalled = tuple(path for path in low.before if path in high.before and _stalls(path, low, high))
    return InHalf(apart[place], paths[place], stalled, _lost(low, high))


def _seen(pulled: Pulled, tree: PyTree) -> _Seen:
    """Returns what a few strong gradients do, and then the weaker ones that the state must follow."""
    pulls = [jax.tree.map(_exact_in_half, drawn(tree, seed, jnp.float32)) for seed in range(_COMPARED)]
    weak = jax.tree.map(lambda leaf: leaf / 16, pulls[0])
    params, state = pulled.begun(tree)
    start, updates = _arrays(params), []
    for pull in pulls:
        params, state, _ = pulled.update(params, state, pull)
        updates.append(_arrays(state.updates))
    before = _numbers(state.inner)
    for _ in range(_WEAKER):
        params, state, _ = pulled.update(params, state, weak)
    return _Seen(updates, before, _numbers(state.inner), start, _arrays(params))


def _exact_in_half(leaf: jax.Array) -> jax.Array:
    return leaf.astype(jnp.bfloat16).astype(jnp.float32)


def _arrays(params: PyTree) -> list[np.ndarray]:
    return [np.array(leaf, np.float32) for leaf in jax.tree.leaves(selected_tree(params))]


def _numbers(state: PyTree) -> dict[str, np.ndarray]:
    return {
        jax.tree_util.keystr(keys, simple=True, separator="/"): np.array(leaf, np.float32)
        for keys, leaf in jax.tree_util.tree_leaves_with_path(state)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    }


def _draws_numbers(state: PyTree) -> bool:
    """Returns whether a state holds the key of a random generator, of jax's old or new kind."""
    return any(
        jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) or (leaf.dtype == jnp.uint32 and leaf.shape[-1:] == (2,))
        for leaf in jax.tree.leaves(state)
    )


def _apart(low: Sequence[np.ndarray], high: Sequence[np.ndarray]) -> float:
    """Returns the largest difference of one leaf's updates over the steps, as a share of the largest update."""
    largest = max((np.max(np.abs(leaf), initial=0.0) for leaf in high), default=0.0)
    differences = [np.max(np.abs(one - other), initial=0.0) for one, other in zip(low, high, strict=True)]
    if not np.isfinite(differences).all():
        return float("inf")
    return float(max(differences) / largest) if largest > 0 else float(max(differences) > 0)


def _stalls(path: str, low: _Seen, high: _Seen) -> bool:
    """Returns whether most numbers of a leaf stay to the bit where float32 moves them visibly."""
    wide, narrow = high.before[path], low.before[path]
    moves = np.abs(high.after[path] - wide) > _VISIBLE * np.abs(wide)
    stays = low.after[path] == narrow
    return bool(moves.any() and np.mean(stays[moves]) > 0.5)


def _lost(low: _Seen, high: _Seen) -> float:
    moved = stuck = 0
    for start, end, half_start, half_end in zip(high.start, high.end, low.start, low.end, strict=True):
        moves = start != end
        moved += int(moves.sum())
        stuck += int((moves & (half_start == half_end)).sum())
    return stuck / moved if moved else 0.0
