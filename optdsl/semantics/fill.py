"""A program with its holes filled in: the text that stands alone, and goes into logs and checkpoints.

It works on the text, so that comments and layout stay where they are.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from optdsl.node import fields
from optdsl.semantics.holes import host_value
from optdsl.semantics.show import show
from optdsl.source import Range
from optdsl.syntax import ast

_OPERATORS = (ast.Unary, ast.Binary)


class Change(NamedTuple):
    """Characters `start` to `end` of the source become `text`."""

    start: int
    end: int
    text: str


def filled(program: ast.Program, given: Mapping[str, Any], lengths: Mapping[Range, int]) -> str:
    """Returns the text of `program` with holes as literals and relative durations in updates.

    A hole that holds a Python object stays a hole, since no text can say what it holds.
    """
    text, parts, at = program.source.text, list[str](), 0
    for change in sorted(_changes(program, given, lengths)):
        parts += [text[at : change.start], change.text]
        at = change.end
    return "".join([*parts, text[at:]])


def _changes(program: ast.Program, given: Mapping[str, Any], lengths: Mapping[Range, int]) -> Iterator[Change]:
    """Yields the changes, none inside another."""
    pending: list[tuple[Any, bool]] = [(node, False) for node in (*program.statements, program.body)]
    while pending:
        node, operand = pending.pop()
        if type(node) is tuple:
            pending.extend((part, operand) for part in node)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        elif isinstance(node, ast.Hole):
            yield from _hole(node, operand, given)
            if node.name not in given and node.default is not None:
                pending.append((node.default, False))
        elif isinstance(node, ast.Duration) and node.span in lengths:
            yield Change(*node.span, str(lengths[node.span]))
        elif isinstance(node, ast.Node):
            for segment in node.segments if isinstance(node, ast.Schedule) else ():
                if segment.span in lengths:
                    yield _with_length(segment, lengths[segment.span])
            inside = isinstance(node, _OPERATORS)
            pending.extend((getattr(node, part.name), inside) for part in fields(node) if part.name != "span")


def _hole(node: ast.Hole, operand: bool, given: Mapping[str, Any]) -> Iterator[Change]:
    """Yields what fills a hole; a negative number beside an operator is put into parentheses."""
    start, end = node.span
    if node.name in given:
        text = literal(host_value(node.name, given[node.name]))
        if text is not None:
            yield Change(start, end, f"({text})" if operand and text.startswith("-") else text)
    elif node.default is not None:
        negative = operand and isinstance(node.default, ast.Unary)
        yield Change(start, node.default.span.start, "(" if negative else "")
        if negative:
            yield Change(end, end, ")")


def _with_length(node: ast.Node, length: int) -> Change:
    """Returns what makes an open segment say its duration."""
    if not isinstance(node, ast.Call):
        return Change(node.span.end, node.span.end, f"({length})")
    if not node.arguments:
        return Change(node.span.end - 1, node.span.end - 1, str(length))
    last = node.arguments[-1]
    return Change(last.span.end, last.span.end, f", n={length}" if last.name else f", {length}")


def literal(value: Any) -> str | None:
    """Returns what a host's value is in the language, None where the language cannot say it."""
    if isinstance(value, str):
        return None if ("'" in value and '"' in value) or "\n" in value else show(value)
    if isinstance(value, float) and value != value:
        return None
    if value is None or isinstance(value, (bool, int, float)):
        return show(value)
    if not isinstance(value, tuple):
        return None
    items: list[str | None] = [literal(item) for item in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    known = [item for item in items if item is not None]
    comma = "," if len(known) == 1 else ""
    return None if len(known) < len(items) else f"({', '.join(known)}{comma})"
