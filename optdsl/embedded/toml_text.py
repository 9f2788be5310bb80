"""Embedded, TOML: text in, its tree out, every string with its places. `tomllib` says first whether it is TOML.

It does not know what the strings mean.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import partial

from optdsl.embedded.tree import Chunk, Malformed, Node, Other, Text, exactly
from optdsl.source import Range

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}
    |\'\'\'.*?\'{3,5}
    |"(?:[^"\\\n]|\\.)*"
    |'[^'\n]*\'''',
    re.VERBOSE | re.DOTALL,
)
_OTHER = re.compile(r"[^,\]}#\r\n]+")
_DATE = re.compile(r"\d{4}-|\d\d:")
_PART = re.compile(
    r"""(?P<plain>[^\\\r]+)
    |(?P<line>\r\n)
    |(?P<gone>\\[ \t]*\r?\n[ \t\r\n]*)
    |\\(?:u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|x(?P<x>[0-9a-fA-F]{2}))
    |\\(?P<letter>.)""",
    re.VERBOSE,
)
_LITERAL_PART = re.compile(r"(?P<plain>[^\r]+)|(?P<line>\r\n)")
_LINE_END = re.compile(r"\r?\n")
_LETTERS = {"b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def read(host: str) -> Node:
    """Returns the tree of a TOML text. Raises `Malformed`."""
    try:
        tomllib.loads(host)
    except ValueError as error:  # a number of thousands of digits is one as well
        raise Malformed(f"is not TOML: {error}") from None
    root: dict[str, Node] = {}
    table, at = root, _blank(host, 0)
    while at < len(host):
        if host[at] == "[":
            table, at = _header(host, at, root)
        else:
            at = _entry(host, at, table)
        at = _blank(host, at)
    return root


def _blank(host: str, at: int) -> int:
    found = _BLANK.match(host, at)
    return found.end() if found else at


def _header(host: str, at: int, root: dict[str, Node]) -> tuple[dict[str, Node], int]:
    """Returns the table that `[a.b]` or `[[a.b]]` opens, and where its line goes on."""
    brackets = 2 if host.startswith("[[", at) else 1
    path, at = _key(host, _blank(host, at + brackets))
    *before, last = path
    table = _table(root, before)
    if brackets == 1:
        return _table(table, [last]), at + 1
    tables = table.setdefault(last, [])
    assert isinstance(tables, list)
    opened: dict[str, Node] = {}
    tables.append(opened)
    return opened, at + 2


def _table(table: dict[str, Node], path: list[str]) -> dict[str, Node]:
    """Returns the table at `path`, made where it is missing; of an array of tables the last."""
    for key in path:
        inner = table.setdefault(key, {})
        inner = inner[-1] if isinstance(inner, list) else inner
        assert isinstance(inner, dict)
        table = inner
    return table


def _entry(host: str, at: int, table: dict[str, Node]) -> int:
    path, at = _key(host, at)
    *before, last = path
    _table(table, before)[last], at = _value(host, _blank(host, at + 1))
    return at


def _key(host: str, at: int) -> tuple[list[str], int]:
    """Returns the parts of a dotted key, and where what follows it begins."""
    parts: list[str] = []
    while True:
        if host[at] in "\"'":
            text, at = _string(host, at)
            parts.append("".join(chunk.text for chunk in text.chunks()))
        else:
            bare = _BARE.match(host, at)
            assert bare is not None
            parts.append(bare[0])
            at = bare.end()
        at = _blank(host, at)
        if host[at] != ".":
            return parts, at
        at = _blank(host, at + 1)


def _value(host: str, at: int) -> tuple[Node, int]:
    """Returns the value that begins at `at`, and where what follows it begins."""
    if host[at] == "{":
        return _inline_table(host, at)
    if host[at] == "[":
        return _array(host, at)
    if host[at] in "\"'":
        return _string(host, at)
    found = _OTHER.match(host, at)
    assert found is not None
    return Other(_kind(found[0].strip())), found.end()


def _inline_table(host: str, at: int) -> tuple[dict[str, Node], int]:
    table: dict[str, Node] = {}
    at = _blank(host, at + 1)
    while host[at] != "}":
        at = _blank(host, _entry(host, at, table))
        at = _blank(host, at + 1) if host[at] == "," else at
    return table, at + 1


def _array(host: str, at: int) -> tuple[list[Node], int]:
    items: list[Node] = []
    at = _blank(host, at + 1)
    while host[at] != "]":
        item, at = _value(host, at)
        items.append(item)
        at = _blank(host, at)
        at = _blank(host, at + 1) if host[at] == "," else at
    return items, at + 1


def _kind(word: str) -> str:
    if word in ("true", "false"):
        return "a boolean"
    return "a date" if _DATE.match(word) else "a number"


def _string(host: str, at: int) -> tuple[Text, int]:
    found = _STRING.match(host, at)
    assert found is not None
    quote, is_long = host[at], host.startswith(host[at] * 3, at)
    width = 3 if is_long else 1
    start, end = at + width, found.end() - width
    if is_long and (first := _LINE_END.match(host, start)):
        start = first.end()
    return Text(start, partial(chunks, host, start, end, quote == "'")), found.end()


def chunks(host: str, start: int, end: int, is_literal: bool) -> Iterator[Chunk]:
    """Yields what stands between the quotes of a string, escapes and ends of lines one by one."""
    pattern = _LITERAL_PART if is_literal else _PART
    for part in pattern.finditer(host, start, end):
        place = Range(*part.span())
        found = part.groupdict()
        if found["plain"]:
            yield exactly(host, *place)
        elif found["line"]:
            yield Chunk("\n", place)
        elif found["gone"]:
            yield Chunk("", place)
        else:
            yield Chunk(_escaped(found), place)


def _escaped(found: dict[str, str]) -> str:
    code = found["u"] or found["U"] or found["x"]
    return chr(int(code, 16)) if code else _LETTERS.get(found["letter"], found["letter"])
