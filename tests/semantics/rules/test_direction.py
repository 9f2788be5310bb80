"""E301 ascent, E302 no descent step, E303 raw leaves: where they fire, and near misses."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from marked import Case, assert_fires, codes, found

DOWN_TWICE = "takes the step down"

ASCENT = [
    Case("scale_by_adam | «scale(1e-3)»", "lr(1e-3)", "scale_by_adam | lr(1e-3)"),
    Case("scale_by_adam | «scale( 2 * (1 + 1) )»", "", "scale_by_adam | lr(2 * (1 + 1) )"),
    Case("trace(.9) | «scale(step_size=.1)»", "lr(.1)", "trace(.9) | lr(.1)"),
    Case("x = 0.1; scale_by_adam | «scale(x)»", "lr(x)", "x = 0.1; scale_by_adam | lr(x)"),
    Case(
        "def down(x) = «scale(x)»; scale_by_adam | down(.1)",
        "lr(x)",
        "def down(x) = lr(x); scale_by_adam | down(.1)",
    ),
    Case("scale_by_adam | «scale(.5)» as pace", "", "scale_by_adam | lr(.5) as pace"),
    Case("scale_by_adam | «scale_by_schedule(linear_schedule(1, 0, 10))»", "lr(...)"),
    Case("scale_by_adam | «scale_by_schedule(1 -> linear(0, 10))»", "lr(...)"),
    Case("scale_by_adam | «scale_by_learning_rate(.1, flip_sign=false)»", "lr(...)"),
    Case("«adadelta»", "learning_rate"),
    Case("clip(1.0) | «adadelta(rho=.9)»", "learning_rate"),
    Case("‹adam(.1)› | «sgd(.1)»", DOWN_TWICE),
    Case("‹adam(.1)› | «adam(.1)»", "`adam` takes the step down, and another `adam` turns it up"),
    Case("x = «adam(.1)»; x | x", "`adam` takes the step down, and its second use turns it up again use"),
    Case("‹scale(-1)› | scale_by_adam | «lr(.1)»", DOWN_TWICE),
    Case("‹sgd(.1)› | scale(2) | «lr(.5)»", DOWN_TWICE),
    Case("‹lr(.1)› | clip(1.0) | lr(.1) | lr(.1) | «sgd(.1)»", DOWN_TWICE),
    # `maximize` asks for a program that would descend without it.
    Case("scale_by_adam | «scale(.1)» | maximize", "the loss falls", "scale_by_adam | lr(.1) | maximize"),
    Case("‹adam(.1)› | maximize | «sgd(.1)»", "the loss falls"),
    # Through blocks: what is marked is what is to be mended.
    Case("accumulate(4) { scale_by_adam | «scale(1e-3)» }", "lr(1e-3)", "accumulate(4) { scale_by_adam | lr(1e-3) }"),
    Case("skip_nonfinite(inf) { ‹adam(.1)› | «sgd(.1)» }", DOWN_TWICE),
    Case("skip_nonfinite(inf) { ‹adam(.1)› } | «sgd(.1)»", DOWN_TWICE),
    Case("flatten { accumulate(2) { ‹adam(.1)› } } | «sgd(.1)»", DOWN_TWICE),
    Case("schedule_free(.1) { «adadelta» }", "learning_rate"),
    Case("lookahead(6, .5) { scale_by_adam | «scale(.5)» }", "", "lookahead(6, .5) { scale_by_adam | lr(.5) }"),
    # In arms.
    Case(
        "match { ndim > 1 => scale_by_adam | «scale(.1)», else => freeze }",
        "",
        "match { ndim > 1 => scale_by_adam | lr(.1), else => freeze }",
    ),
    Case("match { ndim > 1 => ‹adam(.1)› | «sgd(.1)», else => sgd(.1) }", DOWN_TWICE),
    Case("match { ndim > 1 => «adadelta», else => sgd(.1) }", "learning_rate"),
    Case(
        "accumulate(2) { match { ndim > 1 => «scale(.1)», else => sgd(.1) } }",
        "",
        "accumulate(2) { match { ndim > 1 => lr(.1), else => sgd(.1) } }",
    ),
    Case("‹match { ndim > 1 => adam(.1), else => sgd(.1) }› | «lr(.1)»", DOWN_TWICE),
    Case("‹sgd(.1)› | «match { ndim > 1 => lr(.1), else => lr(.2) }»", DOWN_TWICE),
    Case(
        "match { a/* => match { bias => «scale(.1)», else => sgd(.1) }, else => sgd(.1) }",
        "",
        "match { a/* => match { bias => lr(.1), else => sgd(.1) }, else => sgd(.1) }",
    ),
    # Static conditions are decided.
    Case("scale_by_adam | «scale(.1)» when 1 < 2", "", "scale_by_adam | lr(.1) when 1 < 2"),
]


@pytest.mark.parametrize("case", ASCENT, ids=lambda case: case.marked)
def test_ascent(case: Case) -> None:
    assert_fires("E301", case)


NO_ASCENT = [
    "scale_by_adam | scale(-1e-3)",
    "scale_by_adam | scale(1e-3) | scale(-1)",
    "scale_by_adam | lr(.1) | maximize",
    "sgd(.1) | sgd(.1) | sgd(.1)",
    "adam(.1) | scale(2)",
    "adafactor",
    "lbfgs",
    "adadelta(.1)",
    "scale_by_adam | scale_by_schedule(linear_schedule(-1, 0, 10))",
    "scale_by_adam | scale_by_schedule(-1 -> linear(0, 10))",
    # Not known, so nothing is said.
    "scale_by_adam | scale_by_schedule(1 - step / 10)",
    "scale_by_adam | scale_by_schedule(linear_schedule(1, -1, 10))",
    "scale_by_adam | scale_by_schedule((1 - step) when step < 5 else 1)",
    "live rate = 1e-3; scale_by_adam | scale(rate)",
    "live rate = 1e-3; scale_by_adam | scale_by_schedule(rate -> linear(0, 10))",
    "scale_by_adam | scale(.1 where ndim > 1 else -.1)",
    "adam(1e-3) | scale(-1) when step < 10",
    "scale_by_adam | lr(.1) when step > 10",
    # The step down is around the arm, or behind it.
    "match { ndim > 1 => scale(.1), else => scale(1) } | adam(1e-3)",
    "lr(.1) | match { ndim > 1 => scale(.1), else => identity }",
    "accumulate(2) { match { ndim > 1 => trace(.9) | scale(2), else => trace(.9) } | lr(.1) }",
    "accumulate(2) { match { ndim > 1 => scale(2), else => identity } } | lr(.1)",
    # `maximize` says that uphill is meant, wherever it stands.
    "match { ndim > 1 => sgd(.1) | maximize, else => sgd(.1) }",
    "accumulate(2) { sgd(.1) | maximize }",
    "maximize | sgd(.1)",
    "sam(sgd(.1)) { sgd(.1) }",
    "sam(adv_optimizer=scale_by_adam | scale(.1)) { sgd(.1) }",
]


@pytest.mark.parametrize("text", NO_ASCENT)
def test_no_ascent(text: str) -> None:
    assert set(codes(text)) & {"E301", "E302", "E303"} == set()


HOLES = [
    ":mine",
    ":mine | adam(1e-3)",
    ":mine | sgd(.1) | sgd(.1)",
    "adam(1e-3) | :mine",
    "accumulate(2) { :mine } | scale(.1)",
    "match { ndim > 1 => :mine, else => scale(-1) }",
    "match { ndim > 1 => :mine | scale(.1), else => sgd(.1) }",
    "match { ndim > 1 => scale(.1), else => identity } | :mine",
]


class Transform(NamedTuple):
    """What a hole takes for a transform."""

    init: Callable[[Any], tuple[()]] = lambda params: ()
    update: Callable[..., Any] = lambda updates, state, params=None: (updates, state)


@pytest.mark.parametrize("text", HOLES)
def test_nothing_is_claimed_of_what_a_hole_does(text: str) -> None:
    assert set(codes(text, mine=Transform())) & {"E205", "E221", "E301", "E302", "E303"} == set()


def test_what_is_known_in_front_of_a_hole_is_said() -> None:
    assert "E305" in codes("clip_norm(1) | :mine | zero_nans | sgd(.1)", mine=Transform())
    assert "E305" not in codes(":mine | zero_nans | sgd(.1)", mine=Transform())


NO_DESCENT = [
    Case("«clip(1.0) | centralize»", "lr"),
    Case("«scale_by_adam»", "lr"),
    Case("«scale_by_rprop(.1)»", "lr"),
    Case("«clip(1.0) | maximize»", "lr"),
    Case("«accumulate(2) { scale_by_adam }»", "lr"),
    Case("«freeze where bias»", "lr"),
    Case("«trace(.9) | match { ndim > 1 => scale_by_adam, else => identity }»", "lr"),
    Case("«scale_by_adam | reduce_on_plateau»", "lr"),
    Case("«scale_by_adam | add_decayed_weights(.1)»", "lr"),
    Case("mine = clip(1.0) | trace(.9); «mine»", "lr"),
    Case("«lr(.1) when false | clip(1.0)»", "lr"),
]


@pytest.mark.parametrize("case", NO_DESCENT, ids=lambda case: case.marked)
def test_no_descent(case: Case) -> None:
    assert_fires("E302", case)
    assert found("E302", case.marked.translate({ord("«"): None, ord("»"): None}), fragment=True) == []


DESCENDS = [
    "clip(1.0) | lr(.1)",
    "lr(.1) | clip(1.0)",
    "accumulate(2) { clip(1.0) } | lr(.1)",
    "accumulate(2) { sgd(.1) }",
    "clip(1.0) | set_to_zero",
    "match { bias => freeze, else => freeze }",
    "match { bias => set_to_zero, else => sgd(.1) }",
    "match { ndim > 1 => scale_by_adam | scale(1e-3), else => sgd(1.0) }",  # E301, in the arm
    "scale_by_adam | scale(0)",
    "live rate = .1; scale_by_adam | scale(rate)",
    "lr(.1) when step < 3",
]


@pytest.mark.parametrize("text", DESCENDS)
def test_something_descends(text: str) -> None:
    assert "E302" not in codes(text)


_ARM = "match {{ ndim > 1 => adam(1e-3), else => {} }}"
RAW = [
    Case(_ARM.format("«identity»"), "freeze", _ARM.format("freeze")),
    Case(_ARM.format("«clip(1.0) | trace(.9)»"), "freeze"),
    Case(_ARM.format("«scale_by_adam»"), "freeze"),
    Case("match { bias => «scale_by_adam», norm => «trace(.9)», else => sgd(.1) }", "freeze"),
    Case(
        f"clip(1.0) | {_ARM.format('«identity»')} | average(.99)",
        "freeze",
        f"clip(1.0) | {_ARM.format('freeze')} | average(.99)",
    ),
    Case(
        f"match {{ a/* => {_ARM.format('«identity»')}, else => freeze }}",
        "freeze",
        f"match {{ a/* => {_ARM.format('freeze')}, else => freeze }}",
    ),
    Case(f"accumulate(2) {{ {_ARM.format('«identity»')} }}", "freeze", f"accumulate(2) {{ {_ARM.format('freeze')} }}"),
    Case(
        "match { bias => «identity», else => accumulate(2) { sgd(.1) } }",
        "freeze",
        "match { bias => freeze, else => accumulate(2) { sgd(.1) } }",
    ),
    Case("«adam(1e-3) where ndim > 1»", "freeze"),
    Case("«(clip(1.0) | adam(1e-3)) where ndim > 1»", "freeze"),
    Case("«accumulate(2) { adam(1e-3) } where ndim > 1»", "freeze"),
]


@pytest.mark.parametrize("case", RAW, ids=lambda case: case.marked)
def test_raw_leaves(case: Case) -> None:
    assert_fires("E303", case)


NOT_RAW = [
    "match { ndim > 1 => adam(1e-3), else => freeze }",
    "match { ndim > 1 => adam(1e-3), else => set_to_zero }",
    "match { ndim > 1 => clip(1.0), else => identity } | sgd(.1)",
    "sgd(.1) | match { ndim > 1 => clip(1.0), else => identity }",
    "match { ndim > 1 => sgd(.1), else => scale(.1) }",  # E301
    "match { ndim > 1 => sgd(.1), else => sgd(.1) | maximize }",
    "clip(1.0) where ndim > 1 | adam(1e-3)",
    "match { ndim > 1 => lr(.1), else => identity } | lr(.1)",  # E301
]


@pytest.mark.parametrize("text", NOT_RAW)
def test_no_raw_leaves(text: str) -> None:
    assert "E303" not in codes(text)
