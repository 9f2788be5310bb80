"""Resolving as a whole: which programs mean the same, what is kept, and the sign of `decay`."""

from itertools import combinations

import pytest
from meanings import errors, meaning, places, read, stage, words

from optdsl import ir

EQUAL = [
    ("adam(1e-3)", "adam(learning_rate=0.001)"),
    ("adam(1e-3)", "adam(1e-3, b1=0.9, nesterov=false)"),
    ("adam(1e-3)", "adam(eps=1e-8, learning_rate=1e-3)"),
    ("adam(1e-3)", "rate = 1e-3; adam(rate)"),
    ("adam(1e-3)", "  adam(\n1e-3 # the rate\n) ;"),
    ("adam(1e-3)", "(adam(1e-3))"),
    ("adam(1e-3)", "adam(:rate ?? 1e-3)"),
    ("adam(1e-3)", "def f(x) = adam(x); f(1e-3)"),
    ("adam(1e-3)", "unused = 3; adam(1e-3,)"),
    ("adam(1)", "adam(1.0)"),
    ("adam(1e-3)", "adam(1e-3) when true"),
    ("adam(1e-3)", "adam(1e-3 when 1 < 2 else 1)"),
    ("clip(1.0) | adam(1e-3)", "guard = clip(1.0); guard | adam(1e-3)"),
    ("clip(1.0) | zero_nans | adam(1e-3)", "clip(1.0) | (zero_nans | adam(1e-3))"),
    ("clip(1.0) | zero_nans | adam(1e-3)", "((clip(1.0) | zero_nans)) | adam(1e-3)"),
    ("sgd(0.1 * 3)", "sgd(0.30000000000000004)"),
    ("sgd(cosine_decay_schedule(0.1, 1k))", "sgd(cosine_decay_schedule(0.1, 1_000))"),
    ("sgd(cosine_decay_schedule(0.1, 10))", "sgd(cosine_decay_schedule(decay_steps=10, init_value=0.1))"),
    ("sgd(constant_schedule(0.1))", "sgd(constant_schedule(value=0.1))"),
    ("zero_nans | sgd(0.1)", "zero_nans() | sgd(0.1)"),
    ("clip(0.5) when true | sgd(0.1)", "clip(0.5) | sgd(0.1)"),
    ("clip(0.5) when false | sgd(0.1)", "sgd(0.1)"),
    ("rmsprop(1e-2, centered=True)", "rmsprop(1e-2, centered=true)"),
    ("clip(1.0) where embed/** | sgd(0.1)", "clip(1.0) where 'embed/**' | sgd(0.1)"),
    ("clip(1.0) where (bias) | sgd(0.1)", "clip(1.0) where bias | sgd(0.1)"),
    ("adamw(0.1, weight_decay=0.1 where bias)", "adamw(0.1, weight_decay=0.1 where bias else 0)"),
    ("sgd(0.1 -> hold(10))", "x = 0.1; sgd(x -> hold(5 + 5))"),
    ("match { else => sgd(0.1) }", "match { else => (sgd(0.1)), }"),
    ("match { bias => freeze, else => sgd(0.1) }", "match { bias => freeze(), else => sgd(0.1) }"),
]

