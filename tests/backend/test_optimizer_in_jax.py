"""An `Optimizer` under jax's transformations, inside Optax's, and compiled from what the host puts into holes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_model import GRADS, MAIN, PARAMS, assert_close, assert_same, compiled, halved

from optdsl import OptdslError

# ---- under jax's transformations


def test_update_under_jit_and_grad() -> None:
    optimizer = compiled(MAIN)
    state = optimizer.init(PARAMS)
    wanted = optimizer.update(GRADS, state, PARAMS)
    assert_close(jax.jit(optimizer.update)(GRADS, state, PARAMS), wanted)

    def size(grads: Any) -> Any:
        updates, _ = optimizer.update(grads, state, PARAMS)
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(updates))

    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(jax.grad(size)(GRADS)))
    plain = compiled("sgd(0.1)")
    slope = jax.grad(lambda grads: jnp.sum(plain.update(grads, plain.init(PARAMS), PARAMS)[0]["b"]))(GRADS)
    assert_close(slope["b"], jnp.full((2,), -0.1))


def test_update_under_vmap() -> None:
    optimizer = compiled(MAIN)
    many = jax.tree.map(lambda leaf: jnp.stack([leaf, -2 * leaf, 0.1 * leaf]), GRADS)
    states = jax.vmap(lambda _: optimizer.init(PARAMS))(jnp.arange(3))
    updates, states = jax.vmap(optimizer.update, in_axes=(0, 0, None))(many, states, PARAMS)
    for i in range(3):
        one = jax.tree.map(lambda leaf, i=i: leaf[i], many)
        wanted, state = optimizer.update(one, optimizer.init(PARAMS), PARAMS)
        assert_close(jax.tree.map(lambda leaf, i=i: leaf[i], (updates, states)), (wanted, state))


@pytest.mark.parametrize("text", [MAIN, "sgd(linear_schedule(0.1, 0, 4))", "reduce_on_plateau | prodigy"])
def test_update_under_scan(text: str) -> None:
    """The state keeps its types, which `scan` insists on."""
    optimizer = compiled(text)
    extra = {"value": jnp.float32(1.0)} if optimizer.needs else {}

    def body(carry: Any, scale: Any) -> Any:
        params, state = carry
        grads = jax.tree.map(lambda leaf: scale * leaf, GRADS)
        updates, state = optimizer.update(grads, state, params, **extra)
        return (optax.apply_updates(params, updates), state), None

    scales = jnp.array([1.0, 0.5, 2.0])
    (params, _), _ = jax.lax.scan(body, (PARAMS, optimizer.init(PARAMS)), scales)
    wanted, state = PARAMS, optimizer.init(PARAMS)
    for scale in scales:
        (wanted, state), _ = body((wanted, state), scale)
    assert_close(params, wanted)


def test_inside_transforms_of_optax() -> None:
    optimizer, reference = compiled("clip(0.5) | adam(0.1)"), optax.chain(optax.clip(0.5), optax.adam(0.1))
    wrapped = (
        lambda tx: optax.chain(tx, optax.scale(0.5)),
        lambda tx: optax.apply_if_finite(tx, 3),
        lambda tx: optax.masked(tx, {"w": True, "b": False}),
        lambda tx: optax.partition({"a": tx, "b": optax.sgd(0.1)}, {"w": "a", "b": "b"}),
    )
    for wrap in wrapped:
        tx, wanted = wrap(optimizer), wrap(reference)
        state, theirs = tx.init(PARAMS), wanted.init(PARAMS)
        assert jax.tree.structure(state) == jax.tree.structure(theirs)
        assert_close(tx.update(GRADS, state, PARAMS), wanted.update(GRADS, theirs, PARAMS))


def test_it_is_a_transform_with_extra_arguments() -> None:
    optimizer = compiled(MAIN)
    assert issubclass(type(optimizer), optax.GradientTransformationExtraArgs)
    init, update = optimizer
    assert_same(update(GRADS, init(PARAMS), PARAMS), optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS))
    assert type(optimizer.tx) is optax.GradientTransformationExtraArgs
    plain = optimizer.tx.update(GRADS, optimizer.tx.init(PARAMS), PARAMS)
    assert_close(plain, optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS))


# ---- holes


def test_a_transform_in_a_hole_is_a_stage() -> None:
    tx = optax.trace(0.9)
    optimizer = compiled("clip(0.5) | :momentum | lr(0.1)", momentum=tx)
    reference = optax.chain(optax.clip(0.5), tx, optax.scale_by_learning_rate(0.1))
    state, theirs = optimizer.init(PARAMS), reference.init(PARAMS)
    for _ in range(2):
        updates, state = optimizer.update(GRADS, state, PARAMS)
        wanted, theirs = jax.jit(reference.update)(GRADS, theirs, PARAMS)
        assert_same((updates, state), (wanted, theirs))


def test_a_transform_in_a_hole_may_be_the_whole_program_or_inside_a_block() -> None:
    tx = optax.sgd(0.1, momentum=0.9)
    for text, reference in [(":tx", tx), ("apply_if_finite(3) { :tx }", optax.apply_if_finite(tx, 3))]:
        optimizer = compiled(text, tx=tx)
        assert jax.tree.structure(optimizer.init(PARAMS)) == jax.tree.structure(reference.init(PARAMS))
        wanted = jax.jit(reference.update)(GRADS, reference.init(PARAMS), PARAMS)
        assert_same(optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS), wanted)


def test_a_function_in_a_hole_is_what_the_slot_makes_of_it() -> None:
    def rate(step: Any) -> Any:
        return 0.1 / (1 + step)

    scheduled, reference = compiled("sgd(:rate)", rate=rate), optax.sgd(rate)
    assert_same(
        scheduled.update(GRADS, scheduled.init(PARAMS), PARAMS),
        jax.jit(reference.update)(GRADS, reference.init(PARAMS), PARAMS),
    )
    stateless = compiled("stateless(:f) | sgd(0.1)", f=halved)
    wanted = jax.tree.map(lambda leaf: -0.1 * (0.5 * leaf), GRADS)
    assert_same(stateless.update(GRADS, stateless.init(PARAMS), PARAMS)[0], wanted)


def test_a_number_in_a_hole_may_be_a_tracer() -> None:
    def updates(rate: Any, b1: Any) -> Any:
        optimizer = compiled("adam(:rate, b1=:b1)", rate=rate, b1=b1)
        return optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)[0]

    assert_close(jax.jit(updates)(0.1, 0.8), updates(0.1, 0.8))
    many = jax.vmap(updates)(jnp.array([0.1, 0.2]), jnp.array([0.8, 0.7]))
    assert_close(jax.tree.map(lambda leaf: leaf[1], many), updates(0.2, 0.7))


def test_the_gradient_by_a_number_in_a_hole() -> None:
    def moved(rate: Any) -> Any:
        optimizer = compiled("clip(0.5) | sgd(:rate)", rate=rate)
        params, _ = optimizer.step(PARAMS, optimizer.init(PARAMS), GRADS, donate=False)
        return jnp.sum(params["w"] ** 2)

    slope = jnp.sum(2 * (PARAMS["w"] - 0.1 * GRADS["w"]) * -GRADS["w"])
    assert float(jax.grad(moved)(0.1)) == pytest.approx(float(slope), rel=1e-5)


def test_a_tracer_is_gone_when_its_function_is() -> None:
    @jax.jit
    def updates(rate: Any) -> Any:
        optimizer = compiled("sgd(:rate)", rate=rate)
        return optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)[0]

    with jax.checking_leaks():
        assert_close(updates(0.1)["b"], -0.1 * GRADS["b"])


@pytest.mark.parametrize("text", ["adam(0.1, b1=:x)", "scale(:x)", "sgd(:x, momentum=:x)"])
def test_a_number_in_a_hole_widens_no_dtype(text: str) -> None:
    half = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), PARAMS)

    @jax.jit
    def outcome(x: Any) -> Any:
        optimizer = compiled(text, x=x)
        return optimizer.update(half, optimizer.init(half), half)

    optimizer = compiled(text, x=0.5)
    got, wanted = outcome(jnp.float32(0.5)), optimizer.update(half, optimizer.init(half), half)
    assert jax.tree.map(lambda leaf: leaf.dtype, got) == jax.tree.map(lambda leaf: leaf.dtype, wanted)


@pytest.mark.parametrize("given", [np.float64(0.25), np.float32(0.25), np.asarray(0.25), jnp.float32(0.25)])
def test_a_number_of_numpy_is_a_number(given: Any) -> None:
    half = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), PARAMS)
    optimizer, written = compiled("sgd(0.1, momentum=:x)", x=given), compiled("sgd(0.1, momentum=0.25)")
    assert optimizer == written
    assert str(optimizer) == "sgd(0.1, momentum=0.25)"
    assert optimizer.fingerprint == written.fingerprint
    assert type(optimizer.hyperparams["sgd.momentum"]) is float
    updates, _ = optimizer.update(half, optimizer.init(half), half)
    assert {leaf.dtype for leaf in jax.tree.leaves(updates)} == {jnp.dtype(jnp.bfloat16)}


def test_a_switch_of_numpy_is_a_switch() -> None:
    assert compiled("sgd(0.1, nesterov=:on)", on=np.True_) == compiled("sgd(0.1, nesterov=true)")
    assert compiled("apply_every(:k)", k=np.int64(3)) == compiled("apply_every(3)")


def test_a_key_in_a_hole() -> None:
    for key in (jax.random.key(3), 3):
        optimizer = compiled("add_noise(0.1, 0.55, key=:key) | sgd(0.1)", key=key)
        reference = optax.chain(optax.add_noise(0.1, 0.55, key=key), optax.sgd(0.1))
        got, _ = optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)
        wanted, _ = jax.jit(reference.update)(GRADS, reference.init(PARAMS), PARAMS)
        assert_same(got, wanted)


# ---- errors


@pytest.mark.parametrize(
    ("text", "holes", "code"),
    [
        ("clip(1.0) | adm(1e-3)", {}, "E2"),
        ("adam(1e-3", {}, "E1"),
        ("", {}, "E1"),
        ("adam(:rate)", {}, "E205"),
        ("adam(1e-3)", {"rate": 1.0}, "E206"),
        ("adam(:rate)", {"rate": "fast"}, "E221"),
        ("adam(:rate)", {"rate": object()}, "E221"),
        ("adam(:rate)", {"rate": -1.0}, "E222"),
        ("scale(:x)", {"x": float("nan")}, "E2"),
        ("adam(:rate)", {"rate": jax.random.key(0)}, "E221"),
        ("adam(:rate)", {"rate": optax.sgd(0.1)}, "E221"),
        (":tx | sgd(0.1)", {"tx": 3}, "E221"),
        ("adam(1 / 0)", {}, "E231"),
    ],
)
def test_errors_are_findings_and_nothing_else(text: str, holes: dict[str, Any], code: str) -> None:
    with pytest.raises(OptdslError) as error:
        compiled(text, **holes)
    assert all(finding.code.startswith(code) for finding in error.value.diagnostics)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    assert "Traceback" not in str(error.value)


def test_a_program_that_does_not_fit_says_so_at_init() -> None:
    optimizer = compiled("centralize(axes=3) | sgd(0.1)")
    with pytest.raises(OptdslError) as error:
        optimizer.init(PARAMS)
    assert [finding.code for finding in error.value.diagnostics] == ["E403"]
    assert error.value.__context__ is None
    assert "centralize(axes=3)" in str(error.value)
