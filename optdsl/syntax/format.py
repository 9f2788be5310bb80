"""Back to text: `Program` -> canonical text, on one line where it fits.

Formatting is idempotent and keeps the tree and every comment. Documents are made from the leaves up, in a
loop, so no program is nested too deep to print. It knows no names of stages.
"""

from typing import assert_never

from optdsl.syntax import ast
from optdsl.syntax.ast import walk
from optdsl.syntax.comments import Remarks, attach
from optdsl.syntax.layout import (
    COMMA_WHEN_BROKEN,
    LINE,
    SOFT,
    Doc,
    Line,
    Remark,
    Text,
    group,
    indent,
    join,
    one_line,
    render,
)
from optdsl.syntax.spelling import Leaf, spell
from optdsl.syntax.spelling import show_number as show_number

WIDTH = 88

_LEVELS = ("or", "and", "+-", "*//")
"""Operators that stand in one row, as in `a + b - c`, are part of one of these."""

_Operator = (
    ast.Unary | ast.Binary | ast.Compare | ast.LeafTest | ast.Alias | ast.Where | ast.When | ast.Schedule | ast.Hole
)
_Sequence = ast.Chain | ast.List | ast.Tuple | ast.Map | ast.Match | ast.Call | ast.Block | ast.Group
_Assignment = ast.Binding | ast.Live | ast.Definition | ast.Formal | ast.Argument | ast.Entry | ast.Arm


def format_program(program: ast.Program) -> str:
    """Returns the canonical text of `program`, without a newline at its end."""
    printer = _Printer(attach(program))
    printer.add_all(program.body, *program.statements)
    return render(printer.program(program), WIDTH)


def format_expression(node: ast.Node) -> str:
    """Returns the canonical text of `node` on one line, without comments.

    >>> from optdsl.source import Source
    >>> from optdsl.syntax.parser import parse
    >>> format_expression(parse(Source("adam( .1 )"))[0].body)
    'adam(.1)'
    """
    printer = _Printer(Remarks({}, {}, {}))
    printer.add_all(node)
    return one_line(printer.docs[id(node)])


