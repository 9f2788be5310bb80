"""Extra arguments of `update`: each stage gets those that it declares, from `update`, `step` and `train_step`."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_model import GRADS, PARAMS, assert_same, compiled, fresh

from optdsl import OptdslError

TARGET = jnp.array([0.5, -0.5])


def loss(params: Any, target: Any = TARGET) -> jax.Array:
    return jnp.sum((params["w"] - target) ** 2) + jnp.sum(jnp.cos(params["b"]) ** 2)


def loss_with_aux(params: Any, target: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
    return loss(params, target), {"size": jnp.sum(params["b"] ** 2)}


def updates(tx: Any, **extra: Any) -> Any:
    return tx.update(GRADS, tx.init(PARAMS), PARAMS, **extra)[0]


def listening() -> Any:
    """Returns a transform whose `update` requires `loss`, may take `gain`, and multiplies by both."""

    def scaled(updates: Any, state: Any, params: Any = None, *, loss: Any, gain: Any = 1.0) -> Any:
        del params
        return jax.tree.map(lambda update: update * loss * gain, updates), state

    update: Any = scaled
    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)


def late(step: Any, *, loss: Any) -> Any:
    return loss > 1.0


# ---- what is needed


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("clip(1.0) | adam(1e-3)", set()),
        ("polyak_sgd(0.5)", {"value"}),
        ("clip(1.0) | apply_if_finite(3) { polyak_sgd(0.5) }", {"value"}),
        ("lbfgs", {"value", "grad", "value_fn"}),
        ("lbfgs(0.1, linesearch=identity)", {"value", "grad", "value_fn"}),
        ("sophia(0.1)", {"obj_fn"}),
        ("reduce_on_plateau | sgd(0.1)", {"value"}),
        ("sam(sgd(0.1), sgd(0.1))", set()),
        ("sam(sgd(0.1), sgd(0.1), opaque_mode=true)", {"grad_fn"}),
        ("conditionally_mask(:late) { sgd(0.1) }", set()),
        ("conditionally_mask(:late, forward_extra_args=true) { sgd(0.1) }", {"loss"}),
        (":listening | sgd(0.1)", {"loss"}),
    ],
)
def test_needs(text: str, needs: set[str]) -> None:
    host = {"late": late, "listening": listening()}
    assert compiled(text, **{name: value for name, value in host.items() if f":{name}" in text}).needs == needs


def test_needs_of_an_optimizer_in_a_hole() -> None:
    inner = compiled(":tx | polyak_sgd(0.5)", tx=listening())
    outer = compiled("clip(1.0) | :inner", inner=inner)
    assert outer.needs == {"loss", "value"}
    # What the inner one may take, and need not, reaches it as well.
    got = updates(outer, loss=2.0, gain=3.0, value=1.0)
    assert_same(got, updates(inner, loss=2.0, gain=3.0, value=1.0))
    assert not np.array_equal(got["b"], updates(inner, loss=2.0, value=1.0)["b"])


# ---- update


def test_update_ignores_what_no_stage_takes() -> None:
    optimizer = compiled("clip(1.0) | sgd(0.1)")
    assert_same(updates(optimizer, value=1.0, junk="text"), updates(optimizer))


def test_each_stage_gets_what_it_declares() -> None:
    """A line search raises on keywords that it does not know, and here two other stages need some."""
    text = ":tx | reduce_on_plateau | scale_by_backtracking_linesearch(5)"
    optimizer = compiled(text, tx=listening())
    extra = {"value": loss(PARAMS), "grad": GRADS, "value_fn": loss}
    got = updates(optimizer, loss=-0.5, junk=1, **extra)
    search = optax.chain(optax.scale(-0.5), optax.scale_by_backtracking_linesearch(5))
    assert_same(got, updates(search, **extra))


def test_a_line_search_hands_keywords_on_to_its_function() -> None:
    target = 2 * TARGET
    extra = {"value": loss(PARAMS, target), "grad": GRADS, "value_fn": loss, "target": target}
    optimizer, reference = compiled("lbfgs"), optax.lbfgs()
    wanted = updates(reference, **extra)
    assert_same(updates(optimizer, **extra, junk=1), wanted)
    state = optimizer.init(PARAMS)
    assert_same(optimizer.step(PARAMS, state, GRADS, **extra, donate=False)[0], optax.apply_updates(PARAMS, wanted))


def test_optax_hands_extra_arguments_through() -> None:
    optimizer = compiled("polyak_sgd(0.5)")
    tx = optax.chain(optax.clip(0.5), optimizer)
    reference = optax.chain(optax.clip(0.5), optax.polyak_sgd(0.5))
    assert_same(updates(tx, value=2.0), updates(reference, value=2.0))


def test_a_condition_gets_what_is_forwarded() -> None:
    optimizer = compiled("conditionally_mask(:late, forward_extra_args=true) { sgd(0.1) }", late=late)
    assert_same(updates(optimizer, loss=0.5, junk=1), jax.tree.map(jnp.zeros_like, GRADS))
    assert_same(updates(optimizer, loss=1.5, junk=1), updates(optax.sgd(0.1)))


def test_a_condition_that_takes_anything_gets_everything() -> None:
    def any_late(step: Any, **extra: Any) -> Any:
        return extra["loss"] > 1.0

    optimizer = compiled("conditionally_mask(:f, forward_extra_args=true) { sgd(0.1) }", f=any_late)
    assert optimizer.needs == set()
    assert_same(updates(optimizer, loss=1.5), updates(optax.sgd(0.1)))


def test_opaque_sam_gets_its_gradient_function() -> None:
    text = "sam(sgd(0.1), sgd(0.05), opaque_mode=true)"
    reference = optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.05), opaque_mode=True)

    def grad_fn(params: Any, _: Any) -> Any:
        return jax.grad(loss)(params)

    assert_same(updates(compiled(text), grad_fn=grad_fn), updates(reference, grad_fn=grad_fn))


def test_a_hole_that_takes_anything_gets_everything() -> None:
    seen: list[dict[str, Any]] = []

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        seen.append(extra)
        return updates, state

    tx = optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)
    updates(compiled("clip(1.0) | :tx | lbfgs", tx=tx), value=1.0, grad=GRADS, value_fn=loss, other=2)
    assert seen[0].keys() == {"value", "grad", "value_fn", "other"}


# ---- step


@pytest.mark.parametrize(
    ("text", "extra", "says"),
    [
        ("polyak_sgd(0.5)", {}, ["`polyak_sgd`", "`value`"]),
        ("clip(1.0) | apply_if_finite(3) { polyak_sgd(0.5) }", {}, ["`polyak_sgd`", "`value`"]),
        ("polyak_sgd(0.5)", {"vale": 1.0}, ["`polyak_sgd`", "`vale`", "`value` is taken"]),
        ("sgd(0.1)", {"value": 1.0}, ["`value`"]),
        ("lbfgs", {"value": 1.0, "grad": GRADS}, ["`lbfgs`", "`value_fn`"]),
        ("lbfgs", {"value": 1.0, "grad": GRADS, "value_fn": loss, "tagret": 1}, ["`tagret`"]),
        (":tx | sgd(0.1)", {"gain": 1.0}, ["`tx`", "`loss`"]),
    ],
)
def test_step_says_what_is_missing_or_surplus(text: str, extra: dict[str, Any], says: list[str]) -> None:
    optimizer = compiled(text, **({"tx": listening()} if ":tx" in text else {}))
    state = optimizer.init(PARAMS)
    with pytest.raises(OptdslError) as error:
        optimizer.step(PARAMS, state, GRADS, **extra)
    assert {finding.code for finding in error.value.diagnostics} == {"E405"}
    assert all(finding.help for finding in error.value.diagnostics)
    assert all(words in str(error.value) for words in says)
    assert error.value.__context__ is None
    # Nothing was donated to a call that did not happen.
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves((PARAMS, state)))


def test_step_names_everything_that_is_wrong() -> None:
    optimizer = compiled("polyak_sgd(0.5)")
    with pytest.raises(OptdslError) as error:
        optimizer.step(PARAMS, optimizer.init(PARAMS), GRADS, one=1, two=2)
    assert len(error.value.diagnostics) == 3


# ---- train_step


def by_hand(tx: Any, names: tuple[str, ...]) -> Any:
    """Returns the training step that a user writes with plain Optax."""

    @jax.jit
    def step(params: Any, state: Any, target: Any) -> Any:
        def value_fn(params: Any) -> Any:
            return loss(params, target)

        value, grads = jax.value_and_grad(value_fn)(params)
        known = {"value": value, "grad": grads, "value_fn": value_fn, "obj_fn": value_fn}
        known["grad_fn"] = lambda other, _: jax.grad(value_fn)(other)
        updates, state = tx.update(grads, state, params, **{name: known[name] for name in names})
        return optax.apply_updates(params, updates), state, value

    return step


SEARCH = ("value", "grad", "value_fn")
LOOPS: dict[str, tuple[optax.GradientTransformation, tuple[str, ...]]] = {
    "clip(1.0) | adam(0.1)": (optax.chain(optax.clip(1.0), optax.adam(0.1)), ()),
    "lbfgs": (optax.lbfgs(), SEARCH),
    "sgd(1.0) | scale_by_backtracking_linesearch(8)": (
        optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(8)),
        SEARCH,
    ),
    "sgd(1.0) | scale_by_zoom_linesearch(8)": (
        optax.chain(optax.sgd(1.0), optax.scale_by_zoom_linesearch(8)),
        SEARCH,
    ),
    "apply_if_finite(3) { polyak_sgd(0.5) }": (
        optax.apply_if_finite(optax.polyak_sgd(0.5), 3),
        ("value",),
    ),
    "sam(sgd(0.1), sgd(0.05), opaque_mode=true)": (
        optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.05), opaque_mode=True),
        ("grad_fn",),
    ),
}


@pytest.mark.parametrize("text", LOOPS)
def test_train_step_is_the_loop_by_hand(text: str) -> None:
    reference, names = LOOPS[text]
    optimizer = compiled(text)
    ours, theirs = optimizer.train_step(loss), by_hand(optax.with_extra_args_support(reference), names)
    params, state = fresh(PARAMS), optimizer.init(PARAMS)
    wanted, known = PARAMS, reference.init(PARAMS)
    for scale in (1.0, 0.5, 2.0):
        target, given = scale * TARGET, params
        params, state, value = ours(given, state, target)
        wanted, known, expected = theirs(wanted, known, target)
        assert value.shape == ()
        assert_same((params, state, value), (wanted, known, expected))
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(given))
    assert not np.array_equal(params["w"], PARAMS["w"])


def test_train_step_gives_the_loss_before_the_update_and_what_comes_with_it() -> None:
    optimizer = compiled("polyak_sgd(0.5)")
    step = optimizer.train_step(loss_with_aux, has_aux=True)
    params, state, (value, aux) = step(fresh(PARAMS), optimizer.init(PARAMS), TARGET)
    assert_same(value, jax.jit(loss)(PARAMS, TARGET))
    assert_same(aux, {"size": jnp.sum(PARAMS["b"] ** 2)})
    wanted, _, _ = optimizer.train_step(loss)(fresh(PARAMS), optimizer.init(PARAMS), TARGET)
    assert_same(params, wanted)
    again, _, (lower, _) = step(params, state, TARGET)
    assert float(lower) < float(value)
    assert jax.tree.structure(again) == jax.tree.structure(PARAMS)


def test_train_step_of_lookahead_takes_the_loss_at_the_fast_parameters() -> None:
    optimizer = compiled("lookahead(2, 0.5) { sgd(0.1) }")
    pair = optax.LookaheadParams.init_synced(PARAMS)
    step = optimizer.train_step(loss)
    params, state, value = step(fresh(pair), optimizer.init(pair), TARGET)
    assert_same(value, jax.jit(loss)(PARAMS, TARGET))
    reference = optax.lookahead(optax.sgd(0.1), 2, 0.5)
    grads = jax.jit(jax.grad(loss))(PARAMS, TARGET)
    wanted, _ = jax.jit(reference.update)(grads, reference.init(pair), pair)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), params, optax.apply_updates(pair, wanted))
    assert jax.tree.structure(state) == jax.tree.structure(reference.init(pair))


def test_train_step_supplies_a_hole_that_takes_anything() -> None:
    """An `optax.chain` does not say what its parts need; a line search in it takes these three, and no more."""
    optimizer = compiled(":tx", tx=optax.chain(optax.clip(1.0), optax.lbfgs()))
    params, _, _ = optimizer.train_step(loss)(fresh(PARAMS), optimizer.init(PARAMS), TARGET)
    reference = optax.chain(optax.clip(1.0), optax.lbfgs())
    wanted, _, _ = by_hand(reference, SEARCH)(PARAMS, reference.init(PARAMS), TARGET)
    assert_same(params, wanted)


def test_train_step_says_what_it_cannot_supply() -> None:
    optimizer = compiled(":tx | sgd(0.1)", tx=listening())
    with pytest.raises(OptdslError, match="`loss`") as error:
        optimizer.train_step(loss)
    assert [finding.code for finding in error.value.diagnostics] == ["E405"]
