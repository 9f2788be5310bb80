"""The canonical text of the smallest nodes, and of numbers that were computed rather than written.

A node without parts -> text; a number -> text. It knows nothing of lines.
"""

import re
from typing import assert_never

from optdsl.syntax import ast

_BARE_GLOB = re.compile(
    r"[A-Za-z0-9_.\-]*(?:[/*]|\{[A-Za-z_][A-Za-z0-9_]*\})(?:[A-Za-z0-9_.\-/*]|\{[A-Za-z_][A-Za-z0-9_]*\})*"
)
"""What the grammar reads as a glob without quotes."""

Leaf = ast.Number | ast.Duration | ast.Constant | ast.String | ast.Name | ast.Glob | ast.LeafClass | ast.PathMatch
"""The nodes that are one word or mark."""


def spell(node: Leaf) -> str:
    """Returns the canonical text of `node`: numbers as written, single quotes, globs bare if they can be."""
    match node:
        case ast.Number(_, text) | ast.Duration(_, text):
            return text
        case ast.Constant():
            return node.word
        case ast.String(_, text):
            return _quoted(text)
        case ast.Name(_, name) | ast.LeafClass(_, name):
            return name
        case ast.Glob(_, pattern):
            return pattern if _BARE_GLOB.fullmatch(pattern) else _quoted(pattern)
        case ast.PathMatch(_, subject, pattern):
            return f"{subject.id} ~ {_quoted(pattern.text)}"
        case _:
            assert_never(node)


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


def show_number(value: int | float | bool | None) -> str:
    """Returns the shortest text that reads back as `value`: `1e-3`, `0.05`, `1000`, `inf`, `true`, `none`.

    Raises ValueError for nan, which the language cannot write.
    """
    if value is None or isinstance(value, (bool, int)):
        return str(value).lower()
    if value != value:
        raise ValueError("the language has no text for nan")
    plain = repr(value)
    if "e" not in plain and (not value or 0.01 <= abs(value) < 1e6 or abs(value) == float("inf")):
        return plain
    short = _scientific(value)
    return short if "e" in plain or len(short) < len(plain) else plain


def _scientific(value: float) -> str:
    """Returns as few digits as tell `value` from its neighbours, and a power of ten."""
    candidates = (f"{value:.{places}e}" for places in range(18))
    digits, exponent = next(text for text in candidates if float(text) == value).split("e")
    return f"{digits}e{int(exponent)}"
