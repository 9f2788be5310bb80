"""Assist, the statements of a text as they are read: which names it binds, and where each can be seen."""

from dataclasses import dataclass, field
from typing import Literal

from optdsl.assist.lexemes import Lexeme
from optdsl.assist.places import Bound, TokenKind
from optdsl.source import Range

Form = Literal["binding", "live", "def"]


@dataclass(slots=True)
class _Statement:
    """A statement that has begun."""

    form: Form
    name: Lexeme | None = None
    value: int | None = None
    formals: list[Lexeme] = field(default_factory=list[Lexeme])
    defaults: list[Range] = field(default_factory=list[Range])


class Statements:
    """Collects what a text binds; at most one statement is open."""

    __slots__ = ("_formals", "_forms", "_found", "_now")

    def __init__(self) -> None:
        self._found: list[Bound] = []
        self._forms: dict[str, Form] = {}
        self._formals: set[str] = set()
        self._now: _Statement | None = None

    def begin(self, form: Form, found: Lexeme) -> None:
        """Begins a statement; that of a binding begins with its name."""
        self.end(found.start)
        self._now = _Statement(form, found if form == "binding" else None)

    def named(self, found: Lexeme) -> None:
        """Takes the name behind `live` or `def`."""
        if self._now is not None and self._now.name is None:
            self._now.name = found

    def names(self, found: Lexeme) -> bool:
        """Returns whether `found` is the name of a definition, behind which its parameters stand."""
        now = self._now
        return now is not None and now.form == "def" and now.name is found

    def formal(self, found: Lexeme) -> None:
        """Takes a parameter of the definition."""
        if self._now is not None:
            self._now.formals.append(found)
            self._now.defaults.append(Range(found.end, found.end))
            self._formals.add(found.text)

    def default(self, start: int, end: int) -> None:
        """Takes the default of the last parameter of the definition."""
        if self._now is not None and self._now.defaults:
            self._now.defaults[-1] = Range(start, end)

    def value(self, at: int) -> Form | None:
        """Takes the `=` before the value; returns what is bound by it, None where it binds nothing."""
        if self._now is None or self._now.value is not None:
            return None
        self._now.value = at
        return self._now.form

    def binds(self, word: str, is_called: bool) -> TokenKind | None:
        """Returns what a word is that is bound before it: a call means a definition, a bare name a value first."""
        if not is_called and word in self._formals:
            return "parameter"
        form = self._forms.get(word)
        if form == "def":
            return "stage"
        return None if form is None or is_called else "binding"

    def end(self, at: int) -> None:
        """Ends the statement that is open, if there is one."""
        now, self._now = self._now, None
        self._formals = set()
        if now is None or now.name is None:
            return
        value = Range(at if now.value is None else now.value, at)
        name = now.name
        body = Range(value.start, at)
        formals = tuple(
            Bound(formal.text, Range(formal.start, formal.end), "formal", default, body)
            for formal, default in zip(now.formals, now.defaults, strict=True)
        )
        self._found.append(Bound(name.text, Range(name.start, name.end), now.form, value, Range(at, at), formals))
        self._forms[name.text] = now.form

    def done(self, end: int) -> tuple[Bound, ...]:
        """Returns all that the text binds, parameters of definitions among them; what is bound is seen to the end."""
        # The text may stop in the middle of a statement, whose name can be seen nowhere yet.
        self.end(end)
        found: list[Bound] = []
        for bound in self._found:
            found.append(
                bound._replace(scope=Range(bound.scope.start, end) if bound.scope.start < end else bound.place)
            )
            found += bound.formals
        return tuple(found)
