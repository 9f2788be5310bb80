"""LSP, programs in Python: a file in, its strings out that a `# optdsl` comment or a call of optdsl marks.

It reads Python's tokens, so that a file which does not parse just now keeps its programs; nothing is run.
"""

import re
import tokenize
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from optdsl.embedded.tree import Chunk, Text, exactly, source
from optdsl.lsp.programs import Form, Found
from optdsl.source import Range, Source

_MARK = re.compile(r"#\s*optdsl\b")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_LITERAL = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')")
_ESCAPE = re.compile(
    r"\\(?:\r?\n|[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[A-Za-z0-9 -]+\})"
)
_WHOLE: dict[str, Form] = dict.fromkeys(("compile", "check", "explain", "to_python"), "program")
_CALLS: dict[str, Form] = {**_WHOLE, **dict.fromkeys(("parse", "format"), "fragment"), "schedule": "value"}
"""Functions whose first argument is a program."""
_QUIET = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


class _Token(NamedTuple):
    """A token of Python, and where it stands."""

    kind: int
    text: str
    start: int
    end: int


class _Call(NamedTuple):
    """What is known of a call of optdsl: what its program is, and the holes that it fills."""

    form: Form
    holes: frozenset[str]


def find(host: Source) -> tuple[Found, ...]:
    """Returns the programs of a Python file by place."""
    if "optdsl" not in host.text:
        return ()
    tokens = list(_tokens(host))
    calls = _calls(tokens)
    marks = _marks(tokens, host)
    found: list[Found] = []
    for first, group in _groups(tokens):
        call = calls.get(first)
        if call is None and not _is_marked(group, marks, host):
            continue
        text = Text(group[0].start, partial(_chunks, group, host.text))
        form, holes = call or _Call("program", frozenset())
        found.append(Found(source(text, host, str(len(found))), form, holes))
    return tuple(found)


def _tokens(host: Source) -> Iterator[_Token]:
    """Yields the tokens up to the first place where the text is no Python."""
    starts = host.line_starts
    lines = iter(_LINES.findall(host.text))
    try:
        for kind, text, (row, column), (last, end), _ in tokenize.generate_tokens(lambda: next(lines, "")):
            if kind != tokenize.ENDMARKER and row <= len(starts):
                yield _Token(kind, text, starts[row - 1] + column, starts[min(last, len(starts)) - 1] + end)
    except (tokenize.TokenError, SyntaxError):  # what was read so far is good
        return


# ---- which strings are programs


def _groups(tokens: Sequence[_Token]) -> Iterator[tuple[int, list[_Token]]]:
    """Yields the strings that stand next to each other, which Python joins, with the number of the first."""
    group: list[_Token] = []
    first = 0
    for number, token in enumerate(tokens):
        if token.kind == tokenize.STRING:
            first = first if group else number
            group.append(token)
        elif token.kind not in (tokenize.NL, tokenize.COMMENT):
            if group and all(map(_is_plain, group)):
                yield first, group
            group = []
    if group and all(map(_is_plain, group)):
        yield first, group


def _is_plain(token: _Token) -> bool:
    opening = _LITERAL.match(token.text)
    return opening is not None and opening[1].lower() in ("", "r", "u")


def _marks(tokens: Sequence[_Token], host: Source) -> dict[int, bool]:
    """Returns the lines with a `# optdsl` comment, and whether there is no string on them before it."""
    strings = {host.position(token.end)[0] for token in tokens if token.kind == tokenize.STRING}
    lines = (
        host.position(token.start)[0] for token in tokens if token.kind == tokenize.COMMENT and _MARK.match(token.text)
    )
    return {line: line not in strings for line in lines}


def _is_marked(group: Sequence[_Token], marks: dict[int, bool], host: Source) -> bool:
    first, last = host.position(group[0].start)[0], host.position(group[-1].end)[0]
    return first in marks or last in marks or marks.get(first - 1, False)


def _calls(tokens: Sequence[_Token]) -> dict[int, _Call]:
    """Returns the calls of optdsl by the number of the string that is their first argument."""
    words = [(number, token) for number, token in enumerate(tokens) if token.kind not in _QUIET]
    modules, functions = _imported([token.text for _, token in words])
    found: dict[int, _Call] = {}
    for at in range(1, len(words) - 1):
        number, token = words[at + 1]
        if words[at][1].text == "(" and token.kind == tokenize.STRING:
            form = _called([word.text for _, word in words[max(0, at - 4) : at]], modules, functions)
            if form is not None:
                names = frozenset(_keywords([word.text for _, word in words[at:]]))
                found[number] = _Call("fragment" if form == "program" and "fragment" in names else form, names)
    return found


def _called(before: Sequence[str], modules: set[str], functions: dict[str, str]) -> Form | None:
    """Returns what the first argument of a call is, by the words that end before its bracket."""
    match before:
        case [*_, ".", str(module), ".", str()] if module in modules:
            return None
        case [*_, str(module), ".", str(name)] if module in modules:
            return _CALLS.get(name)
        case [*_, "." | "def", str()]:
            return None
        case [*_, str(name)]:
            return _CALLS.get(functions.get(name, ""))
        case _:
            return None


def _imported(words: Sequence[str]) -> tuple[set[str], dict[str, str]]:
    """Returns the names that stand for optdsl, and for functions of it."""
    modules, functions = {"optdsl"}, dict[str, str]()
    for at, word in enumerate(words):
        if word == "import" and words[at + 1 : at + 3] == ["optdsl", "as"]:
            modules.update(words[at + 3 : at + 4])
        elif word == "from" and words[at + 1 : at + 3] == ["optdsl", "import"]:
            functions |= _names(words[at + 3 :])
    return modules, functions


def _names(words: Sequence[str]) -> dict[str, str]:
    """Returns the functions that an import names, by what they are called here."""
    names: dict[str, str] = {}
    rest = [word for word in words[:60] if word not in "()"]
    while rest and rest[0] in _CALLS:
        name, renamed = rest[0], rest[1:2] == ["as"]
        names[rest[2] if renamed and len(rest) > 2 else name] = name
        rest = rest[3 if renamed else 1 :]
        rest = rest[1:] if rest[:1] == [","] else []
    return names


def _keywords(words: Sequence[str]) -> Iterator[str]:
    """Yields the names of the keywords of a call that begins with its bracket."""
    depth = 0
    for at, word in enumerate(words):
        depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        if depth == 0:
            return
        if depth == 1 and word == "=" and at:
            yield words[at - 1]


# ---- what is in them


def _chunks(group: Sequence[_Token], host: str) -> Iterator[Chunk]:
    """Yields the characters that strings of Python stand for, one for one but for escapes."""
    for token in group:
        opening = _LITERAL.match(token.text)
        assert opening is not None
        start, end = token.start + opening.end(), token.end - len(opening[2])
        if "r" in opening[1].lower():
            yield exactly(host, start, end)
        else:
            yield from _escaped(host, start, end)


def _escaped(host: str, start: int, end: int) -> Iterator[Chunk]:
    at = start
    for escape in _ESCAPE.finditer(host, start, end):
        yield exactly(host, at, escape.start())
        yield Chunk(_meaning(escape[0]), Range(*escape.span()))
        at = escape.end()
    yield exactly(host, at, end)


def _meaning(escape: str) -> str:
    if escape[-1] == "\n":
        return ""
    try:
        return escape.encode("ascii").decode("unicode_escape")
    except UnicodeDecodeError:  # a name that no character has
        return escape
