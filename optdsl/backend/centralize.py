"""Gradient centralization (Yong et al. 2020, arXiv 2004.01461): plain numbers -> a stateless Optax transform.

Every unit loses the mean of its own gradient. Which stages stand around it, and what a program is, is not
known here. Axes count the axes that are not stacked: axis 0 is the first of those.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from optdsl.backend import kernels
from optdsl.backend.paths import (
    PyTree,
    Stacked,
    StackedGlobs,
    compile_stacked,
    map_with_path,
    stacked_axes,
)

Axes = int | tuple[int, ...] | Literal["fan_in", "all"] | None
Layout = Literal["flax", "torch"]
MeshNames = str | tuple[str, ...]
AxisName = Mapping[int, MeshNames] | tuple[tuple[int, MeshNames], ...] | None
NamesByAxis = dict[int, tuple[str, ...]]
Updated = tuple[PyTree, optax.OptState]


class AxesProblem(NamedTuple):
    """An axis that a selected leaf does not have; the first `stacked` axes of its shape are not counted."""

    path: str
    shape: tuple[int, ...]
    axis: int
    stacked: int = 0

    def __str__(self) -> str:
        uncounted = f", {self.stacked} of it stacked" if self.stacked else ""
        leaf = f"leaf {self.path or 'at the root'} of shape {self.shape}{uncounted}"
        return f"centralize: axis {self.axis} is out of range for {leaf}"


class AxesError(ValueError):
    """Raised while updating when an axis is out of range; `problem` says where."""

    def __init__(self, problem: AxesProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Spec(NamedTuple):
    """The parameters of one stage; `names` has the mesh axes of each split array axis, as the host counts."""

    axes: Axes
    min_ndim: int
    names: tuple[tuple[int, tuple[str, ...]], ...]
    sparse_rows: bool
    layout: Layout
    stacked: StackedGlobs
    fused: bool = False


def centralize(
    axes: Axes = None,
    min_ndim: int = 2,
    axis_name: AxisName = None,
    sparse_rows: bool = False,
    *,
    layout: Layout = "flax",
    stacked: Stacked = (),
    fused: bool = False,
) -> optax.GradientTransformation:
    """Returns the transform `g - mean(g, axes)`, leaf by leaf, with an empty state.

    `axes` are all but the first (None, as in `optax.centralize`), those given, the axes of incoming weights
    under `layout` ("fan_in"), or "all". `axis_name` says over which mesh axes an array axis is split inside
    `shard_map` or `pmap`; a leaf without that axis is not split. `sparse_rows` averages over the rows (indices
    of axis 0) that are not all zero; a single such row becomes zero. `stacked` maps globs to leading axes that
    are never averaged. `fused` takes plain means in an order that XLA fuses with what is around. Shapes and
    dtypes stay. Updating raises `AxesError` for an axis that a leaf has not, and `ValueError` for a mesh axis
    that is not there.

    >>> centralize(axes=-1).update(jnp.array([[1.0, 2.0, 6.0]]), optax.EmptyState())[0].tolist()
    [[-2.0, -1.0, 3.0]]
    """
    if layout not in ("flax", "torch"):
        raise ValueError(f"centralize: layout is 'flax' or 'torch', not {layout!r}")
    if isinstance(axes, str) and axes not in ("fan_in", "all"):
        raise ValueError(f"centralize: axes as a word is 'fan_in' or 'all', not {axes!r}")
    spec = Spec(axes, min_ndim, _normal_names(axis_name), sparse_rows, layout, compile_stacked(stacked), fused)

    def update(updates: PyTree, state: optax.OptState, params: PyTree = None) -> Updated:
        del params
        return map_with_path(lambda path, leaf: _centre(path, leaf, spec), updates), state

    return optax.GradientTransformation(optax.init_empty_state, update)


def averaged_axes(axes: Axes, ndim: int, *, layout: Layout = "flax", stacked: int = 0) -> tuple[int, ...]:
    """Returns the array axes to average over, ascending and once each; every given axis must be in range.

    >>> averaged_axes("fan_in", 3, stacked=1), averaged_axes((0, -2), 2)
    ((1,), (0,))
    """
    own = tuple(range(stacked, ndim))
    if axes is None or (axes == "fan_in" and layout == "torch"):
        return own[1:]
    if axes == "fan_in":
        return own[:-1]
    if axes == "all":
        return own
    return tuple(sorted({own[axis] for axis in _given(axes)}))


def _array(leaf: Any) -> Any:
    """Returns `leaf`, or the array that a plain number stands for."""
    return leaf if hasattr(leaf, "dtype") else jnp.asarray(leaf)


def _check_axes(path: str, leaf: Any, axes: Axes, stacked: int) -> None:
    """Raises `AxesError` for the first of `axes` that a selected leaf has not."""
    own = leaf.ndim - stacked
    axis = next((axis for axis in _given(axes) if not -own <= axis < own), None)
    if axis is not None:
        raise AxesError(AxesProblem(path, tuple(leaf.shape), axis, stacked))


def _given(axes: Axes) -> tuple[int, ...]:
    """Returns the axes that were given as numbers."""
    if axes is None or isinstance(axes, str):
        return ()
    return (axes,) if isinstance(axes, int) else tuple(axes)


def _is_selected(leaf: Any, stacked: int, min_ndim: int) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.inexact)) and leaf.ndim - stacked >= min_ndim


def _normal_names(axis_name: AxisName) -> tuple[tuple[int, tuple[str, ...]], ...]:
    pairs = axis_name.items() if isinstance(axis_name, Mapping) else axis_name or ()
    return tuple((axis, (names,) if isinstance(names, str) else tuple(names)) for axis, names in pairs)


def _centre(path: str, leaf: Any, spec: Spec) -> Any:
    """Returns one leaf of the updates, centred or as it is."""
    leaf = _array(leaf)
    stacked = stacked_axes(path, leaf.ndim, spec.stacked)
    if not _is_selected(leaf, stacked, spec.min_ndim):
        return leaf
    _check_axes(path, leaf, spec.axes, stacked)
    axes = averaged_axes(spec.axes, leaf.ndim, layout=spec.layout, stacked=stacked)
    names = _names_by_axis(spec.names, leaf.ndim, stacked)
    if _entries(leaf.shape, axes, names) <= 1:
        return leaf
    if spec.fused and not spec.sparse_rows and not _mesh_axes(axes, names):
        return kernels.centred(leaf, axes)
    wide = leaf.astype(jnp.float32) if jnp.finfo(leaf.dtype).bits < 32 else leaf
    if spec.sparse_rows and stacked in axes:
        return _subtract_mean_of_live_rows(wide, axes, names, row_axis=stacked).astype(leaf.dtype)
    return (wide - _mean(wide, axes, names)).astype(leaf.dtype)


def _names_by_axis(names: tuple[tuple[int, tuple[str, ...]], ...], ndim: int, stacked: int) -> NamesByAxis:
    """Returns array axis -> mesh axes; what is said of an axis that the leaf has not does not concern it."""
    own = ndim - stacked
    within = ((stacked + axis % own, split) for axis, split in names if -own <= axis < own)
    found: NamesByAxis = {}
    for axis, split in within:
        found[axis] = tuple(dict.fromkeys((*found.get(axis, ()), *split)))
    return found


def _mesh_axes(axes: Iterable[int], names: NamesByAxis) -> tuple[str, ...]:
    """Returns the mesh axes over which any of the array `axes` is split, once each."""
    return tuple(dict.fromkeys(name for axis in axes for name in names.get(axis, ())))


def _entries(shape: tuple[int, ...], axes: Iterable[int], names: NamesByAxis) -> int:
    """Returns how many entries `axes` hold on all devices together."""
    axes = tuple(axes)
    local = math.prod(shape[axis] for axis in axes)
    return local * math.prod(_mesh_size(name) for name in _mesh_axes(axes, names))


def _mesh_size(name: str) -> int:
    try:
        return jax.lax.axis_size(name)
    except NameError as error:
        advice = "axis_name is for shard_map and pmap; under plain jit leave it out"
        raise ValueError(f"centralize: there is no mesh axis '{name}' here; {advice}") from error


def _sum(array: jax.Array, axes: tuple[int, ...], names: NamesByAxis) -> jax.Array:
    """Returns the sum over `axes` on all devices together, those axes kept with one entry."""
    local = jnp.sum(array, axis=axes, keepdims=True)
    over = _mesh_axes(axes, names)
    return jax.lax.psum(local, over) if over else local


def _mean(array: jax.Array, axes: tuple[int, ...], names: NamesByAxis) -> jax.Array:
    if not _mesh_axes(axes, names):
        return jnp.mean(array, axis=axes, keepdims=True)
    return _sum(array, axes, names) / float(_entries(array.shape, axes, names))


def _subtract_mean_of_live_rows(
    array: jax.Array, axes: tuple[int, ...], names: NamesByAxis, *, row_axis: int
) -> jax.Array:
    """Returns `array` less the mean over its live rows, zero rows untouched; `axes` hold the row axis.

    A row is live when any of its entries, on whatever device, is not zero; NaN is not zero.
    """
    within_row = tuple(range(row_axis + 1, array.ndim))
    others = tuple(axis for axis in axes if axis != row_axis)
    live = _sum((array != 0).astype(jnp.int32), within_row, names) > 0
    rows = _sum(live.astype(jnp.int32), (row_axis,), names)
    entries = jnp.maximum(rows, 1).astype(array.real.dtype) * float(_entries(array.shape, others, names))
    return jnp.where(live, array - _sum(array, axes, names) / entries, array)
