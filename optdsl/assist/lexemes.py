"""Assist, the words of a text: any text in, its lexemes out, also where no grammar could read it.

A selector reads words differently (`embed/**` is one there), so whoever walks the text says where it stands. It knows
neither brackets nor rows.
"""

import re
from enum import Enum, auto
from typing import NamedTuple


class Form(Enum):
    """What a lexeme looks like, before anything is known of its place."""

    WORD = auto()
    GLOB = auto()
    NUMBER = auto()
    STRING = auto()
    HOLE = auto()
    COMMENT = auto()
    MARK = auto()


class Lexeme(NamedTuple):
    """A piece of text without space around it, and where it stands."""

    form: Form
    start: int
    end: int
    text: str

    @property
    def is_open(self) -> bool:
        """Returns whether it is a string whose closing quote is missing."""
        return self.form is Form.STRING and (len(self.text) == 1 or self.text[0] != self.text[-1])


_GAP = re.compile(r"(?:[\s\ufeff]|#[^\n]*(?:\n|\Z))*")
_SPACE = re.compile(r"[\s\ufeff]+")
_GLOB = re.compile(r"(?:[A-Za-z0-9_.\-/*]|\{[A-Za-z_][A-Za-z0-9_]*\})+")
_GLOB_MARKS = frozenset("/*{")
_LEXEME = re.compile(
    r"(?P<COMMENT>#[^\n]*)"
    r"|(?P<STRING>'[^'\n]*'?|\"[^\"\n]*\"?)"
    r"|(?P<NUMBER>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:%|ep|(?:[eE][+-]?[0-9]+)?[kM]?))"
    r"|(?P<HOLE>:(?:[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<WORD>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\.?)"
    r"|(?P<MARK>->|=>|\?\?|\*\*|//|==|!=|<=|>=|.)",
    re.DOTALL,
)


class Reader:
    """Hands out the lexemes of a text one by one; the caller says what the next one may be."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def read(self, *, selects: bool, keyed: bool) -> Lexeme | None:
        """Returns the next lexeme, None at the end.

        `selects`: a selector may begin here, so a glob is one word. `keyed`: a `:` here parts a key from its value.
        """
        if space := _SPACE.match(self.text, self.at):
            self.at = space.end()
        if self.at == len(self.text):
            return None
        found = self._glob() if selects else None
        if found is None and keyed and self.text[self.at] == ":":
            found = Lexeme(Form.MARK, self.at, self.at + 1, ":")
        if found is None:
            match = _LEXEME.match(self.text, self.at)
            assert match is not None
            assert match.lastgroup is not None
            found = Lexeme(Form[match.lastgroup], *match.span(), match[0])
        self.at = found.end
        return found

    def _glob(self) -> Lexeme | None:
        match = _GLOB.match(self.text, self.at)
        if match is None or _GLOB_MARKS.isdisjoint(match[0]):
            return None
        return Lexeme(Form.GLOB, *match.span(), match[0])

    def follows(self, *marks: str) -> bool:
        """Returns whether one of `marks` comes next, behind space and comments; `=` is none of `==` and `=>`."""
        gap = _GAP.match(self.text, self.at)
        at = self.at if gap is None else gap.end()
        if self.text[at : at + 1] == "=" and self.text[at : at + 2] in ("==", "=>"):
            return False
        return self.text.startswith(marks, at)
