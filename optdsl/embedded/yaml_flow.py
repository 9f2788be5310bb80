"""Embedded, YAML scalars that are plain or in quotes: the place of one in its file in, its chunks out.

Lines fold here: one end of a line stands for a space, each further one for itself, and the blanks around them
for nothing. Only the start and the end of the scalar are known; PyYAML has accepted what is between.
"""

import re
from collections.abc import Iterator

from optdsl.embedded.tree import Chunk, exactly
from optdsl.source import Range

_SPACE = r" \t\r\n\x85\u2028\u2029"
_PROPERTIES = re.compile(rf"(?:[!&][^{_SPACE}]*|[{_SPACE}]+|#[^\r\n\x85\u2028\u2029]*)*")
_BREAK = r"(?:\r\n|[\r\n\x85\u2028\u2029])"
_BREAKS = re.compile(_BREAK)
_FOLD = rf"(?P<fold>[ \t]*{_BREAK}(?:[ \t]*{_BREAK})*[ \t]*)"
_PLAIN = re.compile(rf"{_FOLD}|(?P<same>[ \t]+|[^{_SPACE}]+)")
_SINGLE = re.compile(rf"{_FOLD}|(?P<quote>'')|(?P<same>[ \t]+|[^{_SPACE}']+)")
_DOUBLE = re.compile(
    rf"""{_FOLD}
    |(?P<joined>\\{_BREAK}[ \t]*(?:{_BREAK}[ \t]*)*)
    |\\x(?P<x>[0-9a-fA-F]{{2}})|\\u(?P<u>[0-9a-fA-F]{{4}})|\\U(?P<U>[0-9a-fA-F]{{8}})
    |\\(?P<letter>.)
    |(?P<same>[ \t]+|[^{_SPACE}\\]+)""",
    re.VERBOSE,
)
_LETTERS = dict(zip("0abtnvfre_NLP", "\0\a\b\t\n\v\f\r\x1b\xa0\x85\u2028\u2029", strict=True))


def behind_properties(host: str, start: int) -> int:
    """Returns where a scalar begins behind its anchor and tag, and the comments between."""
    found = _PROPERTIES.match(host, start)
    return found.end() if found else start


def chunks(host: str, start: int, end: int) -> Iterator[Chunk]:
    """Yields the chunks of the scalar at `start`; quotes, if it has them, are within `end`."""
    pattern = {"'": _SINGLE, '"': _DOUBLE}.get(host[start : start + 1], _PLAIN)
    inner = Range(start, end) if pattern is _PLAIN else Range(start + 1, end - 1)
    for part in pattern.finditer(host, *inner):
        found = part.groupdict()
        if found["same"]:
            yield exactly(host, *part.span())
        elif found["fold"]:
            yield from _folded(host, Range(*part.span()))
        elif found.get("joined"):
            # The end of the line is escaped; those of empty lines behind it are not.
            first = _BREAKS.match(host, part.start() + 1)
            yield from _lines(host, Range(first.end() if first else part.end(), part.end()))
        else:
            yield Chunk(_escaped(found), Range(*part.span()))


def _folded(host: str, place: Range) -> Iterator[Chunk]:
    first, *others = _BREAKS.finditer(host, *place)
    if ord(first[0][0]) >= 0x2028:  # these two are text and do not fold
        yield Chunk(first[0], Range(*first.span()))
    elif not others:
        yield Chunk(" ", place)
    yield from _lines(host, Range(first.end(), place.end))


def _lines(host: str, place: Range) -> Iterator[Chunk]:
    """Yields an end of a line for each in `place`, and nothing for the blanks between."""
    for line in _BREAKS.finditer(host, *place):
        yield Chunk(line_end(line[0]), Range(*line.span()))


def line_end(text: str) -> str:
    """Returns what YAML makes of an end of a line."""
    return text if ord(text[0]) >= 0x2028 else "\n"


def _escaped(found: dict[str, str]) -> str:
    if found.get("quote"):
        return "'"
    code = found["x"] or found["u"] or found["U"]
    return chr(int(code, 16)) if code else _LETTERS.get(found["letter"], found["letter"])
