"""Text of values: how tightly it binds, and the number that it is. In: text. Out: `Term`. It knows no Python."""

import math
from typing import NamedTuple

from optdsl.python.read.things import Unread
from optdsl.semantics.arithmetic import LARGEST, Fault, apply
from optdsl.semantics.show import show

ARROW, GUARD, NAMED, OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(12)
"""How tightly a text binds, as the grammar has it, loosest first."""


class Term(NamedTuple):
    """Text of a value, how tightly it binds, and the number that it is, where it is a constant."""

    text: str
    level: int = ATOM
    value: int | float | None = None
    varies: bool = False
    """Whether it depends on the step or the leaf."""

    def at(self, level: int) -> str:
        """Returns the text, in parentheses if it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"


def literal(value: float) -> Term:
    """Returns a number; raises `Unread` for one that the language cannot write."""
    if value != value or (abs(value) > LARGEST and abs(value) != math.inf):
        raise Unread
    return Term(show(value), SIGN if value < 0 else ATOM, value)


def is_whole(value: float | None) -> bool:
    """Returns whether a constant is a whole number."""
    return value is not None and float(value).is_integer()


def computed(function: str, *terms: Term) -> int | float | None:
    """Returns the constant that an operation gives, None if an operand is none; raises `Unread` without a result."""
    values = [term.value for term in terms if term.value is not None]
    if len(values) != len(terms):
        return None
    try:
        return apply(function, values)
    except Fault:
        raise Unread from None


def joined(word: str, terms: list[Term]) -> Term:
    """Returns conditions joined by `and` or `or`."""
    level = AND if word == "and" else OR
    return terms[0] if len(terms) == 1 else Term(f" {word} ".join(term.at(level + 1) for term in terms), level)
