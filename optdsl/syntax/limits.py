"""The limits of the language (LANGUAGE.md section 10): past them an error, never a crash, a hang or a traceback."""

from collections.abc import Iterator

from optdsl.diagnostics import Findings
from optdsl.node import fields
from optdsl.source import Range, Source
from optdsl.syntax import ast
from optdsl.syntax.scan import deepest

SOURCE_BYTES = 256 * 1024
NESTING = 64
"""Brackets inside brackets."""
TREE_DEPTH = 200
"""Nodes inside nodes: 64 brackets with two operators each. Every stage of the compiler may recurse this far."""
STAGES = 1_000
LIST_ITEMS = 10_000

_SHORT = 128
"""A text of fewer characters can break no limit."""


def check_text(source: Source, findings: Findings) -> bool:
    """Reports a text that is too long or nested too deep to parse; returns whether it is neither."""
    if len(source.text) < _SHORT:
        return True
    if len(source.text.encode(errors="replace")) > SOURCE_BYTES:
        findings.add("E107", "the program is longer than 256 KiB", Range(0, 1), help="split it")
        return False
    if bracket := deepest(source.text, NESTING):
        place = Range(bracket.offset, bracket.offset + 1)
        findings.add(
            "E108", f"brackets are nested more than {NESTING} deep", place, help="bind the inner part to a name"
        )
        return False
    return True


def check_tree(program: ast.Program, findings: Findings) -> bool:
    """Reports a tree that is too deep, a program of too many stages and a list of too many items."""
    if len(program.source.text) < _SHORT:
        return True
    stages = 0
    for node, depth in _walk(program):
        if depth > TREE_DEPTH:
            findings.add("E108", "operators are nested too deep", node.span, help="bind a part to a name")
            return False
        stages += len(node.stages) if isinstance(node, ast.Chain) else 0
        if stages > STAGES:
            findings.add("E107", f"the program has more than {STAGES:,} stages", node.span, help="use fewer stages")
            return False
        if len(_items(node)) > LIST_ITEMS:
            findings.add("E107", f"the list has more than {LIST_ITEMS:,} items", node.span, help="use fewer items")
            return False
    return True


def _items(node: ast.Node) -> tuple[ast.Node, ...]:
    match node:
        case ast.List(_, items) | ast.Tuple(_, items):
            return items
        case ast.Call(arguments=items):
            return items or ()
        case ast.Map(_, entries):
            return entries
        case ast.Match(_, arms):
            return arms
        case _:
            return ()


def _walk(program: ast.Program) -> Iterator[tuple[ast.Node, int]]:
    """Yields every node with its depth; a loop, because what it looks for would break a recursion."""
    pending: list[tuple[object, int]] = [(node, 1) for node in (*program.statements, program.body)]
    while pending:
        item, depth = pending.pop()
        if isinstance(item, tuple):
            pending.extend((part, depth) for part in item)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        elif isinstance(item, ast.Node):
            yield item, depth
            pending.extend((getattr(item, part.name), depth + 1) for part in fields(item) if part.name != "span")
