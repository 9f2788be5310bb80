"""Arithmetic on constants is exact, as in Python; what has no result is an error at its place."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meanings import errors, number, places, read, the_error

from optdsl import ir

EXACT = [
    ("0.1 + 0.2", 0.1 + 0.2),
    ("0.1 * 3", 0.30000000000000004),
    ("10 // 3", 3),
    ("-7 // 2", -4),
    ("7 / 2", 3.5),
    ("6 / 2", 3.0),
    ("2 ** 10", 1024),
    ("2 ** -1", 0.5),
    ("-2 ** 2", -4),
    ("(-2) ** 2", 4),
    ("2 ** 3 ** 2", 512),
    ("1 - 2 - 3", -4),
    ("8 / 4 / 2", 1.0),
    ("2 + 3 * 4", 14),
    ("--3", 3),
    ("+3", 3),
    ("1k", 1000),
    ("1.5k", 1500),
    ("2M", 2_000_000),
    ("1.0005k", 1000.5),
    ("3e-4 * 256 / 512", 3e-4 * 256 / 512),
    ("3e-4 * (256 / 512)", 3e-4 * (256 / 512)),
    ("min(3, 1, 2)", 1),
    ("max(1e-3, 1e-4)", 1e-3),
    ("abs(-3)", 3),
    ("sqrt(2)", math.sqrt(2)),
    ("exp(1)", math.e),
    ("log(10)", math.log(10)),
    ("cos(0)", 1.0),
    ("floor(2.5)", 2),
    ("floor(-2.5)", -3),
    ("1 / 3 * 3", 1.0),
    ("10_000 // 7", 1428),
    ("inf", math.inf),
    ("2 when 1 < 2 else 3", 2),
    ("2 when 1 > 2 else 3", 3),
    ("2 when 1 <= 2 and 2 >= 2 else 3", 2),
    ("2 when not 1 == 1.0 else 3", 3),
    ("2 when 'a' == 'a' else 3", 2),
    ("1 when false else 2 when false else 3", 3),
]


@pytest.mark.parametrize(("expression", "want"), EXACT)
def test_results(expression: str, want: float) -> None:
    found = number(expression)
    assert (found, type(found)) == (want, type(want))


@given(st.floats(0, 1e6), st.floats(1e-6, 1e6), st.integers(0, 10**6))
def test_floats_are_those_of_python(a: float, b: float, n: int) -> None:
    text = f"{a} * {b} - {n} / {b}"
    assert number(text) == a * b - n / b


NO_RESULT = [
    ("«1 / 0»", "division by zero"),
    ("2 + «7 // 0» * 3", "division by zero"),
    ("«0 ** -1»", "division by zero"),
    ("«1.0 / 0.0»", "division by zero"),
    ("«10.0 ** 400»", "too large"),
    ("«1e308 * 10»", "too large"),
    ("2 ** «9 ** 9 ** 9»", "too large"),
    ("«exp(1k)»", "too large"),
    ("«1e200 ** 2»", "too large"),
    ("«log(0)»", "no value"),
    ("«sqrt(-1)»", "no value"),
    ("«(-8) ** 0.5»", "not a real number"),
    ("«inf - inf»", "not a number"),
    ("«0 * inf»", "not a number"),
]


@pytest.mark.parametrize(("marked", "says"), NO_RESULT)
def test_what_has_no_result(marked: str, says: str) -> None:
    text, where = read(f"scale({marked})")
    found = the_error(text)
    assert found.code == "E231"
    assert says in found.message
    assert places((found,)) == where


@pytest.mark.parametrize("expression", ["10 ** 400", "-10 ** 400", "9" * 390, "1e308k", "1 * :big"])
def test_a_number_that_no_float_holds(expression: str) -> None:
    (found,) = errors(f"scale({expression})", **({"big": 10**400} if ":big" in expression else {}))
    assert found.code in ("E103", "E231")
    assert "too large" in found.message


def test_operands_are_numbers() -> None:
    text, where = read("scale(1 + «true» - «'a'» * «clip(1.0)»)")
    found = errors(text)
    assert places(found) == where
    assert {finding.code for finding in found} == {"E221"}


@pytest.mark.parametrize("expression", ["min()", "sqrt()", "sqrt(1, 2)", "sqrt(x=2)", "floor { sgd(0.1) }"])
def test_functions_take_their_operands(expression: str) -> None:
    assert the_error(f"scale({expression})").code in ("E202", "E211", "E213", "E214")


def test_one_fault_is_reported_once() -> None:
    assert [finding.code for finding in errors("x = 1 / 0; y = x + x; scale(y * x)")] == ["E231"]


VARYING: list[tuple[str, Any]] = [
    ("step", ir.Step()),
    ("2 * 3 * step", ir.Apply("*", (6, ir.Step()))),
    ("step * (2 + 3)", ir.Apply("*", (ir.Step(), 5))),
    ("-step", ir.Apply("neg", (ir.Step(),))),
    ("min(1, step / (5 * 100))", ir.Apply("min", (1, ir.Apply("/", (ir.Step(), 500))))),
    ("warmup(500)", ir.Apply("min", (1, ir.Apply("/", (ir.Step(), 500))))),
]


@pytest.mark.parametrize(("expression", "want"), VARYING)
def test_what_varies_is_kept_and_its_constants_are_folded(expression: str, want: ir.Value) -> None:
    assert number(expression) == want


def test_a_condition_that_is_no_condition() -> None:
    for condition in ("3", "'x'", "clip(1.0)", "none", "step"):
        assert the_error(f"scale(1 when {condition} else 2)").code == "E221"
