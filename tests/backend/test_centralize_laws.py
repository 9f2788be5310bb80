"""The laws of centralization: what commutes with it, what keeps the zero mean, what breaks it."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optdsl.backend.centralize import Axes, averaged_axes, centralize

SPECS: list[tuple[Axes, tuple[int, ...]]] = [
    (None, (2, 3)),
    ("fan_in", (4, 3)),
    ("all", (3, 2)),
    ((0, -1), (2, 3, 2)),
    ("fan_in", (2, 1, 2, 3)),
]
NUMBERS = st.floats(-8, 8, width=16)
laws = settings(max_examples=60, deadline=None)


@cache
def centre(axes: Axes, sparse_rows: bool = False) -> Callable[[Any], jax.Array]:
    update = centralize(axes, sparse_rows=sparse_rows).update
    return jax.jit(lambda grads: update(grads, optax.EmptyState())[0])


def entries(shape: tuple[int, ...], elements: st.SearchStrategy[float] = NUMBERS) -> st.SearchStrategy[Any]:
    return arrays(np.float32, shape, elements=elements)


@st.composite
def gradients(draw: st.DrawFn) -> tuple[Axes, np.ndarray, np.ndarray]:
    axes, shape = draw(st.sampled_from(SPECS))
    return axes, draw(entries(shape)), draw(entries(shape))


def close(got: Any, want: Any, atol: float = 2e-5) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=atol)


@laws
@given(gradients(), NUMBERS, NUMBERS)
def test_linear(case: tuple[Axes, np.ndarray, np.ndarray], a: float, b: float) -> None:
    axes, g, h = case
    combined = centre(axes)(np.float32(a) * g + np.float32(b) * h)
    close(combined, a * centre(axes)(g) + b * centre(axes)(h), atol=2e-4)


@laws
@given(gradients())
def test_idempotent_with_zero_mean(case: tuple[Axes, np.ndarray, np.ndarray]) -> None:
    axes, g, _ = case
    once = centre(axes)(g)
    close(centre(axes)(once), once)
    close(np.mean(once, averaged_axes(axes, g.ndim)), 0)


@laws
@given(gradients())
def test_self_adjoint(case: tuple[Axes, np.ndarray, np.ndarray]) -> None:
    axes, g, h = case
    close(np.vdot(centre(axes)(g), h), np.vdot(g, centre(axes)(h)), atol=1e-3)


@laws
@given(gradients())
def test_takes_away_the_mean_and_nothing_else(case: tuple[Axes, np.ndarray, np.ndarray]) -> None:
    axes, g, _ = case
    mean = g.astype(np.float64).mean(averaged_axes(axes, g.ndim), keepdims=True)
    close(centre(axes)(g), g - mean)


@laws
@given(entries((5, 3), st.sampled_from([0.0, 1.0, -2.0, 0.5])), st.lists(st.booleans(), min_size=5, max_size=5))
def test_sparse_rows(g: np.ndarray, zero: list[bool]) -> None:
    g = np.where(np.array(zero)[:, None], 0, g)
    live = g.any(axis=1)
    once = np.asarray(centre(0, sparse_rows=True)(g))
    np.testing.assert_array_equal(once[~live], 0)
    close(once[live], g[live] - g[live].mean(axis=0) if live.any() else g[live])
    close(centre(0, sparse_rows=True)(once), once)


@laws
@given(entries((4, 3)))
def test_one_axis_after_the_other(g: np.ndarray) -> None:
    close(centre(0)(centre(1)(g)), centre(1)(centre(0)(g)))


def test_one_axis_after_the_other_is_not_both_together() -> None:
    g = np.array([[1.0, 2, 6], [-1, 0, 4]], np.float32)
    close(centre(1)(centre(0)(g)), 0)
    close(centre((0, 1))(g), [[-1, 0, 4], [-3, -2, 2]])


def sequence(seed: int) -> list[jax.Array]:
    generator = np.random.default_rng(seed)
    return [jnp.asarray(generator.standard_normal((4, 3)) + 0.3, jnp.float32) for _ in range(4)]


def updates(tx: optax.GradientTransformation, grads: list[jax.Array], params: jax.Array) -> list[jax.Array]:
    state, found = tx.init(params), []
    for each in grads:
        update, state = tx.update(each, state, params)
        found.append(update)
    return found


def accumulated(inner: optax.GradientTransformation) -> optax.GradientTransformation:
    multi = optax.MultiSteps(inner, 2)
    return optax.GradientTransformation(multi.init, multi.update)


FAN_IN = centralize("fan_in")

COMMUTING = {
    "scale": optax.scale(-0.3),
    "schedule": optax.scale_by_schedule(optax.linear_schedule(1.0, 0.1, 4)),
    "lr": optax.scale_by_learning_rate(0.1),
    "trace": optax.trace(0.9),
    "nesterov": optax.trace(0.9, nesterov=True),
    "ema": optax.ema(0.9),
    "accumulation": accumulated(optax.identity()),
}


@pytest.mark.parametrize("other", COMMUTING.values(), ids=COMMUTING.keys())
def test_commutes(other: optax.GradientTransformation) -> None:
    params = jnp.ones((4, 3))
    before = updates(optax.chain(FAN_IN, other), sequence(0), params)
    after = updates(optax.chain(other, FAN_IN), sequence(0), params)
    close(np.stack(before), np.stack(after), atol=2e-6)
    assert np.abs(np.stack(before)).max() > 1e-2


KEEPING = {
    "global norm": optax.clip_by_global_norm(0.5),
    "block rms": optax.clip_by_block_rms(0.1),
    "normalize": optax.normalize_by_update_norm(),
    "trust ratio": optax.scale_by_trust_ratio(),
}


@pytest.mark.parametrize("other", KEEPING.values(), ids=KEEPING.keys())
def test_zero_mean_is_kept(other: optax.GradientTransformation) -> None:
    found = np.stack(updates(optax.chain(FAN_IN, other), sequence(1), jnp.ones((4, 3))))
    close(found.mean(axis=1), 0, atol=1e-6)
    assert np.abs(found).max() > 1e-2


BREAKING = {
    "clip": optax.clip(0.3),
    "adam": optax.scale_by_adam(),
    "rms": optax.scale_by_rms(),
    "sign": optax.scale_by_sign(),
    "decay": optax.add_decayed_weights(0.1),
}


@pytest.mark.parametrize("other", BREAKING.values(), ids=BREAKING.keys())
def test_zero_mean_is_broken(other: optax.GradientTransformation) -> None:
    params = sequence(9)[0]
    before = np.stack(updates(optax.chain(FAN_IN, other), sequence(2), params))
    after = np.stack(updates(optax.chain(other, FAN_IN), sequence(2), params))
    assert np.abs(before.mean(axis=1)).max() > 1e-3
    close(after.mean(axis=1), 0, atol=2e-6)


@pytest.mark.parametrize("sparse_rows", [False, True])
def test_the_mean_over_replicas_commutes(sparse_rows: bool) -> None:
    """With sparse rows only where all replicas have the same live rows."""
    each = jnp.stack(sequence(3)[:2]).at[:, 2].set(0)
    centred = centralize(0, sparse_rows=sparse_rows).update
    one = jax.vmap(lambda g: jax.lax.pmean(centred(g, optax.EmptyState())[0], "data"), axis_name="data")(each)
    two = jax.vmap(lambda g: centred(jax.lax.pmean(g, "data"), optax.EmptyState())[0], axis_name="data")(each)
    close(one, two, atol=2e-6)
