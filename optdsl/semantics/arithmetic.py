"""Arithmetic on constants: exact Python arithmetic on the host, or a sentence that says why there is no result.

A constant subexpression never reaches the device.
"""

import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

LARGEST = sys.float_info.max
"""No number is larger than a float can be; integers are exact up to there."""
_MOST_BITS = 4096
"""Larger integers are refused before they are computed."""


class Fault(Exception):
    """Why an operation has no result, as a sentence."""


def apply(function: str, operands: Sequence[Any]) -> Any:
    """Returns `function` of constant operands; raises `Fault` where the result is no finite real number.

    >>> apply("**", (2, 10))
    1024
    """
    if function == "**":
        _check_power(*operands)
    try:
        result = _FUNCTIONS[function](*operands)
    except ZeroDivisionError:
        raise Fault("division by zero") from None
    except OverflowError:
        raise Fault("the result is too large for a number") from None
    except ValueError:
        raise Fault(f"`{function}` has no value there") from None
    return _checked(result, operands)


def _checked(result: Any, operands: Sequence[Any]) -> Any:
    if isinstance(result, complex):
        raise Fault("the result is not a real number")
    if isinstance(result, int) and abs(result) > LARGEST:
        raise Fault("the result is too large for a number")
    if isinstance(result, float) and not math.isfinite(result) and all(map(_finite, operands)):
        raise Fault("the result is too large for a number")
    if isinstance(result, float) and math.isnan(result):
        raise Fault("the result is not a number")
    return result


def _finite(operand: Any) -> bool:
    return not isinstance(operand, float) or math.isfinite(operand)


def _check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > 2 * _MOST_BITS:
        raise Fault("the result is too large for a number")


def _divided(one: Any, other: Any) -> Any:
    return one / other


def _floored(one: Any, other: Any) -> Any:
    return one // other


def _power(one: Any, other: Any) -> Any:
    return one**other


def _and(one: bool, other: bool) -> bool:
    return one and other


def _or(one: bool, other: bool) -> bool:
    return one or other


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "//": _floored,
    "**": _power,
    "neg": operator.neg,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "not": operator.not_,
    "and": _and,
    "or": _or,
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "cos": math.cos,
    "floor": math.floor,
}

ARITY: dict[str, tuple[int, int]] = {
    "min": (1, 99),
    "max": (1, 99),
    **dict.fromkeys(("abs", "sqrt", "exp", "log", "cos", "floor"), (1, 1)),
}
"""Functions of the language, with the fewest and the most operands they take."""
