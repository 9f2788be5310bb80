"""The arithmetic of the default mode: arrays and trees -> arrays and trees, written so that XLA fuses it.

Each function says which exact formulation it stands for. What a stage, a program or a state is, is not known here.
Measured in benchmarks/: on the CPU XLA hands a plain sum to a library, which needs its operand in memory; and it does
not copy a division into its consumers, though it does copy a multiplication.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

PyTree = Any
_IN_ORDER = 512
"""How many entries are added one after the other: more would lose digits."""
_SMALL = 4096
"""Leaves of at most so many entries are joined before their norm is taken."""
_STACK = 32
"""How many rows are added at once where whole rows are averaged: more would leave the cache."""


# ---- clipping


def norm_factor(updates: PyTree, max_norm: Any) -> jax.Array:
    """Returns the scalar by which `optax.clip_by_global_norm(max_norm)` shrinks `updates`, float32 at least.

    It is 1 below the limit. As there, a norm of NaN makes everything NaN, and an infinite norm makes finite
    entries 0 and infinite ones NaN.
    """
    norm = jnp.asarray(optax.tree.norm(_joined(jax.tree.leaves(updates))))
    return jnp.minimum(1.0, max_norm / norm.astype(_wide(norm.dtype)))


def _joined(leaves: list[Any]) -> list[Any]:
    """Returns leaves of the same norm, small ones of one dtype in one vector: a kernel each is most of their cost."""
    large: list[Any] = []
    small: dict[Any, list[jax.Array]] = {}
    for leaf in map(jnp.asarray, leaves):
        if leaf.size > _SMALL:
            large.append(leaf)
        else:
            small.setdefault(leaf.dtype, []).append(leaf.ravel())
    return [*large, *(jnp.concatenate(group) for group in small.values())]


def scaled(updates: PyTree, factor: Any) -> PyTree:
    """Returns every leaf times the scalar `factor`: one rounding, dtypes kept."""
    return jax.tree.map(lambda leaf: _scaled(jnp.asarray(leaf), factor), updates)


def _scaled(leaf: jax.Array, factor: Any) -> jax.Array:
    wide = _wide(leaf.dtype)
    return (leaf.astype(wide) * jnp.asarray(factor).astype(wide)).astype(leaf.dtype)


# ---- centring


def centred(leaf: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """Returns `leaf` less its mean over `axes`, which are ascending and not negative; shape and dtype stay.

    The mean is accumulated and subtracted in float32 at least, with one rounding at the end. Where `axes` are
    neighbours and the backend is the CPU, the sum is one that XLA fuses with what makes `leaf`, so that neither that
    nor the result need be held in memory.

    >>> centred(jnp.array([[1.0, 2.0, 6.0]]), (1,)).tolist()
    [[-2.0, -1.0, 3.0]]
    """
    wide = leaf.astype(_wide(leaf.dtype))
    if jax.default_backend() != "cpu" or not _is_fusable(leaf, axes):
        return (wide - jnp.mean(wide, axis=axes, keepdims=True)).astype(leaf.dtype)
    return _centred(wide, axes).astype(leaf.dtype)


def _is_fusable(leaf: jax.Array, axes: tuple[int, ...]) -> bool:
    neighbours = axes == tuple(range(axes[0], axes[0] + len(axes)))
    return neighbours and leaf.size > 0 and jnp.issubdtype(leaf.dtype, jnp.floating)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _centred(leaf: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """Returns what `centred` does, fused; it is linear, so that its derivative is itself, in the plain form."""
    split = _split(leaf.shape, axes)
    mean = _sum(leaf.reshape(split)) * (1.0 / split.averaged)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(leaf.shape))
    return leaf - mean.reshape(kept)


@_centred.defjvp
def _centred_jvp(axes: tuple[int, ...], primals: Any, tangents: Any) -> Any:
    (leaf,), (tangent,) = primals, tangents
    return _centred(leaf, axes), tangent - jnp.mean(tangent, axis=axes, keepdims=True)


class _Split(NamedTuple):
    """A shape as three sizes: before the averaged axes, those, and after them."""

    before: int
    averaged: int
    after: int


def _split(shape: tuple[int, ...], axes: tuple[int, ...]) -> _Split:
    first, last = axes[0], axes[-1] + 1
    return _Split(math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:]))


def _sum(array: jax.Array) -> jax.Array:
    """Returns the sum over the middle of three axes, in blocks, and blocks of blocks."""
    before, length, after = array.shape
    limit = _IN_ORDER if after == 1 else _STACK
    if length <= limit:
        return _fused_sum(array)
    block = _block(length, limit)
    blocks, rest = divmod(length, block)
    head = array if rest == 0 else array[:, : blocks * block]
    sums = _sum(_fused_sum(head.reshape(before * blocks, block, after)).reshape(before, blocks, after))
    return sums if rest == 0 else sums + _fused_sum(array[:, blocks * block :])


def _block(length: int, limit: int) -> int:
    """Returns the largest size up to `limit` that divides `length`, or `limit` where that is much smaller."""
    exact = next(size for size in range(limit, 0, -1) if length % size == 0)
    return exact if 4 * exact >= limit else limit


def _fused_sum(array: jax.Array) -> jax.Array:
    """Returns the sum over axis 1. A reduction with two outputs is none that XLA gives to a library."""
    never = jax.lax.full(array.shape, False)
    total, failed = jax.lax.reduce((array, never), (array.dtype.type(0), False), _add_or, (1,))
    return jax.lax.select(failed, jax.lax.full_like(total, math.nan), total)


def _add_or(left: tuple[Any, Any], right: tuple[Any, Any]) -> tuple[Any, Any]:
    return left[0] + right[0], left[1] | right[1]


def _wide(dtype: Any) -> Any:
    """Returns a dtype of at least 32 bits."""
    return jnp.promote_types(dtype, jnp.float32)
