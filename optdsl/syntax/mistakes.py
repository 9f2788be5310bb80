"""What a person did where the parser stopped: from a place and what could stand there to a finding.

Each rule looks for one mistake that people make, says what it is and what to write; the first that knows it speaks.
Lark's names of terminals end here.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from optdsl.diagnostics import Findings
from optdsl.source import Range, Source
from optdsl.syntax import scan

RESERVED = frozenset("match where when else as or and not live def true false none inf True False None".split())
_PYTHON = frozenset("import from lambda for while if return class with print yield await async del try is in".split())
_WORD = re.compile(r"[0-9][0-9_]*(?:\.[0-9]+)?[eE][+-]?[0-9]+|[A-Za-z_0-9]+(?:\.[A-Za-z_0-9]+)*")
_HYPHENATED = re.compile(r"([A-Za-z_][A-Za-z_0-9]*(?:-[A-Za-z_][A-Za-z_0-9]*)+)\s*\Z")
_CURLY = {"‘": "'", "’": "'", "“": '"', "”": '"', "`": "'"}
_OPERAND, _SELECTOR = "NUMBER", "GLOB"

_SHOWN = (
    ("RPAR", "`)`"),
    ("RSQB", "`]`"),
    ("RBRACE", "`}`"),
    ("COMMA", "`,`"),
    ("VBAR", "`|`"),
    ("EQUAL", "`=`"),
    ("COLON", "`:`"),
    ("ARM", "`=>`"),
    ("SEMICOLON", "`;`"),
    ("LBRACE", "`{`"),
    ("LPAR", "`(`"),
    ("$END", "the end"),
)
"""Marks worth proposing, in the order in which a message lists them."""


class Stop(NamedTuple):
    """Where the parser stopped: offset, the text found there (None at the end), the token before, what may follow."""

    offset: int
    text: str | None
    previous: Range | None
    accepts: frozenset[str]

    def moved(self, by: int) -> "Stop":
        """Returns the same stop in a text that begins `by` characters earlier."""
        previous = self.previous and Range(self.previous.start + by, self.previous.end + by)
        return self._replace(offset=self.offset + by, previous=previous)


class Mistake(NamedTuple):
    """What a rule found: the parts of a finding."""

    code: str
    message: str
    place: Range
    help: str
    labels: tuple[tuple[Range, str], ...] = ()


Rule = Callable[["Scene"], Mistake | None]


class Scene(NamedTuple):
    """A stop with the text around it, as the rules see it."""

    source: str
    stop: Stop
    found: str
    """The word or mark at the stop; empty at the end."""
    before: str
    """The token before it."""
    bracket: scan.Bracket | None
    """The innermost bracket that is open there."""

    @property
    def place(self) -> Range:
        """Returns the characters of what was found."""
        return Range(self.stop.offset, self.stop.offset + len(self.found))

    @property
    def shown(self) -> str:
        """Returns how a message speaks of what was found."""
        return f"`{self.found}`" if self.found else "the end of the program"


def explain(source: Source, stop: Stop, findings: Findings) -> None:
    """Adds the finding that fits `stop` best."""
    text = source.text
    word = _WORD.match(text, stop.offset)
    found = "" if stop.text is None else word[0] if word else stop.text
    before = text[stop.previous.start : stop.previous.end] if stop.previous else ""
    brackets = scan.open_brackets(text, stop.offset)
    scene = Scene(text, stop, found, before, brackets[-1] if brackets else None)
    mistake = next(filter(None, (rule(scene) for rule in RULES)))
    findings.add(mistake.code, mistake.message, mistake.place, help=mistake.help, labels=mistake.labels)


def _empty(scene: Scene) -> Mistake | None:
    if scene.found or scene.before:
        return None
    return Mistake("E106", "the program is empty", Range(0, 0), "write a stage, such as `adam(1e-3)`")


def _only_statements(scene: Scene) -> Mistake | None:
    if scene.found or scene.before != ";":
        return None
    message = "the program ends without an optimizer: statements alone make none"
    return Mistake("E106", message, scene.place, "write a chain behind the last `;`, such as `adam(1e-3)`")


def _open_quote(scene: Scene) -> Mistake | None:
    if scene.found not in ("'", '"'):
        return None
    return Mistake("E105", "the string is never closed", scene.place, f"write `{scene.found}` at its end")


def _wrong_quote(scene: Scene) -> Mistake | None:
    if scene.found not in _CURLY:
        return None
    right = _CURLY[scene.found]
    if not scene.before:
        message = "the program stands in quotes that are not part of it"
        return Mistake("E105", message, scene.place, "remove the quotes")
    if scene.found == "`":
        return Mistake("E105", "the backtick is no quote: strings stand in ' or \"", scene.place, f"write `{right}`")
    return Mistake("E105", f"`{scene.found}` is no quote: strings stand in ' or \"", scene.place, f"write `{right}`")


def _bad_number(scene: Scene) -> Mistake | None:
    previous, offset = scene.stop.previous, scene.stop.offset
    touching = previous is not None and previous.end == offset
    if previous is None or not touching or not re.match(r"\.?[0-9]", scene.before) or not _tail(scene):
        return None
    place = Range(previous.start, offset + len(_tail(scene)))
    wrong = scene.source[place.start : place.end]
    return Mistake(
        "E103", f"`{wrong}` is not a number", place, "write numbers as `3`, `1e-3`, `.5`, `10_000` or `1.5k`"
    )


def _tail(scene: Scene) -> str:
    found = re.compile(r"[A-Za-z0-9_.]+").match(scene.source, scene.stop.offset)
    return found[0] if found else ""


def _reserved(scene: Scene) -> Mistake | None:
    previous = scene.stop.previous
    if previous and scene.found == "=" and scene.before in RESERVED:
        return Mistake("E104", f"`{scene.before}` is a reserved word", previous, "choose another name")
    named = "NAME" in scene.stop.accepts
    following = scene.source[scene.place.end :].lstrip()
    if scene.found not in RESERVED or not (named and (following[:1] == "=" and following[1:2] not in ("=", ">"))):
        return None
    return Mistake("E104", f"`{scene.found}` is a reserved word", scene.place, "choose another name")


def _unclosed(scene: Scene) -> Mistake | None:
    bracket = scene.bracket
    if bracket is None or not (scene.found == "" or (scene.found in ")]};" and scene.found != bracket.partner)):
        return None
    here = (scene.place, f"{scene.shown} comes before it is closed" if scene.found else "the text ends here")
    place = Range(bracket.offset, bracket.offset + 1)
    return Mistake("E102", f"`{bracket.text}` is never closed", place, f"write `{bracket.partner}`", (here,))


def _stray_closer(scene: Scene) -> Mistake | None:
    if scene.bracket is not None or scene.found not in (")", "]", "}"):
        return None
    return Mistake("E102", f"`{scene.found}` closes nothing", scene.place, "remove it")


def _foreign_mark(scene: Scene) -> Mistake | None:
    found = scene.found
    doubled = scene.before == "|" and found in (">", "|")
    if doubled or found == "&":
        message = f"expected a stage, found {scene.shown}" if doubled else "`&` joins nothing"
        return Mistake("E101", message, scene.place, "join stages with one `|`")
    if found != "$":
        return None
    word = _WORD.match(scene.source, scene.stop.offset + 1)
    return Mistake("E101", "`$` marks nothing here", scene.place, f"write a hole as `:{word[0] if word else 'name'}`")


def _unknown_character(scene: Scene) -> Mistake | None:
    if len(scene.found) != 1 or (scene.found.isascii() and scene.found not in "@\\!?`~^$%.\0"):
        return None
    if scene.found in "→⇒":
        message = f"`{scene.found}` has no meaning here"
        return Mistake("E101", message, scene.place, "join stages with `|`, write schedules with `->`")
    shown = scene.found if scene.found.isprintable() else f"U+{ord(scene.found):04X}"
    return Mistake("E101", f"`{shown}` has no meaning here", scene.place, "remove it, or put text into quotes")


def _python(scene: Scene) -> Mistake | None:
    first = scene.before if scene.before in _PYTHON else scene.found if scene.found in _PYTHON else None
    if first is None:
        return None
    place = scene.stop.previous if first == scene.before and scene.stop.previous else scene.place
    message = f"`{first}` is Python; a program is one chain of stages and runs no Python"
    if first == "if":
        return Mistake("E101", message, place, "write `a when :flag else b`")
    return Mistake("E101", message, place, "pass what Python computes through a hole, such as `:rate`")


def _arrow_of_an_arm(scene: Scene) -> Mistake | None:
    if "ARM" not in scene.stop.accepts or scene.found not in ("->", ":", "=", "|", "-", ","):
        return None
    return Mistake("E101", f"expected `=>` between selector and chain, found {scene.shown}", scene.place, "write `=>`")


def _equals(scene: Scene) -> Mistake | None:
    accepts = scene.stop.accepts
    if "EQUAL" not in accepts or not scene.found or scene.found == ",":
        return None
    colon = scene.found.startswith(":")
    if not colon and "VBAR" in accepts and (scene.found[0].isalpha() or scene.bracket):
        return None
    if not colon and "LPAR" in accepts and not scene.bracket and not _ends_statement(scene):
        message = f"expected `(` behind `{scene.before}`, found {scene.shown}"
        return Mistake("E101", message, scene.place, f"write `{scene.before}({scene.found})`")
    place = Range(scene.stop.offset, scene.stop.offset + 1) if colon else scene.place
    shown = "`:`" if colon else scene.shown
    return Mistake("E101", f"expected `=` behind `{scene.before}`, found {shown}", place, "write `=`")


def _ends_statement(scene: Scene) -> bool:
    """Returns whether what was found is the last of a statement, which makes the word before it a name to bind."""
    return scene.source[scene.place.end :].lstrip().startswith(";")


def _hyphenated(scene: Scene) -> Mistake | None:
    """`learning-rate=3`: a subtraction to the parser, a name to whoever wrote it."""
    name = _HYPHENATED.search(scene.source, 0, scene.stop.offset) if scene.found == "=" else None
    if name is None:
        return None
    right = name[1].replace("-", "_")
    message = f"`{name[1]}` is a subtraction; a name has no hyphen"
    return Mistake("E101", message, Range(*name.span(1)), f"write `{right}`")


def _missing_mark(scene: Scene) -> Mistake | None:
    """Two things stand side by side: a comma is missing inside brackets, a pipe outside."""
    accepts = scene.stop.accepts
    if not scene.found or not (_is_word(scene.found) or scene.found[0] in "'\"([{:.") or _OPERAND in accepts:
        return None
    mark = "," if "COMMA" in accepts and scene.bracket else "|" if "VBAR" in accepts and not scene.bracket else None
    if mark is None:
        return None
    message = f"expected {_expected(accepts)}, found {scene.shown}"
    return Mistake("E101", message, scene.place, f"write `{mark}` before {scene.shown}")


def _guard_in_an_arrow(scene: Scene) -> Mistake | None:
    if scene.found == "else" and not scene.source[scene.place.end :].lstrip().startswith("=>"):
        message = "`else` has no `where` or `when` on its left"
        return Mistake("E101", message, scene.place, "write `value where SELECTOR else other`")
    if scene.found not in ("where", "when", "->") or _OPERAND in scene.stop.accepts:
        return None
    message = "a guarded value beside `->` needs parentheses"
    return Mistake("E101", message, scene.place, "put the guarded value into parentheses")


def _anything(scene: Scene) -> Mistake:
    message = f"expected {_expected(scene.stop.accepts, scene.before)}, found {scene.shown}"
    if scene.found == "" and "SEMICOLON" in scene.stop.accepts:
        message = "the program ends without an optimizer: a binding alone makes none"
        return Mistake("E106", message, scene.place, "write `;` and a chain, or leave out `name =`")
    if scene.found == "" and scene.before:
        return Mistake("E101", message, scene.place, f"finish what `{scene.before}` begins")
    if scene.found == "," and scene.bracket is None:
        return Mistake("E101", message, scene.place, "join stages with `|`")
    if "$END" in scene.stop.accepts and scene.before == ";" and _is_word(scene.found):
        message = f"a program is one chain, and {scene.shown} begins another"
        return Mistake("E101", message, scene.place, "join stages with `|`")
    if "$END" in scene.stop.accepts:
        return Mistake("E101", message, scene.place, f"remove {scene.shown}")
    following = _expected(scene.stop.accepts, scene.before).split(" or ")[0]
    return Mistake("E101", message, scene.place, f"write {following} here, or remove {scene.shown}")


def _is_word(found: str) -> bool:
    return bool(_WORD.fullmatch(found))


def _expected(accepts: frozenset[str], before: str = "") -> str:
    if _SELECTOR in accepts:
        return "a selector"
    if _OPERAND in accepts:
        return "a stage" if before in ("|", "{", ";", "", "=>") else "a value"
    if "NAME" in accepts:
        return "a name"
    marks = [shown for name, shown in _SHOWN if name in accepts]
    return " or ".join(marks[:3]) or "nothing more"


RULES: tuple[Rule, ...] = (
    _empty,
    _only_statements,
    _open_quote,
    _wrong_quote,
    _bad_number,
    _reserved,
    _python,
    _unclosed,
    _stray_closer,
    _foreign_mark,
    _arrow_of_an_arm,
    _guard_in_an_arrow,
    _hyphenated,
    _equals,
    _missing_mark,
    _unknown_character,
    _anything,
)
"""Most special first; `_anything` always speaks."""
