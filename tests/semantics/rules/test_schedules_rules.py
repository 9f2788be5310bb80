"""Schedules that cannot be meant: E309, W515, N602."""

from typing import Any

import pytest
from marked import Case, assert_fires, codes

FIRES: dict[str, list[tuple[Case, dict[str, Any]]]] = {
    "E309": [
        (Case("adam(warmup_cosine_decay_schedule(0, 1e-3, «100», 50))", "larger"), {}),
        (Case("adam(warmup_cosine_decay_schedule(0, 1e-3, decay_steps=50, warmup_steps=«50»))", "larger"), {}),
        (Case("accumulate(2) { adam(2 * warmup_cosine_decay_schedule(0, 1, «9», 5)) }", "larger"), {}),
        (Case("match { bias => sgd(warmup_cosine_decay_schedule(0, 1, «9», 5)), else => freeze }", "larger"), {}),
        (
            Case("sgd(join_schedules([constant_schedule(1), constant_schedule(2), constant_schedule(3)], «[5, 3]»))"),
            {},
        ),
        (
            Case("sgd(join_schedules([constant_schedule(1), constant_schedule(2), constant_schedule(3)], «[5, 5]»))"),
            {},
        ),
        (Case("adam(0 -> linear(1e-3) -> «cosine(0)»)"), {"total": 100}),
        (Case("adam(«0 -> linear(1e-3, 60%) -> cosine(0, 50%)»)"), {"total": 100}),
    ],
    "W515": [
        (Case("sgd(piecewise_constant_schedule(1e-2, «{1k: 1e-3, 2k: 1e-4}»))", "1e-09"), {}),
        (Case("adam(piecewise_interpolate_schedule('linear', 1e-2, «{1k: 1e-3}»))", "1e-05"), {}),
        (Case("accumulate(2) { sgd(piecewise_constant_schedule(1e-2, «{1k: 1e-3}»)) }", "1e-05"), {}),
        (Case("scale_by_adam | lr(.1 * piecewise_constant_schedule(1, «{1k: 1e-3}»))", "0.001"), {}),
    ],
    "N602": [
        (Case("adam(«0 -> linear(1e-3, 100)»)"), {}),
        (Case("accumulate(2) { scale_by_adam | lr(«.1 * warmup(10)») }"), {}),
        (Case("adam(learning_rate=«warmup_cosine_decay_schedule(0, 1e-3, 10, 50)»)"), {}),
        (Case("scale_by_adam | scale_by_schedule(«linear_schedule(0, -1, 10)»)"), {}),
        (Case("match { bias => sgd(«linear_schedule(0, 1, 10)»), else => freeze }"), {}),
    ],
}

SILENT: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "E309": [
        ("adam(warmup_cosine_decay_schedule(0, 1e-3, 10, 50))", {}),
        ("adam(warmup_cosine_decay_schedule(0, 1e-3, 49, 50))", {}),
        ("sgd(join_schedules([constant_schedule(1), constant_schedule(2), constant_schedule(3)], [3, 5]))", {}),
        ("sgd(join_schedules([constant_schedule(1), constant_schedule(2)], [3]))", {}),
        ("adam(0 -> linear(1e-3, 60%) -> cosine(0))", {"total": 100}),
        ("adam(0 -> linear(1e-3, 60%) -> cosine(0, 40%))", {"total": 100}),
        ("sgd(warmup_constant_schedule(0, 1, 50))", {}),
    ],
    "W515": [
        ("sgd(piecewise_constant_schedule(1e-2, {1k: .5, 2k: .1}))", {}),
        ("sgd(piecewise_constant_schedule(1e-2, {1k: .01}))", {}),
        ("sgd(piecewise_constant_schedule(1e-2, {1k: 0}))", {}),
        ("sgd(piecewise_constant_schedule(1e-2))", {}),
    ],
    "N602": [
        ("adam(1e-5 -> linear(1e-3, 100))", {}),
        ("adam(1e-3)", {}),
        ("set_to_zero", {}),
        ("adam(1e-3 * min(1, (step + 1) / 500))", {}),
        ("adam(1e-3, b1=0 -> linear(.9, 100))", {}),
        ("add_decayed_weights(0 -> linear(1, 10)) | sgd(.1)", {}),
        ("live rate = 0; sgd(rate)", {}),
    ],
}


def rows(table: dict[str, list[tuple[Any, dict[str, Any]]]]) -> list[tuple[str, Any, dict[str, Any]]]:
    return [(code, case, holes) for code, cases in table.items() for case, holes in cases]


@pytest.mark.parametrize(("code", "case", "holes"), rows(FIRES), ids=str)
def test_fires(code: str, case: Case, holes: dict[str, Any]) -> None:
    assert_fires(code, case, **holes)


@pytest.mark.parametrize(("code", "text", "holes"), rows(SILENT), ids=str)
def test_stays_silent(code: str, text: str, holes: dict[str, Any]) -> None:
    found = codes(text, **holes)
    assert code not in found
    assert [c for c in found if c[:2] in ("E1", "E2")] == []


def test_a_schedule_of_the_host_is_not_judged() -> None:
    assert codes("adam(:rate)", rate=lambda step: 0.0 * step) == []
    assert codes("scale_by_adam | scale_by_schedule(:rate)", rate=lambda step: 0.1) == []
