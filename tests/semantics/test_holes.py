"""Holes: what the host fills in, of every kind, with defaults; missing and unknown ones."""

import functools
from typing import Any

import numpy as np
import pytest
from meanings import errors, meaning, number, places, read, resolved, stage, the_error, values

from optdsl import ir


class Transform:
    """What a hole takes for a transform: it has `init` and `update`."""

    def init(self, params: Any) -> Any:
        return params

    def update(self, updates: Any, state: Any, params: Any = None) -> Any:
        return updates, state


PLAIN = [
    ("adam(:x)", 1e-3, "adam(1e-3)"),
    ("adam(:x)", np.float32(0.5), "adam(0.5)"),
    ("adam(:x)", np.array(0.5), "adam(0.5)"),
    ("accumulate(:x) { sgd(0.1) }", 4, "accumulate(4) { sgd(0.1) }"),
    ("accumulate(:x) { sgd(0.1) }", np.int64(4), "accumulate(4) { sgd(0.1) }"),
    ("accumulate(:x) { sgd(0.1) }", 4.0, "accumulate(4) { sgd(0.1) }"),
    ("adam(1e-3, nesterov=:x)", True, "adam(1e-3, nesterov=true)"),
    ("adam(1e-3, nesterov=:x)", np.bool_(True), "adam(1e-3, nesterov=true)"),
    ("adam(1e-3, mu_dtype=:x)", None, "adam(1e-3)"),
    ("adam(1e-3, mu_dtype=:x)", "bfloat16", "adam(1e-3, mu_dtype=bfloat16)"),
    ("adam(1e-3, mu_dtype=:x)", np.float32, "adam(1e-3, mu_dtype=float32)"),
    ("adam(1e-3, mu_dtype=:x)", np.dtype("float16"), "adam(1e-3, mu_dtype=float16)"),
    ("polyak_sgd(variant=:x)", "sps", "polyak_sgd(variant='sps')"),
    ("centralize(axes=:x)", (0, 1), "centralize(axes=(0, 1))"),
    ("centralize(axes=:x)", [0, 1], "centralize(axes=(0, 1))"),
    ("centralize(axes=:x)", -1, "centralize(axes=-1)"),
    (
        "sgd(piecewise_constant_schedule(0.1, :x))",
        {10: 0.5},
        "sgd(piecewise_constant_schedule(0.1, {10: 0.5}))",
    ),
    ("clip(1.0) when :x | sgd(0.1)", True, "clip(1.0) | sgd(0.1)"),
    ("clip(1.0) when :x | sgd(0.1)", False, "sgd(0.1)"),
    ("adam(1e-3 * :x / 256)", 512, "adam(1e-3 * 512 / 256)"),
    ("adam(1e-3 when :x == 'a' else 2e-3)", "b", "adam(2e-3)"),
    ("x = :x; adam(x, b1=x)", 0.5, "adam(0.5, b1=0.5)"),
    ("def f(y=:x) = adam(y); f", 0.5, "adam(0.5)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "want"), PLAIN)
def test_a_filled_hole_is_its_value(text: str, value: Any, want: str) -> None:
    assert meaning(text, x=value) == meaning(want)


def test_defaults() -> None:
    assert meaning("adam(:x ?? 1e-3)") == meaning("adam(1e-3)")
    assert meaning("adam(:x ?? 1e-3)", x=2e-3) == meaning("adam(2e-3)")
    assert meaning("adam(:x ?? -(1 - 2))") == meaning("adam(1)")
    assert meaning("clip(1.0) when :on ?? false | sgd(0.1)") == meaning("sgd(0.1)")
    assert meaning(":first ?? clip(1.0) | sgd(0.1)") == meaning("clip(1.0) | sgd(0.1)")
    assert meaning("adam(1e-3, mu_dtype=:d ?? bfloat16)") == meaning("adam(1e-3, mu_dtype=bfloat16)")


def test_a_default_is_checked_where_it_stands() -> None:
    text, where = read("adam(1e-3, b1=:b ?? «addam»)")
    assert places(errors(text)) == where
    assert the_error("adam(1e-3, b1=:b ?? 1.5)").code == "E222"


INSIDE = [
    "centralize(axes=(0, :x)) | sgd(0.1)",
    "centralize(axis_name={0: :x}) | sgd(0.1)",
    "scale_by_muon(ns_coeffs=(3.4, :x, 2.0)) | lr(0.1)",
    "scale_by_muon(ns_coeffs=((3.4, 1.0, 2.0), (3.4, :x, 2.0))) | lr(0.1)",
    "sgd(join_schedules([:x, constant_schedule(0.1)], [10]))",
    "sgd(piecewise_constant_schedule(0.1, {1k: :x}))",
    "monitor({'norm': :x}) | sgd(0.1)",
]


@pytest.mark.parametrize("text", INSIDE)
def test_a_missing_hole_inside_a_value_is_the_only_finding(text: str) -> None:
    assert the_error(text).code == "E205"


@pytest.mark.parametrize("text", ["centralize(axes=(:x, 0.5)) | sgd(0.1)", "sgd(0.1, momentum=(0.9, :x))"])
def test_what_is_wrong_beside_a_missing_hole_is_found_too(text: str) -> None:
    assert [found.code for found in errors(text)] == ["E221", "E205"]


def test_python_objects_go_where_a_slot_wants_them() -> None:
    transform, function, mask = Transform(), functools.partial(min, 1.0), {"w": True}
    assert stage(":mine", mine=transform) == ir.HostStage(ir.Host("mine", transform))
    assert values("flatten { :mine }", mine=transform)["inner"] == meaning(":mine", mine=transform)
    assert values("flatten(:mine)", mine=transform)["inner"] == meaning(":mine", mine=transform)
    assert values("sgd(:f)", f=function)["learning_rate"] == ir.Host("f", function)
    assert values("stateless(:f)", f=function)["f"] == ir.Host("f", function)
    assert values("adamw(1e-3, mask=:m)", m=mask)["mask"] == ir.Host("m", mask)
    assert stage("freeze where :m", m=function) == ir.Freeze(ir.Host("m", function))
    assert number("2 * :f", f=function) == ir.Apply("*", (2, ir.Host("f", function)))


def test_an_object_equals_itself_alone() -> None:
    one, other = Transform(), Transform()
    assert meaning(":t", t=one) == meaning(":t", t=one)
    assert meaning(":t", t=one) != meaning(":t", t=other)
    assert hash(meaning(":t", t=one)) == hash(meaning(":t", t=one))


WRONG = [
    ("adam(:x)", "fast"),
    ("adam(:x)", -1.0),
    ("adam(:x)", None),
    ("adam(:x)", True),
    ("adam(:x)", [1e-3]),
    ("adam(:x)", object()),
    ("adam(:x)", Transform()),
    ("adam(:x)", np.zeros(3)),
    ("accumulate(:x) { sgd(0.1) }", 2.5),
    ("accumulate(:x) { sgd(0.1) }", abs),
    ("adam(1e-3, nesterov=:x)", 1),
    ("adam(1e-3, mu_dtype=:x)", "bfloat61"),
    (":x | sgd(0.1)", 0.5),
    (":x | sgd(0.1)", abs),
    ("stateless(:x)", 3),
    ("clip(1.0) when :x | sgd(0.1)", "yes"),
    ("clip(1.0) where :x | sgd(0.1)", 3),
    ("sgd(0 -> linear(0.1, :x))", 2.5),
    ("sgd(0 -> linear(0.1, :x))", -2),
]


@pytest.mark.parametrize(("text", "value"), WRONG)
def test_what_does_not_fit_is_marked_at_the_hole(text: str, value: Any) -> None:
    found = the_error(text, x=value)
    assert found.code in ("E203", "E221", "E222", "E223")
    assert text[found.span.column - 1 : found.span.end_column - 1] == ":x"


def test_missing_holes_are_listed() -> None:
    text, where = read("clip(«:bound») | adam(«:rate», b1=:b ?? 0.9)")
    found = errors(text)
    assert places(found) == where
    assert {finding.code for finding in found} == {"E205"}
    assert all(f"`{name}`" in found[0].message for name in ("rate", "b"))


def test_a_hole_is_missed_once() -> None:
    assert len(errors("clip(:x) | adam(:x, b1=:x)")) == 1


def test_unknown_holes_name_the_nearest() -> None:
    found = the_error("adam(:rate)", rate=1e-3, ratee=1.0)
    assert found.code == "E206"
    assert "`ratee`" in found.message or "`:ratee`" in found.message
    assert "`rate`" in found.message
    assert found.help == "pass `rate=...`"
    assert "it has none" in the_error("adam(1e-3)", rate=1.0).message


def test_the_two_holes_that_are_always_there() -> None:
    assert meaning("adam(1e-3)", total=100, epoch_steps=10) == meaning("adam(1e-3)")
    assert meaning("sgd(0 -> linear(1, 5%))", total=1000) == meaning("sgd(0 -> linear(1, 50))")
    assert meaning("sgd(0 -> linear(1, 1.5ep))", epoch_steps=7) == meaning("sgd(0 -> linear(1, 11))")
    assert meaning("adam(:total * 1e-6)", total=100) == meaning("adam(100 * 1e-6)")
    for text in ("sgd(0 -> linear(1, 5%))", "sgd(0 -> linear(1, 10) -> hold)", "sgd(5%)"):
        assert "`:total`" in the_error(text).message
    assert "`:epoch_steps`" in the_error("sgd(0 -> linear(1, 3ep))").message


@pytest.mark.parametrize(
    "total",
    ["x", 2.5, None, -3],
)
def test_a_total_that_is_none(total: Any) -> None:
    found = the_error("sgd(0 -> linear(1, 5%))", total=total)
    assert "total" in found.message


def test_what_holds_a_hole_stays_unevaluated_when_it_is_not_asked_for() -> None:
    chain, findings, _ = resolved("clip(:x) when false | sgd(0.1)")
    assert chain is None
    assert [finding.code for finding in findings] == ["E205"], "a branch that is off is checked too"
