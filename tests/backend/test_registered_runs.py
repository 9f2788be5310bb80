"""Stages that Python registered, running: numbers, schedules, chains inside, extra arguments, equality, pickles."""

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_model import assert_same as same
from small_model import compiled

import optdsl
from optdsl.backend.machine import machine
from optdsl.registry import registered as home

Params = dict[str, jax.Array]


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers for good is gone after it."""
    monkeypatch.setattr(home, "_ALWAYS", {})


def scaled(gain: float = 0.5) -> optax.GradientTransformation:
    return optax.scale(gain)


def negated(gain: float = 0.5) -> optax.GradientTransformation:
    return optax.scale(-gain)


def twice(inner: optax.GradientTransformation, *, by: float = 2.0) -> optax.GradientTransformation:
    return optax.chain(inner, optax.scale(by))


def params() -> Params:
    return {"kernel": jnp.arange(6, dtype=jnp.float32).reshape(2, 3), "bias": jnp.ones(3)}


def gradients(step: int = 0) -> Params:
    return jax.tree.map(lambda leaf: jnp.cos(leaf + step), params())


def run(tx: optax.GradientTransformation, steps: int = 3, **extra: Any) -> list[Params]:
    """Returns the updates of some steps, compiled, for chains by hand as for programs."""
    weights, state = params(), tx.init(params())
    update = jax.jit(optax.with_extra_args_support(tx).update)
    done: list[Params] = []
    for step in range(steps):
        updates, state = update(gradients(step), state, weights, **extra)
        weights = optax.apply_updates(weights, updates)
        done.append(updates)
    return done


# ---- numbers


def test_it_runs_as_the_function_does_also_after_the_scope() -> None:
    with optdsl.registered(scaled=scaled):
        opt = compiled("scaled(0.25) | adam(1e-3) | scaled")
    same(run(opt), run(optax.chain(scaled(0.25), optax.adam(1e-3), scaled(0.5))))
    weights, _ = opt.step(params(), opt.init(params()), gradients())
    assert weights["bias"].shape == (3,)
    assert opt.hyperparams["scaled.gain"] == 0.25
    assert opt.hyperparams["scaled_2.gain"] == 0.5
    assert str(opt) == "scaled(0.25) | adam(1e-3) | scaled"


def test_a_slot_for_a_number_takes_a_schedule() -> None:
    with optdsl.registered(scaled=scaled):
        opt = compiled("scaled(1 -> linear(3, 2))")
        by_hole = compiled("scaled(:gain)", gain=lambda step: 1.0 + step)
    wanted = [jax.tree.map(lambda leaf, size=size: size * leaf, gradients(i)) for i, size in enumerate((1.0, 2.0, 3.0))]
    same(run(opt), wanted)
    same(run(by_hole), wanted)


def test_a_slot_for_a_schedule_hands_it_to_the_function() -> None:
    taken: list[Any] = []

    def stepped(rate: optax.ScalarOrSchedule) -> optax.GradientTransformation:
        taken.append(rate)
        return optax.scale_by_learning_rate(rate)

    with optdsl.registered(stepped=stepped):
        opt = compiled("stepped(1 -> linear(3, 2))")
    same(run(opt), run(optax.scale_by_learning_rate(optax.linear_schedule(1.0, 3.0, 2))))
    assert callable(taken[0])


def test_a_live_number_reaches_it() -> None:
    with optdsl.registered(scaled=scaled):
        opt = compiled("live gain = 2; scaled(gain)")
    state = opt.set(opt.init(params()), {"gain": 4.0})
    updates, _ = opt.update(gradients(), state)
    same(updates, jax.tree.map(lambda leaf: 4 * leaf, gradients()))


def test_numbers_may_vary_over_leaves() -> None:
    with optdsl.registered(scaled=scaled):
        opt = compiled("scaled(2 where kernel else 3)")
    updates = run(opt, 1)[0]
    same(updates, {"kernel": 2 * gradients()["kernel"], "bias": 3 * gradients()["bias"]})


def test_defaults_that_no_text_can_say_are_left_to_the_function() -> None:
    def odd(sizes=[2.0, 3.0]):  # noqa: ANN001, ANN202, B006 - what is tested
        return optax.scale(sum(sizes))

    with optdsl.registered(odd=odd):
        same(run(compiled("odd")), run(optax.scale(5.0)))


def test_a_wrapper_takes_a_block() -> None:
    with optdsl.registered(twice=twice, scaled=scaled):
        opt = compiled("twice(by=3) { scaled(0.5) | adam(1e-3) }")
        same_by_place = compiled("twice(scaled(0.5) | adam(1e-3), by=3)")
    assert opt == same_by_place
    same(run(opt), run(optax.chain(scaled(0.5), optax.adam(1e-3), optax.scale(3.0))))
    assert "twice.adam.learning_rate" in opt.hyperparams


def test_what_is_no_transform_is_an_error() -> None:
    with optdsl.registered(wrong=lambda: 3):
        opt = compiled("wrong")
    with pytest.raises(TypeError, match="the function of the stage `wrong` returns a GradientTransformation, not int"):
        opt.init(params())


# ---- extra arguments


def taking(*names: str) -> tuple[Callable[[], optax.GradientTransformation], list[dict[str, Any]]]:
    """Returns a function whose transform takes `value` alone, or everything; and the list of what it was given."""
    seen: list[dict[str, Any]] = []

    def strict(updates: Any, state: Any, params: Any = None, *, value: Any) -> Any:
        seen.append({"value": value})
        return jax.tree.map(lambda leaf: leaf * value, updates), state

    def loose(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        seen.append(extra)
        return updates, state

    def init(params: Any) -> Any:
        del params
        return optax.EmptyState()

    update: Any = strict if names else loose
    return lambda: optax.GradientTransformationExtraArgs(init, update), seen


def test_extras_reach_it_and_only_those_that_it_names() -> None:
    function, seen = taking("value")
    with optdsl.registered(valued=function):
        opt = compiled("valued | adam(1e-3)")
    same(run(opt, value=2.0, other=1.0), run(optax.chain(optax.scale(2.0), optax.adam(1e-3))))
    assert {name for extra in seen for name in extra} == {"value"}
    opt.step(params(), opt.init(params()), gradients(), value=2.0)


def test_one_that_takes_any_gets_all() -> None:
    function, seen = taking()
    with optdsl.registered(watching=function):
        opt = compiled("adam(1e-3) | watching")
    run(opt, 1, value=2.0, other=1.0)
    assert seen[-1].keys() == {"value", "other"}


def test_train_step_supplies_the_loss() -> None:
    function, _ = taking("value")
    with optdsl.registered(valued=function):
        opt = compiled("valued | sgd(0.1)")
    step = opt.train_step(lambda weights: jnp.sum(weights["bias"] ** 2))
    weights, _, loss = step(params(), opt.init(params()))
    assert loss == 3.0
    np.testing.assert_allclose(weights["bias"], 1 - 0.1 * 3.0 * 2.0, rtol=1e-6)


def test_extras_in_the_traits_are_needed() -> None:
    function, _ = taking("value")
    optdsl.transform(name="valued", traits=optdsl.Traits(extras=("value",)))(function)
    opt = compiled("valued | sgd(0.1)")
    assert opt.needs == {"value"}
    with pytest.raises(optdsl.OptdslError, match="`valued` needs the extra argument `value`"):
        opt.step(params(), opt.init(params()), gradients())


# ---- traits


def test_traits_tell_where_the_descent_is() -> None:
    optdsl.transform(name="down", traits=optdsl.Traits(sign=-1))(optax.sgd)
    same(run(compiled("down(0.1) | decay(0.5)")), run(optax.chain(optax.sgd(0.1), optax.add_decayed_weights(-0.5))))


def test_nothing_is_claimed_of_what_has_no_traits() -> None:
    with optdsl.registered(down=lambda learning_rate, weight_decay=0.1: optax.sgd(learning_rate)):
        report = optdsl.explain("down(0.1)", params(), fragment=True)
    assert report.leaves is not None
    assert [(leaf.learning_rate, leaf.weight_decay) for leaf in report.leaves.leaves] == [(None, ()), (None, ())]


# ---- what makes two the same


def test_equal_programs_share_a_machine() -> None:
    with optdsl.registered(scaled=scaled):
        one, other = compiled("scaled(0.5)"), compiled("scaled(gain = 1/2)")
        default = compiled("scaled")
    assert one == other == default
    assert hash(one) == hash(other)
    assert one.fingerprint == other.fingerprint
    assert machine(one.meaning) is machine(other.meaning)
    with optdsl.registered(scaled=scaled):
        assert compiled("scaled(0.5)") == one


def test_another_function_of_that_name_is_another_program() -> None:
    with optdsl.registered(scaled=scaled):
        one = compiled("scaled(0.5)")
    with optdsl.registered(scaled=negated):
        other = compiled("scaled(0.5)")
    assert one != other
    same(run(other), run(optax.scale(-0.5)))
    same(run(one), run(optax.scale(0.5)))
    assert one.fingerprint == other.fingerprint  # by word and arguments: functions have no name in every process


def test_fingerprints_know_words_and_arguments() -> None:
    with optdsl.registered(scaled=scaled, other=scaled):
        found = {compiled(text).fingerprint for text in ("scaled(0.5)", "scaled(0.25)", "other(0.5)", "scale(0.5)")}
    assert len(found) == 4


def test_pickles_find_the_function_by_its_name() -> None:
    with optdsl.registered(scaled=scaled):
        opt = compiled("twice_scaled = scaled(0.5) | scaled(2); twice_scaled")
        kept = pickle.dumps(opt)
        assert pickle.loads(kept) == opt
    with pytest.raises(LookupError, match="`scaled`, which is not registered here; register it first"):
        pickle.loads(kept)
    with optdsl.registered(scaled=optax.clip), pytest.raises(LookupError, match="other parameters"):
        pickle.loads(kept)
    with optdsl.registered(scaled=negated):
        same(run(pickle.loads(kept)), run(optax.identity()))


# ---- reports


def test_reports_outlast_the_scope() -> None:
    with optdsl.registered(twice=twice):
        opt = compiled("twice { adam(1e-3) }")
    text = str(opt.explain(params()))
    assert text.startswith("twice: A transform from Python, registered without a description.\n    inner=adam\n")
    assert "by=2.0" in text


def test_to_python_makes_the_function_an_argument() -> None:
    with optdsl.registered(twice=twice, scaled=scaled):
        text = "scaled(0.25) | twice(by=3) { :scaled | adam(1e-3) } | scaled(0.5)"
        opt = compiled(text, scaled=optax.scale(7.0))
        source = optdsl.to_python(text, fragment=True, scaled=optax.scale(7.0))
    assert "def make(scaled, twice, scaled_2):" in source
    names: dict[str, Any] = {}
    exec(source, names)
    same(run(names["make"](scaled, twice, optax.scale(7.0))), run(opt))