class _Printer:
    """The documents of the nodes seen so far; what a node consists of is added before it."""

    def __init__(self, remarks: Remarks) -> None:
        self.remarks = remarks
        self.docs: dict[int, Doc] = {}
        self.rows: dict[int, Doc] = {}
        """Operations, not yet a group: the node around goes on with them, like `a + b` in `a + b + c`."""
        self.ladders: dict[int, Doc] = {}
        """The same for `a where x else b` behind an `else`."""

    def add_all(self, *roots: ast.Node) -> None:
        """Makes the documents of everything under `roots`."""
        for node in reversed(list(walk(*roots))):
            self.docs[id(node)] = self._doc(node)

    def program(self, program: ast.Program) -> Doc:
        """Returns the document of the whole program: on one line, or one statement a line."""
        items = (*program.statements, program.body)
        return group(*self._items(program, items, [self.of(item) for item in items], "", ""))

    def of(self, node: ast.Node) -> Doc:
        """Returns the document of a node that was added."""
        return self.docs[id(node)]

    def _doc(self, node: ast.Node) -> Doc:
        if isinstance(node, Leaf):
            return Text(spell(node))
        if isinstance(node, _Operator):
            return self._operator(node)
        if isinstance(node, _Sequence):
            return self._sequence(node)
        if isinstance(node, _Assignment):
            return self._assignment(node)
        raise TypeError(f"{type(node).__name__} has no layout")

    # ---- operators: a line may end before each

    def _operator(self, node: _Operator) -> Doc:
        match node:
            case ast.Unary(_, operator, operand):
                return join("not " if operator == "not" else operator, self.of(operand))
            case ast.Binary():
                return self._binary(node)
            case ast.Compare(_, operator, left, right):
                return group(self.of(left), indent(LINE, f"{operator} ", self.of(right)))
            case ast.LeafTest(_, subject, index, operator, value):
                place = join(subject.id, "[", self.of(index), "]") if index else subject.id
                return group(place, indent(LINE, f"{operator} ", self.of(value)))
            case ast.Alias(_, value, name):
                return join(self.of(value), f" as {name.id}")
            case ast.Where(_, value, selector, otherwise):
                return self._guarded(node, value, join("where ", self.of(selector)), otherwise)
            case ast.When(_, value, condition, otherwise):
                return self._guarded(node, value, join("when ", self.of(condition)), otherwise)
            case ast.Schedule(_, start, segments):
                return group(self.of(start), *(indent(LINE, "-> ", self.of(segment)) for segment in segments))
            case ast.Hole(_, name, default):
                return join(f":{name} ?? ", self.of(default)) if default else Text(f":{name}")
            case _:
                assert_never(node)

    def _binary(self, node: ast.Binary) -> Doc:
        left = node.left
        together = isinstance(left, ast.Binary) and _level(left.operator) == _level(node.operator) != -1
        start = self.rows[id(left)] if together else self.of(left)
        row = join(start, indent(LINE, f"{node.operator} ", self.of(node.right)))
        self.rows[id(node)] = row
        return group(row)

    def _guarded(self, node: ast.Node, value: ast.Node, guard: Doc, otherwise: ast.Node | None) -> Doc:
        start = self.rows[id(value)] if isinstance(value, (ast.Where, ast.When)) else self.of(value)
        row = join(start, indent(LINE, guard))
        self.rows[id(node)] = row
        rung = group(row)
        if otherwise is None:
            return rung
        rest = self.ladders.get(id(otherwise), self.of(otherwise))
        self.ladders[id(node)] = join(rung, LINE, "else ", rest)
        return group(rung, indent(LINE, "else ", rest))

    # ---- sequences: one item a line

    def _sequence(self, node: _Sequence) -> Doc:
        match node:
            case ast.Chain(_, stages):
                first, *others = map(self.of, stages)
                docs = [first, *(join("| ", indent(stage)) for stage in others)]
                return group(*self._items(node, stages, docs, "", ""))
            case ast.Call(_, function, arguments, block):
                between = "" if arguments is None else self._bracketed(node, "()", arguments)
                return join(function.id, between, *(() if block is None else (" ", self.of(block))))
            case ast.List(_, items):
                return self._bracketed(node, "[]", items)
            case ast.Tuple(_, items):
                return self._bracketed(node, "()", items, last="," if len(items) == 1 else COMMA_WHEN_BROKEN)
            case ast.Map(_, entries):
                return self._bracketed(node, "{}", entries)
            case ast.Match(_, arms):
                return join("match ", self._bracketed(node, "{}", arms, gap=LINE))
            case ast.Block(_, body):
                return self._bracketed(node, "{}", (body,), gap=LINE, last="")
            case ast.Group(_, inner):
                return self._bracketed(node, "()", (inner,), last="")
            case _:
                assert_never(node)

    def _bracketed(
        self,
        owner: ast.Node,
        brackets: str,
        items: tuple[ast.Node, ...],
        *,
        gap: Line = SOFT,
        last: Doc | str = COMMA_WHEN_BROKEN,
    ) -> Doc:
        """Returns the items between brackets; `last` stands behind the last of them."""
        parts = self._items(owner, items, [self.of(item) for item in items], ",", last)
        return group(brackets[0], indent(gap, *parts), gap, brackets[1]) if parts else Text(brackets)

    def _items(
        self,
        owner: ast.Node | ast.Program,
        items: tuple[ast.Node, ...],
        docs: list[Doc],
        between: str,
        last: Doc | str,
    ) -> list[Doc | str]:
        """Returns the items and their comments, a line between two; commas stand before comments."""
        parts: list[Doc | str] = []
        for number, (item, doc) in enumerate(zip(items, docs, strict=True), 1):
            for remark in self.remarks.leading.get(id(item), ()):
                parts += Remark(remark), LINE
            parts += doc, between if number < len(items) else last
            if remark := self.remarks.trailing.get(id(item)):
                parts.append(Remark(f"  {remark}"))
            parts.append(LINE)
        for remark in self.remarks.ending.get(id(owner), ()):
            parts += Remark(remark), LINE
        return parts[:-1]

    # ---- what has a name, a key or a selector before it

    def _assignment(self, node: _Assignment) -> Doc:
        match node:
            case ast.Binding(_, name, value):
                return join(f"{name.id} =", self._value(value, LINE), ";")
            case ast.Live(_, name, value):
                return join(f"live {name.id} =", self._value(value, LINE), ";")
            case ast.Definition(_, name, parameters, body):
                head = join(f"def {name.id}", self._bracketed(node, "()", parameters))
                return join(head, " =", self._value(body, LINE), ";")
            case ast.Formal(_, name, default):
                return join(f"{name.id}=", self._value(default, SOFT)) if default else Text(name.id)
            case ast.Argument(_, name, value):
                return join(f"{name.id}=", self._value(value, SOFT)) if name else self.of(value)
            case ast.Entry(_, key, value):
                return join(self.of(key), ":", self._value(value, LINE))
            case ast.Arm(_, selector, body):
                return join(self.of(selector) if selector else "else", " =>", self._value(body, LINE))
            case _:
                assert_never(node)

    def _value(self, node: ast.Node, gap: Line) -> Doc:
        """Returns what stands behind `=`, `:` or `=>`; a chain that does not fit begins a new line."""
        if isinstance(node, ast.Chain):
            return group(indent(gap, self.of(node)))
        return join(gap.flat, self.of(node))


def _level(operator: str) -> int:
    return next((number for number, level in enumerate(_LEVELS) if operator in level), -1)