DIFFERENT = [
    ("adam(1e-3)", "adam(2e-3)"),
    ("adam(1e-3)", "yogi(1e-3)"),
    ("adam(1e-3)", "adam(1e-3, nesterov=true)"),
    ("adam(1e-3)", "adam(1e-3) as main"),
    ("adam(1e-3)", "adam(1e-3, mu_dtype=float32)"),
    ("clip(1.0) | trace(0.9) | lr(0.1)", "trace(0.9) | clip(1.0) | lr(0.1)"),
    ("clip(1.0) | sgd(0.1)", "clip(1.0) | clip(1.0) | sgd(0.1)"),
    ("clip(1.0) where embed/** | sgd(0.1)", "clip(1.0) where head/** | sgd(0.1)"),
    ("clip(1.0) where bias | sgd(0.1)", "clip(1.0) where not bias | sgd(0.1)"),
    ("clip(1.0) where bias | sgd(0.1)", "clip(1.0) where 'bias' | sgd(0.1)"),
    ("clip(1.0) when step > 1 | sgd(0.1)", "clip(1.0) when step > 2 | sgd(0.1)"),
    ("sgd(0.1 -> linear(0, 10))", "sgd(0.1 -> cosine(0, 10))"),
    ("sgd(0.1 -> linear(0, 10))", "sgd(0.1 -> linear(0, 11))"),
    ("sgd(linear_schedule(0.1, 0, 10))", "sgd(0.1 -> linear(0, 10))"),
    ("live rate = 1e-3; adam(rate)", "adam(1e-3)"),
    ("live a = 1e-3; adam(a)", "live b = 1e-3; adam(b)"),
    ("centralize | sgd(0.1)", "centralize(axes=-1) | sgd(0.1)"),
    ("centralize(axes=(0,)) | sgd(0.1)", "centralize(axes=0) | sgd(0.1)"),
    ("flatten { clip(1.0) | sgd(0.1) }", "flatten { clip(1.0) } | sgd(0.1)"),
    ("match { a/** => sgd(0.1), else => freeze }", "match { b/** => sgd(0.1), else => freeze }"),
    ("scale_by_adam | decay(0.1) | lr(0.1)", "scale_by_adam | lr(0.1) | decay(0.1)"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_programs(one: str, other: str) -> None:
    first, second = meaning(one), meaning(other)
    assert first == second
    assert hash(first) == hash(second)
    assert ir.fingerprint(first) == ir.fingerprint(second)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_programs(one: str, other: str) -> None:
    first, second = meaning(one), meaning(other)
    assert first != second
    assert ir.fingerprint(first) != ir.fingerprint(second)


def test_no_two_of_many_programs_share_a_fingerprint() -> None:
    texts = dict.fromkeys(text for row in DIFFERENT for text in row)
    found = [(meaning(text), ir.fingerprint(meaning(text))) for text in texts]
    for (one, first), (other, second) in combinations(found, 2):
        assert (one == other) == (first == second)


def test_a_chain_never_stands_in_a_chain() -> None:
    text = "a = clip(1.0) | zero_nans; b = (a | (a | centralize)); b | sgd(0.1)"
    assert words(text) == ["clip", "zero_nans", "clip", "zero_nans", "centralize", "sgd"]


def test_centralize_has_a_node_of_its_own() -> None:
    text = "centralize(axes=(0, -1), min_ndim=3, axis_name={1: 'data'}, sparse_rows=true)"
    assert stage(text) == ir.Centralize((0, -1), 3, ((1, "data"),), True)


def test_an_alias_is_kept() -> None:
    stages = meaning("clip(1.0) as guard | sgd(0.1)").stages
    assert [getattr(found, "alias", None) for found in stages] == ["guard", None]
    text, where = read("«(clip(1.0) | zero_nans) as both» | sgd(0.1)")
    assert places(errors(text)) == where


def test_optax_schedules_are_values_with_their_defaults() -> None:
    found = stage("sgd(cosine_decay_schedule(0.1, 1k))")
    assert isinstance(found, ir.Stage)
    schedule = found["learning_rate"]
    assert isinstance(schedule, ir.OptaxSchedule)
    arguments = [(argument.name, argument.value, argument.given) for argument in schedule.arguments]
    assert arguments == [
        ("init_value", 0.1, True),
        ("decay_steps", 1000, True),
        ("alpha", 0.0, False),
        ("exponent", 1.0, False),
    ]


def test_schedules_nest_in_schedules() -> None:
    text = "sgd(join_schedules([linear_schedule(0, 0.1, 10), constant_schedule(0.1)], [10]))"
    by_name = "s = linear_schedule(0, 0.1, 10); sgd(join_schedules([s, constant_schedule(0.1)], (10,)))"
    assert meaning(text) == meaning(by_name)


def test_an_open_segment_takes_what_is_left() -> None:
    text = "sgd(0 -> linear(0.1, 10%) -> hold -> cosine(0, 20%))"
    assert meaning(text, total=100) == meaning("sgd(0 -> linear(0.1, 10) -> hold(70) -> cosine(0, 20))")


ROUNDED = [("2.5%", 3), ("2.4%", 2), ("0.5%", 1), ("0%", 0), ("100%", 100)]


@pytest.mark.parametrize(("share", "steps"), ROUNDED)
def test_relative_durations_are_rounded_half_up(share: str, steps: int) -> None:
    text = f"sgd(0 -> linear(0.1, {share}))"
    assert meaning(text, total=100) == meaning(f"sgd(0 -> linear(0.1, {steps}))")


IMPOSSIBLE = [
    "sgd(0 -> linear(1, 60%) -> hold(50%))",
    "sgd(0 -> hold -> linear(1))",
    "sgd(1 -> hold(101) -> cosine(0))",
]


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_segments_that_do_not_fit(text: str) -> None:
    assert [finding.code for finding in errors(text, total=100)] == ["E309"]


SIGNS = [
    ("scale_by_adam | decay(0.1) | lr(0.1)", 1),
    ("decay(0.1) | sgd(0.1)", 1),
    ("scale_by_adam | lr(0.1) | decay(0.1)", -1),
    ("sgd(0.1) | decay(0.1)", -1),
    ("trace(0.9) | scale(-0.1) | decay(0.1)", -1),
    ("trace(0.9) | scale(0.1) | decay(0.1) | scale(-1)", 1),
    ("apply_if_finite(3) { sgd(0.1) } | decay(0.1)", -1),
    ("match { bias => sgd(0.1), else => freeze } | decay(0.1)", -1),
    ("scale_by_adam | decay(0.1) | lr(0.1) | maximize", -1),
    ("scale_by_adam | decay(0.1) | maximize | lr(0.1)", -1),
    ("maximize | scale_by_adam | decay(0.1) | lr(0.1)", 1),
    ("scale_by_adam | lr(0.1) | decay(0.1) | maximize", 1),
    ("scale_by_adam | lr(0.1) | maximize | decay(0.1)", -1),
    ("maximize | decay(0.1) | maximize | sgd(0.1)", -1),
]


def signs(node: object) -> list[int]:
    """Returns the signs of all decays inside, in order."""
    if isinstance(node, ir.Decay):
        return [node.sign]
    return [sign for part in ir.parts(node) for sign in signs(part)]


@pytest.mark.parametrize(("text", "sign"), SIGNS)
def test_decay_always_shrinks(text: str, sign: int) -> None:
    assert signs(meaning(text)) == [sign]


INSIDE = [
    ("lr(0.1) | apply_if_finite(3) { decay(0.1) }", [-1]),
    ("apply_if_finite(3) { decay(0.1) | lr(0.1) | decay(0.2) }", [1, -1]),
    ("accumulate(4) { scale_by_adam | decay(0.1) } | lr(0.1)", [1]),
    ("match { bias => decay(0.1) | sgd(0.1), else => sgd(0.1) | decay(0.1) }", [1, -1]),
    ("decay(0.1) where bias | sgd(0.1) | decay(0.2) where not bias", [1, -1]),
    ("apply_if_finite(3) { decay(0.1) | lr(0.1) } | maximize", [-1]),
]


@pytest.mark.parametrize(("text", "want"), INSIDE)
def test_decay_inside_other_stages(text: str, want: list[int]) -> None:
    assert signs(meaning(text)) == want
