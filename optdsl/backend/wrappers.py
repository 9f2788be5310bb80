"""Transforms of our own that wrap others: accumulation, averaging, live numbers, values and stages over time.

Each is a plain Optax transform with a NamedTuple as state. What a program is, is not known here.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

PyTree = Any
Transform = optax.GradientTransformationExtraArgs
_LIVE: ContextVar[Mapping[str, Any]] = ContextVar("live numbers", default=MappingProxyType({}))


# ---- accumulate


class AccumulateState(NamedTuple):
    """The micro-step, shape () int32; sums of gradients and of numeric extra arguments; the inner state."""

    mini_step: jax.Array
    sums: PyTree
    extras: dict[str, jax.Array]
    inner: PyTree


def accumulate(inner: Transform, k: int, averaged: tuple[str, ...] = ()) -> Transform:
    """Returns a transform that gives `inner` the mean of `k` gradients, once per `k` calls, and zeros in between.

    Sums are float32 at least. The extra arguments named in `averaged` reach `inner` as their mean, the others as
    they come with the last gradient. Numerically `optax.MultiSteps(inner, k)`.
    """

    def init(params: PyTree) -> AccumulateState:
        sums = jax.tree.map(lambda leaf: jnp.zeros_like(leaf, dtype=_wide(leaf.dtype)), params)
        zero = {name: jnp.zeros((), jnp.float32) for name in averaged}
        return AccumulateState(jnp.zeros((), jnp.int32), sums, zero, inner.init(params))

    def update(updates: PyTree, state: Any, params: PyTree = None, **extra: Any) -> Any:
        sums = jax.tree.map(lambda total, leaf: total + leaf.astype(total.dtype), state.sums, updates)
        means = {name: state.extras[name] + extra[name] for name in averaged if name in extra}
        last = {name: value for name, value in extra.items() if name not in means}

        def emit() -> Any:
            mean = jax.tree.map(lambda total, leaf: (total / k).astype(leaf.dtype), sums, updates)
            averages = {name: total / k for name, total in means.items()}
            done, kept = inner.update(mean, state.inner, params, **averages, **last)
            zero = jax.tree.map(jnp.zeros_like, sums)
            return done, AccumulateState(jnp.zeros((), jnp.int32), zero, _zeros(state.extras), kept)

        def wait() -> Any:
            zero = jax.tree.map(lambda out: jnp.zeros(out.shape, out.dtype), jax.eval_shape(emit)[0])
            return zero, AccumulateState(state.mini_step + 1, sums, {**state.extras, **means}, state.inner)

        return jax.lax.cond(state.mini_step == k - 1, emit, wait)

    return Transform(init, update)


def _wide(dtype: Any) -> Any:
    return jnp.promote_types(dtype, jnp.float32) if jnp.issubdtype(dtype, jnp.inexact) else dtype


def _zeros(tree: PyTree) -> PyTree:
    return jax.tree.map(jnp.zeros_like, tree)


# ---- average


class AverageState(NamedTuple):
    """The average of the parameters, float32 at least."""

    average: PyTree


def average(decay: Any) -> Transform:
    """Returns a transform that passes updates through and averages the parameters they lead to.

    After each update the average becomes `decay * average + (1 - decay) * (params + update)`; it starts at the
    initial parameters.
    """

    def init(params: PyTree) -> AverageState:
        return AverageState(jax.tree.map(lambda leaf: jnp.asarray(leaf, _wide(leaf.dtype)), params))

    def update(updates: PyTree, state: Any, params: PyTree = None, **extra: Any) -> Any:
        del extra
        if params is None:
            raise ValueError("average needs the parameters: pass `params` to `update`")
        new = optax.apply_updates(params, updates)
        mixed = jax.tree.map(lambda mean, leaf: decay * mean + (1 - decay) * leaf, state.average, new)
        return updates, AverageState(jax.tree.map(lambda mean, old: mean.astype(old.dtype), mixed, state.average))

    return Transform(init, update)


# ---- time


class ScheduledState(NamedTuple):
    """The number of updates done, shape () int32, and the state of the stage."""

    count: jax.Array
    inner: PyTree


def rebuilt(make: Callable[[Any, Mapping[str, Any]], Transform]) -> Transform:
    """Returns the stage that `make(count, live)` builds, built again at each update with the numbers it has then."""

    def init(params: PyTree) -> ScheduledState:
        return ScheduledState(jnp.zeros((), jnp.int32), make(jnp.zeros((), jnp.int32), _LIVE.get()).init(params))

    def update(updates: PyTree, state: Any, params: PyTree = None, **extra: Any) -> Any:
        stage = make(state.count, _LIVE.get())
        done, inner = stage.update(updates, state.inner, params, **extra)
        return done, ScheduledState(jnp.asarray(optax.safe_increment(state.count)), inner)

    return Transform(init, update)


def at_times(inner: Transform, holds: Callable[[Any, Mapping[str, Any]], Any]) -> Transform:
    """Returns `inner` for the updates at which `holds(count, live)`; at others updates pass, and its state is kept."""

    def init(params: PyTree) -> ScheduledState:
        return ScheduledState(jnp.zeros((), jnp.int32), inner.init(params))

    def update(updates: PyTree, state: Any, params: PyTree = None, **extra: Any) -> Any:
        def run() -> Any:
            return inner.update(updates, state.inner, params, **extra)

        def wait() -> Any:
            out = jax.eval_shape(run)[0]
            return jax.tree.map(lambda leaf, like: leaf.astype(like.dtype), updates, out), state.inner

        done, kept = jax.lax.cond(holds(state.count, _LIVE.get()), run, wait)
        return done, ScheduledState(jnp.asarray(optax.safe_increment(state.count)), kept)

    return Transform(init, update)


# ---- live numbers


class LiveState(NamedTuple):
    """Live numbers by name, each float32 of shape (), and the state of the program."""

    live: dict[str, jax.Array]
    inner: PyTree


def with_live(inner: Transform, initial: Mapping[str, Any]) -> Transform:
    """Returns `inner` with live numbers in front of its state; stages inside read them at each update."""

    def init(params: PyTree) -> LiveState:
        live = {name: jnp.asarray(number, jnp.float32) for name, number in initial.items()}
        with _lent(live):
            return LiveState(live, inner.init(params))

    def update(updates: PyTree, state: Any, params: PyTree = None, **extra: Any) -> Any:
        with _lent(state.live):
            done, kept = inner.update(updates, state.inner, params, **extra)
        return done, LiveState(state.live, kept)

    return Transform(init, update)


class _lent:  # noqa: N801 - reads as a word in `with`
    """Lends live numbers to the stages that are run inside a `with`."""

    def __init__(self, live: Mapping[str, Any]) -> None:
        self.live = live

    def __enter__(self) -> None:
        self.token = _LIVE.set(self.live)

    def __exit__(self, *exception: object) -> None:
        _LIVE.reset(self.token)


# ---- freezing


def frozen(inner: Transform, trained: Callable[[PyTree], PyTree]) -> Transform:
    """Returns `inner` for the leaves where the tree from `trained` says true; the others get zeros, and no state."""
    return optax.partition({True: inner, False: optax.set_to_zero()}, trained)
