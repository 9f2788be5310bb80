"""Leaves grouped by kind: the same updates and states to the bit, and fewer operations to trace."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from optdsl.backend.centralize import centralize
from optdsl.backend.grouped import grouped

PyTree = Any


def leaf(seed: int, *shape: int, dtype: Any = jnp.float32) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape).astype(dtype)


def blocks(count: int, **dtype: Any) -> list[dict[str, jax.Array]]:
    return [{"w": leaf(2 * i, 4, 3, **dtype), "b": leaf(2 * i + 1, 3, **dtype)} for i in range(count)]


def equinox_like() -> PyTree:
    return {"layers": tuple((block["w"], None, block["b"]) for block in blocks(5)), "scale": leaf(99)}


TREES: dict[str, Callable[[], PyTree]] = {
    "equal blocks": lambda: blocks(10),
    "nested, with None and a scalar": equinox_like,
    "bfloat16": lambda: blocks(6, dtype=jnp.bfloat16),
    "two dtypes": lambda: (blocks(5), blocks(5, dtype=jnp.bfloat16)),
    "one of a kind": lambda: [leaf(i, i + 1) for i in range(20)],
    "a single array": lambda: leaf(0, 5),
}
TRANSFORMS: dict[str, Callable[[], optax.GradientTransformation]] = {
    "adamw": lambda: optax.adamw(1e-2, weight_decay=0.1),
    "adam over time": lambda: optax.adam(optax.cosine_decay_schedule(1e-2, 10)),
    "momentum": lambda: optax.sgd(0.1, momentum=0.9, nesterov=True),
    "lion": lambda: optax.lion(1e-3),
    "adafactor": lambda: optax.adafactor(1e-2, min_dim_size_to_factor=3),
    "clip, centralize, adam": lambda: optax.chain(optax.clip(0.5), centralize(axes=-1), optax.adam(1e-3)),
    "block norm": lambda: optax.chain(optax.clip_by_block_rms(0.5), optax.scale_by_trust_ratio()),
    "mu in bfloat16": lambda: optax.adam(1e-3, mu_dtype=jnp.bfloat16),
}


def three_steps(tx: optax.GradientTransformation, params: PyTree) -> PyTree:
    update = jax.jit(tx.update)
    state = tx.init(params)
    for _ in range(3):
        updates, state = update(params, state, params)
        params = optax.apply_updates(params, updates)
    return params, state


def assert_same(one: PyTree, other: PyTree) -> None:
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert (left.dtype, left.weak_type) == (right.dtype, right.weak_type)
        np.testing.assert_array_equal(left, right)


def operations(function: Callable[..., Any], *given: Any) -> int:
    return len(jax.make_jaxpr(function)(*given).jaxpr.eqns)


@pytest.mark.parametrize(
    ("name", "tree"),
    [*((name, "equal blocks") for name in TRANSFORMS if name != "adamw"), *(("adamw", tree) for tree in TREES)],
)
def test_grouping_changes_no_bit(name: str, tree: str) -> None:
    params, tx = TREES[tree](), TRANSFORMS[name]()
    assert_same(three_steps(grouped(tx, few=2), params), three_steps(tx, params))


@pytest.mark.parametrize("name", ["adamw", "momentum", "lion"])
def test_one_operation_is_left_for_each_leaf(name: str) -> None:
    params, tx = blocks(50), TRANSFORMS[name]()
    state = tx.init(params)
    assert operations(tx.update, params, state, params) > 3 * 100
    assert operations(grouped(tx).update, params, state, params) < 100 + 40


def test_what_leaves_share_is_computed_once() -> None:
    tx, params = grouped(optax.scale_by_adam()), blocks(50)
    traced = jax.make_jaxpr(tx.update)(params, tx.init(params))
    powers = [operation for operation in traced.jaxpr.eqns if operation.primitive.name == "pow"]
    assert len(powers) == 4, "two bias corrections for each of two kinds"
    inner = [operation.params["jaxpr"].jaxpr for operation in traced.jaxpr.eqns if "jaxpr" in operation.params]
    assert not any(operation.primitive.name == "pow" for jaxpr in inner for operation in jaxpr.eqns)


def test_a_state_that_a_leaf_alone_would_not_have_is_left_alone() -> None:
    params = blocks(6)
    mask = [{"w": True, "b": False}] * 6
    tx = optax.masked(optax.adam(1e-2), mask)
    assert_same(three_steps(grouped(tx, few=2), params), three_steps(tx, params))


def test_outside_of_a_trace_nothing_is_compiled_anew() -> None:
    params = blocks(10)
    tx = grouped(optax.sgd(0.1, momentum=0.9))
    state = tx.init(params)
    tx.update(params, state)
    seen: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, duration_secs, **kwargs: seen.append(event))
    try:
        tx.update(params, state)
    finally:
        jax.monitoring.clear_event_listeners()
    assert not [name for name in seen if "compile" in name]


def test_extra_arguments_and_numbers_that_are_traced() -> None:
    def stage(rate: jax.Array) -> optax.GradientTransformationExtraArgs:
        def update(updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> Any:
            return jax.tree.map(lambda one: one * (rate * extra["factor"]), updates), state

        return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)

    @jax.jit
    def run(rate: jax.Array, factor: jax.Array, updates: PyTree) -> PyTree:
        return grouped(stage(rate)).update(updates, optax.EmptyState(), factor=factor)[0]

    params = blocks(10)
    assert_same(run(jnp.float32(0.5), jnp.float32(4.0), params), jax.tree.map(lambda one: one * 2, params))


def test_vmap_and_grad_go_through() -> None:
    params = blocks(10)
    gradients = blocks(10)

    def total(rate: jax.Array, wrap: Callable[[Any], Any]) -> Any:
        tx = wrap(optax.adam(rate))
        updates, _ = tx.update(gradients, tx.init(params), params)
        return sum(jnp.sum(one**2) for one in jax.tree.leaves(updates))

    rates = jnp.array([0.1, 0.2])
    slopes = [jax.vmap(jax.grad(lambda rate: total(rate, wrap)))(rates) for wrap in (grouped, lambda tx: tx)]  # noqa: B023
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-6)
    assert float(slopes[0][0]) != 0.0
