"""What is known of stages, blocks, arms and guards without running them; tests/backend measures it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from meanings import meaning

from optdsl.registry import Sort, transforms
from optdsl.semantics.effects import RATELESS, SIGNS, Effect, effects, meant_sign, net_sign, opened


class Transform(NamedTuple):
    """What a hole takes for a transform."""

    init: Callable[[Any], tuple[()]] = lambda params: ()
    update: Callable[..., Any] = lambda updates, state, params=None: (updates, state)


def seen(text: str, **holes: Any) -> tuple[Effect, ...]:
    return effects(meaning(text, **holes))


def signs(text: str, **holes: Any) -> list[int | None]:
    return [effect.sign for effect in seen(text, **holes)]


SIGN = {
    "scale(2)": 1,
    "scale(-2)": -1,
    "scale(0)": 0,
    "scale(2 - 3)": -1,
    "scale(:x)": -1,
    "scale(1 when step < 5 else -1)": None,
    "scale(.1 where ndim > 1 else .2)": None,
    "live x = 1; scale(x)": None,
    "scale_by_schedule(linear_schedule(1, 0, 10))": 1,
    "scale_by_schedule(linear_schedule(-1, 0, 10))": -1,
    "scale_by_schedule(linear_schedule(1, -1, 10))": None,
    "scale_by_schedule(-1 -> linear(-.5, 10) -> cosine(0, 20))": -1,
    "scale_by_schedule(1 -> linear(-.5, 10))": None,
    "scale_by_schedule(cosine_decay_schedule(-1, 10))": -1,
    "scale_by_schedule(polynomial_schedule(-1, -.1, 2, 8))": -1,
    "scale_by_schedule(join_schedules([constant_schedule(-1), linear_schedule(-1, 0, 9)], [4]))": -1,
    "scale_by_schedule(step / 10)": None,
    "scale_by_schedule(1 - step / 10)": None,
    "scale_by_schedule((1 - step) -> linear(1, 10))": None,
    "live x = 1; scale_by_schedule(x -> linear(1, 10))": None,
    "scale_by_schedule(:f)": None,
    "scale_by_learning_rate(.1)": -1,
    "scale_by_learning_rate(.1, flip_sign=false)": 1,
    "lr(.1)": -1,
    "maximize": -1,
    "set_to_zero": 0,
    "centralize": 1,
    "decay(.1)": 1,
    "adadelta": 1,
    "adadelta(.1)": -1,
    "adafactor": -1,
    "adafactor(.1)": -1,
    "lbfgs": -1,
    "lbfgs(linesearch=none)": -1,
    "lbfgs(linesearch=scale_by_backtracking_linesearch(9))": -1,
    "scale_by_galore(base_optimizer=scale(-1))": -1,
    "scale_by_galore(base_optimizer=scale_by_adam)": 1,
    ":mine": None,
    # Blocks.
    "accumulate(2) { adam(.1) }": -1,
    "accumulate(2) { scale_by_adam }": 1,
    "accumulate(2) { :mine }": None,
    "accumulate(2) { adam(.1) | maximize }": -1,
    "skip_nonfinite(3) { flatten { lr(.1) | lr(.1) } }": 1,
    "schedule_free(.1) { sgd(.1) }": -1,
    "lookahead(6, .5) { sgd(.1) }": -1,
    "mechanize { sgd(.1) }": -1,
    "sam(sgd(.1)) { sgd(.1) }": -1,
    "accumulate(2) { set_to_zero }": 0,
    "conditionally_transform(:f) { sgd(.1) }": None,
    # Arms.
    "match { bias => adam(.1), else => sgd(.1) }": -1,
    "match { bias => freeze, else => sgd(.1) }": -1,
    "match { bias => freeze, else => freeze }": 0,
    "match { bias => identity, else => clip(1.0) }": 1,
    "match { bias => identity, else => sgd(.1) }": -1,
    "match { bias => :mine, else => sgd(.1) }": None,
    "match { bias => sgd(.1) | maximize, else => sgd(.1) }": -1,
    "match { bias => match { ndim > 1 => sgd(.1), else => freeze }, else => sgd(.1) }": -1,
    # Guards.
    "clip(1.0) where bias": 1,
    "set_to_zero where bias": 1,
    "maximize where bias": -1,
    "sgd(.1) when step < 5": None,
    "clip(1.0) when step < 5": 1,
    "sgd(.1) when 1 < 2": -1,
}


@pytest.mark.parametrize("text", SIGN)
def test_sign(text: str) -> None:
    holes = {":mine": {"mine": Transform()}, ":f": {"f": lambda step: step}, ":x": {"x": -2.0}}
    given = next((value for hole, value in holes.items() if hole in text), {})
    assert signs(text, **given) == [SIGN[text]]


@pytest.mark.parametrize("name", [row.name for row in transforms() if row.sort is Sort.TRANSFORM and row.traits])
def test_traits_have_a_sign(name: str) -> None:
    (row,) = (row for row in transforms() if row.name == name)
    assert row.traits is not None
    assert row.traits.sign in (-1, 0, 1)


def test_tables_name_rows() -> None:
    assert {*RATELESS, *SIGNS} <= {row.name for row in transforms()}


def test_net_and_meant_sign() -> None:
    assert net_sign(seen("scale_by_adam | lr(.1) | maximize")) == 1
    assert meant_sign(seen("scale_by_adam | lr(.1) | maximize")) == -1
    assert net_sign(seen(":mine | lr(.1)", mine=Transform())) is None
    assert net_sign(()) == 1


def test_rates() -> None:
    with_rate = "scale(2)", "scale_by_schedule(1 -> linear(0, 9))", "lr(.1)", "adam(.1)", "adadelta", "lbfgs", "cocob"
    without = "clip(1.0)", "maximize", "scale_by_adam", "trace(.9)", "reduce_on_plateau", "scale_by_rprop(.1)"
    assert all(effect.rate for text in with_rate for effect in seen(text))
    assert not any(effect.rate for text in without for effect in seen(text))
    assert seen("accumulate(2) { clip(1.0) | lr(.1) }")[0].rate
    assert seen("match { bias => lr(.1), else => identity }")[0].rate
    assert not seen("match { bias => clip(1.0), else => identity }")[0].rate


def words(text: str, **holes: Any) -> list[str]:
    return [effect.word for effect in opened(seen(text, **holes))]


def test_blocks_are_opened() -> None:
    assert words("clip(1.0) | accumulate(2) { skip_nonfinite(3) { trace(.9) | sgd(.1) } } | average(.9)") == [
        *("clip", "trace", "sgd", "average")
    ]
    assert words("mechanize { sgd(.1) }") == ["sgd", "mechanize"]  # which changes what passes by itself
    assert words("lbfgs(linesearch=scale_by_backtracking_linesearch(9))") == ["lbfgs"]
    assert words("match { bias => sgd(.1), else => adam(.1) }") == ["match"]
    assert words("freeze where bias | sgd(.1)") == ["sgd"]
    assert words("accumulate(2) { :mine } | sgd(.1)", mine=Transform()) == ["mine", "sgd"]


def test_what_stands_in_a_guarded_block_is_guarded() -> None:
    opened_block = list(opened(seen("accumulate(2) { clip(1.0) } when step < 5 | sgd(.1)")))
    assert [effect.guarded for effect in opened_block] == [True, False]


def test_an_arm_has_the_traits_of_all_arms() -> None:
    (both,) = seen("match { bias => clip(1.0), else => clip_norm(1.0) }")
    assert (both.traits.elementwise, both.traits.couples_leaves, both.stateless) == (False, True, True)
    (plain,) = seen("match { bias => clip(1.0), else => identity }")
    assert (plain.traits.elementwise, plain.traits.couples_leaves, plain.stateless) == (True, False, True)
    assert not seen("match { bias => trace(.9), else => identity }")[0].stateless
    assert not seen("match { bias => :mine, else => identity }", mine=Transform())[0].known


def test_arguments() -> None:
    (adam,) = seen("adam(1e-3, b1=0 -> linear(.9, 5), nesterov=true)")
    assert adam.number("learning_rate") == 1e-3
    assert adam.number("b1") is None
    assert adam.number("nesterov") is None
    assert adam.number("b2") == 0.999
    assert adam.value("no_such") is None
    assert adam.given() == ("learning_rate", "b1", "nesterov")
    assert adam.argument_span("learning_rate") == (5, 9)
    assert adam.argument_span("b2") == adam.span


def test_what_clips() -> None:
    clips = "clip(1.0)", "clip_norm(1)", "clip_by_global_norm(1)", "clip_by_block_rms(1)", "adaptive_grad_clip(.1)"
    assert all(effect.clips for text in clips for effect in seen(text))
    assert not any(effect.clips for text in ("normalize", "sgd(.1)", "zero_nans") for effect in seen(text))
