"""From Lark's reductions to the syntax tree: one method a rule of `grammar/optdsl.lark`, called bottom-up.

It checks nothing: limits and meaning come later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from optdsl.source import Range
from optdsl.syntax import ast


class Token(Protocol):
    """What is used of Lark's tokens, which are strings with a place."""

    start_pos: int
    end_pos: int
    type: str

    def __str__(self) -> str: ...


Item = Any


def _range(items: Sequence[Item]) -> Range:
    first, last = items[0], items[-1]
    start = first.span.start if isinstance(first, ast.Node) else first.start_pos
    end = last.span.end if isinstance(last, ast.Node) else last.end_pos
    return Range(start, end)


def _name(token: Token) -> ast.Name:
    return ast.Name(Range(token.start_pos, token.end_pos), str(token))


def _nodes(items: Sequence[Item]) -> tuple[Any, ...]:
    return tuple(item for item in items if isinstance(item, ast.Node))


class Builder:
    """Turns the children of each rule into one node; children are nodes and tokens, in the order of the text."""

    # ---- programs

    def program(self, items: Sequence[Item]) -> tuple[tuple[ast.Statement, ...], ast.Expression]:
        *statements, body = _nodes(items)
        return tuple(statements), body

    def binding(self, items: Sequence[Item]) -> ast.Binding:
        return ast.Binding(_range(items), _name(items[0]), items[2])

    def live(self, items: Sequence[Item]) -> ast.Live:
        return ast.Live(_range(items), _name(items[1]), items[3])

    def definition(self, items: Sequence[Item]) -> ast.Definition:
        return ast.Definition(_range(items), _name(items[1]), _nodes(items[2:-2]), items[-2])

    def formal(self, items: Sequence[Item]) -> ast.Formal:
        return ast.Formal(_range(items), _name(items[0]), items[2] if len(items) > 1 else None)

    # ---- chains, schedules, guards

    def chain(self, items: Sequence[Item]) -> ast.Chain:
        return ast.Chain(_range(items), _nodes(items))

    def schedule(self, items: Sequence[Item]) -> ast.Schedule:
        start, *segments = _nodes(items)
        return ast.Schedule(_range(items), start, tuple(segments))

    def where(self, items: Sequence[Item]) -> ast.Where:
        return ast.Where(_range(items), items[0], items[2])

    def when(self, items: Sequence[Item]) -> ast.When:
        return ast.When(_range(items), items[0], items[2])

    def otherwise(self, items: Sequence[Item]) -> ast.Where | ast.When:
        guard = cast("ast.Where | ast.When", items[0])
        if isinstance(guard, ast.Where):
            return ast.Where(_range(items), guard.value, guard.selector, items[2])
        return ast.When(_range(items), guard.value, guard.condition, items[2])

    def alias(self, items: Sequence[Item]) -> ast.Alias:
        return ast.Alias(_range(items), items[0], _name(items[2]))

    # ---- operators

    def binary(self, items: Sequence[Item]) -> ast.Binary:
        return ast.Binary(_range(items), str(items[1]), items[0], items[2])

    def unary(self, items: Sequence[Item]) -> ast.Unary:
        return ast.Unary(_range(items), str(items[0]), items[1])

    def compare(self, items: Sequence[Item]) -> ast.Compare:
        return ast.Compare(_range(items), str(items[1]), items[0], items[2])

    # ---- atoms

    def number(self, items: Sequence[Item]) -> ast.Number:
        return ast.Number(_range(items), str(items[0]))

    def negative_key(self, items: Sequence[Item]) -> ast.Unary:
        number = ast.Number(_range(items[1:]), str(items[1]))
        return ast.Unary(_range(items), str(items[0]), number)

    def duration(self, items: Sequence[Item]) -> ast.Duration:
        return ast.Duration(_range(items), str(items[0]))

    def constant(self, items: Sequence[Item]) -> ast.Constant:
        text = str(items[0])
        return ast.Constant(_range(items), text, text.lower())

    def string(self, items: Sequence[Item]) -> ast.String:
        return ast.String(_range(items), str(items[0])[1:-1])

    def name(self, items: Sequence[Item]) -> ast.Name:
        return _name(items[0])

    def hole(self, items: Sequence[Item]) -> ast.Hole:
        return ast.Hole(_range(items), str(items[0])[1:], items[2] if len(items) > 1 else None)

    def call(self, items: Sequence[Item]) -> ast.Call:
        block = items[-1] if isinstance(items[-1], ast.Block) else None
        arguments = None if len(items) == 2 and block else tuple(i for i in items if isinstance(i, ast.Argument))
        return ast.Call(_range(items), _name(items[0]), arguments, block)

    def block(self, items: Sequence[Item]) -> ast.Block:
        return ast.Block(_range(items), items[1])

    def argument(self, items: Sequence[Item]) -> ast.Argument:
        name = _name(items[0]) if len(items) > 1 else None
        return ast.Argument(_range(items), name, items[-1])

    def list(self, items: Sequence[Item]) -> ast.List:
        return ast.List(_range(items), _nodes(items))

    def tuple(self, items: Sequence[Item]) -> ast.Tuple:
        return ast.Tuple(_range(items), _nodes(items))

    def map(self, items: Sequence[Item]) -> ast.Map:
        return ast.Map(_range(items), _nodes(items))

    def entry(self, items: Sequence[Item]) -> ast.Entry:
        return ast.Entry(_range(items), items[0], items[2])

    def group(self, items: Sequence[Item]) -> ast.Group:
        return ast.Group(_range(items), items[1])

    def match(self, items: Sequence[Item]) -> ast.Match:
        return ast.Match(_range(items), _nodes(items))

    def arm(self, items: Sequence[Item]) -> ast.Arm:
        selector = items[0] if isinstance(items[0], ast.Node) else None
        return ast.Arm(_range(items), cast("ast.Selector | None", selector), items[2])

    # ---- selectors

    def glob(self, items: Sequence[Item]) -> ast.Glob:
        text = str(items[0])
        return ast.Glob(_range(items), text[1:-1] if items[0].type == "STRING" else text)

    def leaf_class(self, items: Sequence[Item]) -> ast.LeafClass:
        return ast.LeafClass(_range(items), str(items[0]))

    def path_match(self, items: Sequence[Item]) -> ast.PathMatch:
        return ast.PathMatch(_range(items), _name(items[0]), self.string([items[2]]))

    def subject(self, items: Sequence[Item]) -> tuple[ast.Name, ast.Expression | None, int]:
        return _name(items[0]), items[2] if len(items) > 1 else None, _range(items).start

    def leaf_test(self, items: Sequence[Item]) -> ast.LeafTest:
        (subject, index, start), operator, value = items
        return ast.LeafTest(Range(start, value.span.end), subject, index, str(operator), value)
