"""Assist, one walk over a text: lexemes in, an `Outline` out, whatever the text looks like.

It keeps a stack of brackets as a person would, and never looks back, so time is linear. What it cannot make sense of
is punctuation. It knows no rows but for telling stages from schedules.
"""

from optdsl.assist.brackets import OPENING, Before, Brackets
from optdsl.assist.lexemes import Form, Lexeme, Reader
from optdsl.assist.places import (
    Argument,
    Frame,
    Outline,
    Place,
    Shape,
    Slot,
    Token,
    TokenKind,
)
from optdsl.assist.statements import Statements
from optdsl.assist.words import FUNCTIONS, KEYWORDS, SEGMENTS
from optdsl.registry import Sort, lookup
from optdsl.semantics.words import AXES_WORDS, DTYPES
from optdsl.source import Range
from optdsl.syntax.mistakes import RESERVED

_COMPARE = frozenset({"==", "!=", "<=", ">=", "<", ">", "~"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "**", "??"})
_OPERATORS = _COMPARE | _ARITHMETIC | {"|", "->", "=>", "="}
_CLOSING = frozenset(OPENING.values())
_GUARDED = frozenset({Slot.SELECTOR, Slot.CONDITION, Slot.NAME})
_AFTER_NAME = {"binding": Slot.EITHER, "live": Slot.VALUE, "def": Slot.STAGE}


def outline(text: str, offset: int | None = None) -> Outline:
    """Returns the outline of a text; its place is that of `offset`, by default the end."""
    return _Walk(text, len(text) if offset is None else max(0, min(offset, len(text)))).run()


