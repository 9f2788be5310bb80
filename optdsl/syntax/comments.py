"""Which comment belongs to what: `Program` -> `Remarks`, for the formatter.

A comment belongs to an item of the innermost sequence around it: a statement of the program, a stage of a
chain, what stands between two brackets. Behind an item, on the line where that ends, it trails the item;
elsewhere it leads the next item, or ends the sequence. Inside an item, where no line can end, it moves up to
lead that item. No two comments change places. It does not know how anything is laid out.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from optdsl.syntax import ast
from optdsl.syntax.scan import bracket_pairs


class Remarks(NamedTuple):
    """Comments by what they belong to; keys are the `id` of nodes, and of the program."""

    leading: dict[int, list[str]]
    """On lines of their own before an item."""
    trailing: dict[int, str]
    """Behind an item, on its last line."""
    ending: dict[int, list[str]]
    """On lines of their own behind the last item of a sequence, by the node that is the sequence."""


class _Sequence(NamedTuple):
    start: int
    end: int
    owner: ast.Node | ast.Program
    items: tuple[ast.Node, ...]

    @property
    def closes(self) -> bool:
        """Whether a mark ends it, before which a comment can stand."""
        return not isinstance(self.owner, ast.Chain)


def attach(program: ast.Program) -> Remarks:
    """Returns where the comments of `program` belong; each is there once."""
    remarks = Remarks(defaultdict(list), {}, defaultdict(list))
    if program.comments:
        _Sweep(program, remarks).run()
    return remarks


class _Sweep:
    """One walk over comments and sequences, both by their place in the text."""

    def __init__(self, program: ast.Program, remarks: Remarks) -> None:
        self.text = program.source.text
        self.comments = program.comments
        self.sequences = sorted(_sequences(program), key=lambda sequence: (sequence.start, -sequence.end))
        self.remarks = remarks
        self.around: list[_Sequence] = []
        self.closed: _Sequence | None = None
        self.last = (-1, -1)
        """Where the comment before was written, and the `id` of what it leads."""

    def run(self) -> None:
        pending = iter(self.sequences)
        following = next(pending, None)
        for comment in self.comments:
            place = comment.span.start
            while following is not None and following.start <= place:
                self._leave(following.start)
                self.around.append(following)
                following = next(pending, None)
            self._leave(place)
            self.last = place, self._place(comment)

    def _leave(self, place: int) -> None:
        while self.around[-1:] and self.around[-1].end <= place:
            left = self.around.pop()
            self.closed = left if left.closes else self.closed

    def _place(self, comment: ast.Comment) -> int:
        """Attaches `comment`; returns the `id` of the item that it leads, if it does."""
        place, sequence = comment.span.start, self.around[-1]
        number = bisect_right(sequence.items, place, key=lambda item: item.span.start)
        before = sequence.items[number - 1] if number else None
        if before is not None and place < _end(before):
            return self._lift(comment, len(self.around) - 1, before)
        if before is not None and "\n" not in self.text[_end(before) : place]:
            self.remarks.trailing[id(before)] = comment.text
            return -1
        if number == len(sequence.items):
            self.remarks.ending[id(sequence.owner)].append(comment.text)
            return -1
        return self._lead(comment, sequence.items[number])

    def _lift(self, comment: ast.Comment, depth: int, item: ast.Node) -> int:
        """Attaches a comment inside `item`: it leads the item, unless that took it past another comment."""
        sequence = self.around[depth]
        if isinstance(sequence.owner, ast.Chain) and item is sequence.items[0]:
            outer = self.around[depth - 1]
            number = bisect_right(outer.items, item.span.start, key=lambda item: item.span.start)
            return self._lift(comment, depth - 1, outer.items[number - 1])
        written, led = self.last
        if self.closed is not None and written > item.span.start and led != id(item):
            self.remarks.ending[id(self.closed.owner)].append(comment.text)
            return -1
        return self._lead(comment, item)

    def _lead(self, comment: ast.Comment, item: ast.Node) -> int:
        self.remarks.leading[id(item)].append(comment.text)
        return id(item)


def _end(item: ast.Node) -> int:
    """Returns where `item` ends; a statement, before its `;`."""
    match item:
        case ast.Binding(_, _, value) | ast.Live(_, _, value) | ast.Definition(_, _, _, value):
            return value.span.end
        case _:
            return item.span.end


def _sequences(program: ast.Program) -> Iterator[_Sequence]:
    """Yields every sequence of `program` that a comment can stand in."""
    text = program.source.text
    pairs = bracket_pairs(text)
    yield _Sequence(-1, len(text) + 1, program, (*program.statements, program.body))
    for node in ast.walk(program.body, *program.statements):
        if isinstance(node, ast.Chain):
            yield _Sequence(node.span.start, node.span.end, node, node.stages)
        elif (items := _between_brackets(node)) is not None:
            start, end = pairs[bisect_right(pairs, (_before_bracket(node), -1))]
            yield _Sequence(start, end, node, items)


def _between_brackets(node: ast.Node) -> tuple[ast.Node, ...] | None:
    """Returns what stands between the brackets of `node`, or None if it has none."""
    match node:
        case ast.List(_, items) | ast.Tuple(_, items) | ast.Map(_, items) | ast.Match(_, items):
            return items
        case ast.Call(arguments=items) | ast.Definition(parameters=items):
            return items
        case ast.Group(_, inner) | ast.Block(_, inner):
            return (inner,)
        case _:
            return None


def _before_bracket(node: ast.Node) -> int:
    """Returns a place with no bracket between it and the first of `node`."""
    match node:
        case ast.Call(function=name) | ast.Definition(name=name):
            return name.span.end
        case _:
            return node.span.start
