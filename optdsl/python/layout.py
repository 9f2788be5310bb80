"""Laying out Python code: a tree of calls -> text, on one line where it fits, else one item a line."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 88
_STEP = 4


@dataclass(frozen=True, slots=True)
class Node:
    """A bracketed list of items: a call, a list, a dict. An item is a text before it (`b1=`) and its code."""

    opening: str
    items: tuple[tuple[str, Code], ...]
    closing: str = ")"
    broken: bool = False
    """Whether each item has a line of its own even if all would fit on one."""


Code = str | Node


def call(function: str, *items: Code, broken: bool = False) -> Node:
    """Returns the call of `function` with positional arguments."""
    return Node(f"{function}(", tuple(("", item) for item in items), broken=broken)


def flat(code: Code) -> str:
    """Returns the code on one line."""
    if isinstance(code, str):
        return code
    return code.opening + ", ".join(before + flat(item) for before, item in code.items) + code.closing


def render(code: Code, indent: int = 0, used: int = 0) -> str:
    """Returns the code as text that begins after `used` characters of a line indented by `indent`.

    >>> render(call("chain", "first()", "second()", broken=True))
    'chain(\\n    first(),\\n    second(),\\n)'
    """
    fits = indent + used + len(flat(code)) < WIDTH
    if isinstance(code, str) or (fits and not _is_broken(code)) or not code.items:
        return flat(code)
    inner = indent + _STEP
    lines = [f"{' ' * inner}{before}{render(item, inner, len(before))},\n" for before, item in code.items]
    return f"{code.opening}\n{''.join(lines)}{' ' * indent}{code.closing}"


def _is_broken(code: Code) -> bool:
    return isinstance(code, Node) and (code.broken or any(_is_broken(item) for _, item in code.items))