class _Walk:
    """The state of the walk: the innermost bracket, and what has been found."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        self.reader = Reader(text)
        self.brackets = Brackets()
        self.tokens: list[Token] = []
        self.statements = Statements()
        self.place: Place | None = None
        self.before = Before()

    @property
    def frame(self) -> Frame:
        """Returns the innermost bracket."""
        return self.brackets.inner

    def run(self) -> Outline:
        while (found := self._next()) is not None:
            if self.place is None and found.end >= self.offset:
                self._note(found)
            self.tokens.append(Token(Range(found.start, found.end), self._take(found)))
        place = self.place or self._here(self.offset)
        bounds = self.statements.done(len(self.text))
        return Outline(self.text, tuple(self.tokens), bounds, place)

    def _next(self) -> Lexeme | None:
        frame = self.frame
        return self.reader.read(selects=frame.selects, keyed=frame.shape is Shape.MAP and not frame.ready)

    # ---- the cursor

    def _note(self, found: Lexeme) -> None:
        """Keeps the place of the cursor, if it stands before `found`, or in a word that it is."""
        if found.start >= self.offset:
            self.place = self._here(self.offset)
        elif found.form in (Form.WORD, Form.GLOB, Form.HOLE):
            self.place = self._here(found.start)
        elif found.form is Form.STRING and (found.end > self.offset or found.is_open):
            self.place = self._here(found.start)._replace(quoted=True)
        elif found.form is Form.COMMENT or (found.form is Form.NUMBER):
            self.place = self._here(found.start)._replace(dead=True)

    def _here(self, start: int) -> Place:
        frame = self.frame
        return Place(
            start,
            frame,
            frame.slot,
            frame.ready,
            frame.fresh,
            frame.compared,
            frame.subject,
            len(frame.arguments) - 1,
        )

    # ---- lexemes

    def _take(self, found: Lexeme) -> TokenKind:
        """Returns what a lexeme is where it stands, and moves on behind it."""
        if found.form is Form.COMMENT:
            return "comment"
        before, self.before = self.before, Before()
        if found.form is Form.MARK:
            return self._mark(found, before)
        kind = self._word(found) if found.form is Form.WORD else self._operand(found)
        self._begun(kind)
        return kind

    def _begun(self, kind: TokenKind) -> None:
        frame = self.frame
        frame.fresh = False
        argument = frame.arguments[-1]
        if frame.shape is Shape.CALL and argument.first is None and kind != "parameter":
            argument.first = kind

    def _operand(self, found: Lexeme) -> TokenKind:
        frame = self.frame
        selects, frame.ready = frame.selects, False
        match found.form:
            case Form.NUMBER:
                return "number"
            case Form.HOLE:
                return "hole"
            case Form.GLOB:
                return "path"
            case _:
                return "path" if selects else "string"

    def _word(self, found: Lexeme) -> TokenKind:
        word, frame = found.text, self.frame
        if word in RESERVED:
            return self._reserved(found)
        if frame.slot is Slot.NAME or (frame.shape is Shape.FORMALS and frame.fresh):
            return self._new_name(found)
        if frame.fresh and self.reader.follows("="):
            if frame.shape is Shape.CALL:
                frame.arguments[-1].name = word
                return "parameter"
            if frame.shape is Shape.PROGRAM:
                self.statements.begin("binding", found)
                return "binding"
        selects, frame.ready = frame.selects, False
        if selects:
            frame.subject = word
            return "selector"
        self.before = Before(found)
        return self._meaning(word)

    def _meaning(self, word: str) -> TokenKind:
        """Returns what a word in the place of a value or a stage stands for."""
        is_called = self.reader.follows("(", "{")
        if self.frame.slot is Slot.SEGMENT and word in SEGMENTS:
            return "schedule"
        bound = self.statements.binds(word, is_called)
        if bound is not None:
            return bound
        if word == "step" or (is_called and word in FUNCTIONS):
            return "schedule"
        if word in DTYPES or word in AXES_WORDS:
            return "keyword"
        row = lookup(word)
        if row is not None:
            return "stage" if row.sort is Sort.TRANSFORM else "schedule"
        return "stage" if self.frame.slot is Slot.STAGE or is_called else "binding"

    def _new_name(self, found: Lexeme) -> TokenKind:
        frame = self.frame
        if frame.shape is Shape.FORMALS:
            self.statements.formal(found)
        elif frame.shape is Shape.PROGRAM:
            self.statements.named(found)
        self.before = Before(found, names=self.statements.names(found))
        frame.slot, frame.ready = frame.back, False
        return "parameter" if frame.shape is Shape.FORMALS else "binding"

    def _reserved(self, found: Lexeme) -> TokenKind:
        word, frame = found.text, self.frame
        if word not in KEYWORDS:
            frame.ready = False
            return "keyword"
        if word in ("where", "when", "as", "live", "def") and frame.slot not in _GUARDED:
            frame.back = frame.slot
        frame.compared = False
        frame.ready = word != "match"
        match word:
            case "where":
                frame.slot = Slot.SELECTOR
            case "when":
                frame.slot = Slot.CONDITION
            case "as":
                frame.slot = Slot.NAME
            case "else":
                if frame.shape is Shape.MATCH and frame.fresh:
                    frame.ready = False
                else:
                    frame.slot = frame.back
            case "live" | "def":
                frame.slot = Slot.NAME
                self.statements.begin("live" if word == "live" else "def", found)
            case _:
                self.before = Before(matches=word == "match")
        return "keyword"

    # ---- marks

    def _mark(self, found: Lexeme, before: Before) -> TokenKind:
        mark, frame = found.text, self.frame
        if mark in OPENING:
            self._begun("punctuation")
            self.brackets.push(found, before)
        elif mark in _CLOSING:
            self._end_formal(frame, found.start)
            self.before = Before(closed=self.brackets.pop(mark))
        elif mark == ",":
            self._comma(found)
        elif mark == ";":
            self._semicolon(found)
        elif mark == ":":
            frame.ready = True
        elif mark in _OPERATORS:
            if mark in _ARITHMETIC:
                self._begun("number")
            self._operator(found)
            return "operator"
        return "punctuation"

    def _comma(self, found: Lexeme) -> None:
        frame = self.frame
        self._end_formal(frame, found.start)
        frame.slot = frame.back = frame.base
        frame.ready = frame.fresh = True
        frame.compared = False
        if frame.shape is Shape.CALL:
            frame.arguments.append(Argument())

    def _end_formal(self, frame: Frame, at: int) -> None:
        if frame.shape is Shape.FORMALS and frame.equals:
            self.statements.default(frame.equals, at)
            frame.equals = 0

    def _semicolon(self, found: Lexeme) -> None:
        """Ends a statement; whatever bracket is open there was forgotten."""
        self.brackets.clear()
        self._comma(found)
        self.statements.end(found.start)

    def _operator(self, found: Lexeme) -> None:
        mark, frame = found.text, self.frame
        frame.ready, frame.fresh = True, False
        if mark in _COMPARE:
            frame.compared = frame.slot is Slot.SELECTOR
        elif mark in ("|", "=>"):
            frame.slot = frame.back = Slot.STAGE
            frame.compared = False
        elif mark == "->":
            frame.slot, frame.compared = Slot.SEGMENT, False
        elif mark == "=":
            self._equals(found)
        elif frame.slot in (Slot.STAGE, Slot.EITHER, Slot.SEGMENT):
            frame.slot = Slot.VALUE

    def _equals(self, found: Lexeme) -> None:
        frame = self.frame
        form = self.statements.value(found.end) if frame.shape is Shape.PROGRAM else None
        if form is not None:
            frame.slot = frame.back = _AFTER_NAME[form]
        elif frame.shape is Shape.FORMALS:
            frame.slot = frame.back = Slot.EITHER
            frame.equals = found.end
