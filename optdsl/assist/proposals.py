"""Assist, proposals: all that may be written at one place, what fits best first; they are ranked elsewhere.

Everything proposed comes from rows, from the names that the text binds, or from the paths of the host's parameters.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal, NamedTuple

from optdsl.assist.calls import block_parameter, enclosing, parameter_of, row_of, taken
from optdsl.assist.places import Bound, Outline, Shape, Slot
from optdsl.assist.words import CLASSES, CONSTANTS, FUNCTIONS, HOLES, KEYWORDS, SEGMENTS, STEP, SUBJECTS
from optdsl.registry import Kind, Parameter, Row, schedules, transforms
from optdsl.semantics.facts import default_text, described, label
from optdsl.semantics.words import DTYPES
from optdsl.source import Range
from optdsl.syntax import ast
from optdsl.syntax.spelling import spell

CompletionKind = Literal["stage", "parameter", "schedule", "selector", "value", "binding", "hole", "path", "keyword"]
_NUMBERS = frozenset({Kind.NUMBER, Kind.SCHEDULABLE, Kind.INTEGER, Kind.OBJECT})
_VARYING = frozenset({Kind.NUMBER, Kind.SCHEDULABLE, Kind.OBJECT})
_BEFORE_BRACKET = re.compile(r"[A-Za-z0-9_.]*\s*[({]")


class Completion(NamedTuple):
    """One proposal: what is shown, what is written from `start` up to the cursor, and what is known of it."""

    label: str
    insert: str
    kind: CompletionKind
    detail: str
    documentation: str
    start: int


class Proposals:
    """All that may stand at one place, not yet ranked."""

    def __init__(self, found: Outline, offset: int, leaves: Sequence[str]) -> None:
        self.found = found
        self.offset = offset
        self.place = found.place
        self.leaves = leaves
        self.names = found.visible(self.place.start)
        self.call = enclosing(self.place.frame, self.place.argument)
        self.is_open = _BEFORE_BRACKET.match(found.text, self.place.start) is not None

    def all(self) -> Iterator[Completion]:
        """Yields the proposals, what fits best first."""
        place = self.place
        if self._names_something():
            return iter(())
        if not place.ready:
            return self._behind_operand()
        match place.slot:
            case Slot.STAGE:
                return chain(self._stages(), self._statements())
            case Slot.EITHER:
                return chain(self._numbers(), self._stages())
            case Slot.SELECTOR:
                return self._compared() if place.compared else self._selectors()
            case Slot.CONDITION:
                return chain(self._condition(), self._bindings(), self._holes())
            case Slot.SEGMENT:
                return (self._called(row, "schedule") for row in SEGMENTS.values())
            case _:
                return self._values()

    def _names_something(self) -> bool:
        place = self.place
        return place.slot is Slot.NAME or (place.frame.shape is Shape.FORMALS and place.fresh)

    def _make(
        self, shown: str, insert: str, kind: CompletionKind, detail: str = "", documentation: str = ""
    ) -> Completion:
        return Completion(shown, insert, kind, detail, documentation, self.place.start)

    # ---- stages

    def _stages(self) -> Iterator[Completion]:
        yield from self._bindings()
        for name, bound in self.names.items():
            if bound.form == "def" and (row := row_of(name, self.found.text, self.names)) is not None:
                yield self._called(row, "stage")
        rows = sorted(transforms(), key=_length_of_name) if self.place.start < self.offset else transforms()
        yield from (self._called(row, "stage") for row in rows if not row.deprecated)
        yield from (self._called(row, "stage") for row in rows if row.deprecated)
        yield self._make("match", "match { ", "keyword", "SEL => chain, ...", KEYWORDS["match"])
        yield from self._holes()

    def _statements(self) -> Iterator[Completion]:
        if self.place.fresh and self.place.frame.shape is Shape.PROGRAM:
            yield from (self._keyword(word) for word in ("live", "def"))

    def _called(self, row: Row, kind: CompletionKind) -> Completion:
        text = label(row).text
        documentation = "\n\n".join(filter(None, (row.prose.summary, row.prose.formula and f"`{row.prose.formula}`")))
        insert = f"{row.name}{self._opening(row)}"
        return self._make(row.name, insert, kind, text.removeprefix(row.name), documentation)

    def _opening(self, row: Row) -> str:
        """Returns the bracket that a word cannot do without, unless there is one already."""
        required = [parameter for parameter in row.parameters if parameter.required]
        if not required or self.is_open:
            return ""
        return " { " if all(parameter.kind is Kind.TRANSFORM for parameter in required) else "("

    # ---- arguments and values

    def _values(self) -> Iterator[Completion]:
        """Yields what an argument may be, and the parameters that it may name."""
        row = self._row()
        if self.call is None or row is None:
            return self._numbers(Kind.INTEGER if self.place.frame.shape is Shape.INDEX else Kind.SCHEDULABLE)
        frame, number = self.call
        parameter = parameter_of(row, frame, number)
        direct = frame is self.place.frame
        at_name = direct and self.place.fresh
        whole = direct and (at_name or frame.arguments[number].name is not None)
        names = self._parameters(row) if at_name else iter(())
        values = self._for(parameter, whole) if parameter else iter(())
        # The first argument may still become the chain that else a block gives.
        inner = block_parameter(row, frame) if at_name and number == 0 and not frame.block else None
        return chain(names, values, self._stages() if inner is not None else iter(()))

    def _row(self) -> Row | None:
        if self.call is None:
            return None
        frame = self.call[0]
        return row_of(frame.callee, self.found.text, self.names, segment=frame.segment)

    def _parameters(self, row: Row) -> Iterator[Completion]:
        assert self.call is not None
        given = taken(row, *self.call)
        for parameter in row.parameters:
            if parameter.name not in given:
                detail = "required" if parameter.required else default_text(parameter)
                yield self._make(f"{parameter.name}=", f"{parameter.name}=", "parameter", detail, described(parameter))

    def _for(self, parameter: Parameter, whole: bool) -> Iterator[Completion]:
        """Yields values of a parameter; `whole` where the argument is still empty."""
        if whole and not parameter.required and not self.place.fresh:
            text = default_text(parameter)
            yield self._make(text, text, "value", "default", described(parameter))
        for word in parameter.choices:
            shown = word if parameter.kind is Kind.AXES else f"'{word}'"
            yield self._make(shown, shown, "value", parameter.name, described(parameter))
        if whole and parameter.optional and default_text(parameter) != "none":
            yield self._make("none", "none", "value", parameter.name)
        match parameter.kind:
            case Kind.TRANSFORM:
                yield from self._stages()
                return
            case Kind.BOOL:
                yield from self._words(CONSTANTS[:2], parameter.name)
            case Kind.DTYPE:
                yield from self._words(DTYPES, parameter.name)
            case Kind.MASK:
                yield self._make("true where", "true where ", "value", parameter.name, described(parameter))
            case Kind.SCHEDULES:
                yield from (self._called(row, "schedule") for row in schedules())
            case _:
                pass
        yield from self._numbers(parameter.kind) if parameter.kind in _NUMBERS else self._holes_and_names()

    def _words(self, words: Sequence[str], detail: str) -> Iterator[Completion]:
        return (self._make(word, word, "value", detail) for word in words)

    def _numbers(self, kind: Kind = Kind.SCHEDULABLE) -> Iterator[Completion]:
        yield from self._bindings()
        if kind in _VARYING:
            yield from (self._called(row, "schedule") for row in schedules())
            yield self._make("step", "step", "value", "", STEP)
        yield from (self._called(row, "schedule") for row in FUNCTIONS.values())
        yield from self._holes()

    def _holes_and_names(self) -> Iterator[Completion]:
        return chain(self._bindings(), self._holes())

    def _bindings(self) -> Iterator[Completion]:
        for name, bound in self.names.items():
            if bound.form != "def":
                yield self._make(name, name, "binding", _value_of(bound, self.found.text))

    def _holes(self) -> Iterator[Completion]:
        text = self.found.text
        written = (
            text[token.span.start : token.span.end]
            for token in self.found.tokens
            if token.kind == "hole" and token.span.start != self.place.start
        )
        for hole in dict.fromkeys((*written, *(f":{name}" for name in HOLES))):
            if len(hole) > 1:
                yield self._make(hole, hole, "hole", "", HOLES.get(hole[1:], "Filled by the host."))

    # ---- selectors and conditions

    def _selectors(self) -> Iterator[Completion]:
        yield from (self._make(word, word, "selector", "", told) for word, told in CLASSES.items())
        yield from paths(self.leaves, self.place.start)
        for word, told in SUBJECTS.items():
            insert = {"shape": "shape[", "path": "path ~ '"}.get(word, f"{word} ")
            yield self._make(word, insert, "selector", "", told)
        yield self._keyword("not")
        if self.place.frame.shape is Shape.MATCH and self.place.fresh:
            yield self._make("else", "else => ", "keyword", "", KEYWORDS["else"])
        yield from self._holes()

    def _compared(self) -> Iterator[Completion]:
        if self.place.subject == "dtype":
            return self._words(DTYPES, "dtype")
        return chain(self._bindings(), self._holes())

    def _condition(self) -> Iterator[Completion]:
        yield self._make("step", "step", "value", "", STEP)
        yield self._keyword("not")
        yield from self._words(CONSTANTS[:2], "")

    # ---- what joins

    def _behind_operand(self) -> Iterator[Completion]:
        """Yields the keywords that may follow; only where a word has begun, as marks are more likely."""
        if self.place.start == len(self.found.text) or self.place.frame.shape is Shape.MAP:
            return iter(())
        words = ["and", "or"] if self.place.slot in (Slot.SELECTOR, Slot.CONDITION) else []
        words += ["where", "when", "as", "else"]
        return (self._keyword(word) for word in words)

    def _keyword(self, word: str) -> Completion:
        return self._make(word, f"{word} ", "keyword", "", KEYWORDS[word])


def _length_of_name(row: Row) -> int:
    return len(row.name)


def _value_of(bound: Bound, text: str) -> str:
    return " ".join(text[bound.value.start : bound.value.end].split())


def paths(leaves: Sequence[str], start: int) -> Iterator[Completion]:
    """Yields the paths of leaves, and globs for what lies below their first segments."""
    folders = ("/".join(parts[:depth]) for parts in map(_segments, leaves) for depth in range(1, len(parts)))
    below = dict.fromkeys(f"{folder}/**" for folder in folders)
    for path in chain(below, leaves):
        written = spell(ast.Glob(Range(0, 0), path))
        yield Completion(path, written, "path", "", "", start)


def _segments(leaf: str) -> list[str]:
    return leaf.split("/")
