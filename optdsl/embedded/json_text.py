"""Embedded, JSON: text in, its tree out, every string with its places. `json` says first whether it is JSON.

It does not know what the strings mean.
"""

import json
import re
from collections.abc import Iterator
from functools import partial

from optdsl.embedded.tree import Chunk, Malformed, Node, Other, Text, exactly
from optdsl.source import Range

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OTHER = re.compile(r"[^\s,\]}]+")
_PART = re.compile(
    r"""(?P<plain>[^\\]+)
    |\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
    |\\u(?P<code>[0-9a-fA-F]{4})
    |\\(?P<letter>.)""",
    re.VERBOSE,
)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": "a boolean", "false": "a boolean", "null": "null"}


def read(host: str) -> Node:
    """Returns the tree of a JSON text; of two equal keys the last counts. Raises `Malformed`."""
    try:
        json.loads(host, parse_int=str)  # int refuses a number of thousands of digits
    except json.JSONDecodeError as error:
        raise Malformed(f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    return _value(host, _space(host, 0))[0]


def _space(host: str, at: int) -> int:
    found = _SPACE.match(host, at)
    return found.end() if found else at


def _value(host: str, at: int) -> tuple[Node, int]:
    """Returns the value that begins at `at`, and where what follows it begins."""
    if host[at] == "{":
        return _object(host, at)
    if host[at] == "[":
        return _array(host, at)
    if host[at] == '"':
        end = _string_end(host, at)
        return Text(at + 1, partial(chunks, host, at + 1, end - 1)), _space(host, end)
    found = _OTHER.match(host, at)
    assert found is not None
    return Other(_WORDS.get(found[0], "a number")), _space(host, found.end())


def _object(host: str, at: int) -> tuple[dict[str, Node], int]:
    entries: dict[str, Node] = {}
    at = _space(host, at + 1)
    while host[at] != "}":
        end = _string_end(host, at)
        key = "".join(chunk.text for chunk in chunks(host, at + 1, end - 1))
        entries[key], at = _value(host, _space(host, _space(host, end) + 1))
        at = _space(host, at + 1) if host[at] == "," else at
    return entries, _space(host, at + 1)


def _array(host: str, at: int) -> tuple[list[Node], int]:
    items: list[Node] = []
    at = _space(host, at + 1)
    while host[at] != "]":
        item, at = _value(host, at)
        items.append(item)
        at = _space(host, at + 1) if host[at] == "," else at
    return items, _space(host, at + 1)


def _string_end(host: str, at: int) -> int:
    found = _STRING.match(host, at)
    assert found is not None
    return found.end()


def chunks(host: str, start: int, end: int) -> Iterator[Chunk]:
    """Yields what stands between the quotes of a string, escapes one by one."""
    for part in _PART.finditer(host, start, end):
        place = Range(*part.span())
        if part["plain"]:
            yield exactly(host, *place)
        elif part["high"]:
            high, low = int(part["high"], 16), int(part["low"], 16)
            yield Chunk(chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00), place)
        else:
            yield Chunk(chr(int(part["code"], 16)) if part["code"] else _letter(part["letter"]), place)


def _letter(letter: str) -> str:
    return _LETTERS.get(letter, letter)
