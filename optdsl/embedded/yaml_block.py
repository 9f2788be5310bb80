"""Embedded, YAML scalars behind `|` and `>`: the place of one in its file in, its chunks out.

How far the text is indented is not computed from the mappings around it but found: it is the indentation with which
the chunks say what PyYAML read.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from optdsl.embedded.tree import Chunk, exactly
from optdsl.embedded.yaml_flow import line_end
from optdsl.source import Range

_LINE = re.compile(r"([^\r\n\x85\u2028\u2029]*)(\r\n|[\r\n\x85\u2028\u2029]|\Z)")


class _Line(NamedTuple):
    """A line of the scalar: its text behind the indentation, and its end; a blank one has no text."""

    text: Range
    end: Range


def chunks(host: str, start: int, value: str) -> tuple[Chunk, ...]:
    """Returns the chunks of the scalar whose `|` or `>` stands at `start`, and which means `value`."""
    header = _LINE.match(host, start)
    assert header is not None
    marks = header[1].split("#")[0]
    lines = [(Range(*line.span(1)), Range(*line.span(2))) for line in _LINE.finditer(host, header.end())]
    for indent in range(1, _widest(host, lines) + 2):
        found = tuple(_chunks(host, _within(host, lines, indent), marks))
        if "".join(chunk.text for chunk in found) == value:
            return found
    raise AssertionError("a block scalar does not say what PyYAML read")


def _widest(host: str, lines: Sequence[tuple[Range, Range]]) -> int:
    """Returns how far the first line that is not blank is indented, or a blank one before; no text is further in."""
    widest = 1
    for text, _ in lines:
        indent = _indent(host, text)
        widest = max(widest, indent)
        if indent < text.end - text.start:
            break
    return widest


def _indent(host: str, text: Range) -> int:
    line = host[text.start : text.end]
    return len(line) - len(line.lstrip(" "))


def _within(host: str, lines: Sequence[tuple[Range, Range]], indent: int) -> Iterator[_Line]:
    """Yields the lines up to the first that is not indented enough."""
    for text, end in lines:
        spaces = min(_indent(host, text), indent)
        is_blank = spaces == text.end - text.start
        if spaces < indent and not is_blank:
            return
        if not (is_blank and end.start == end.end):  # what is behind the last line is no line
            yield _Line(Range(text.start + spaces, text.end), end)


def _chunks(host: str, lines: Iterator[_Line], marks: str) -> Iterator[Chunk]:
    """Yields texts and the ends of lines between them; those at the end of the scalar as `marks` have it."""
    before: _Line | None = None
    blanks: list[Range] = []
    for line in lines:
        if line.text.start == line.text.end:
            blanks.append(line.end)
            continue
        if before is not None:
            yield from _between(host, before, line, bool(blanks), ">" in marks)
        yield from (_end(host, blank) for blank in blanks)
        yield exactly(host, *line.text)
        before, blanks = line, []
    if before is not None and "-" not in marks and before.end.start < before.end.end:
        yield _end(host, before.end)
    if "+" in marks:
        yield from (_end(host, blank) for blank in blanks)


def _between(host: str, before: _Line, line: _Line, has_blanks: bool, is_folded: bool) -> Iterator[Chunk]:
    """Yields the end of the line `before`: itself, or, folded, a space, or nothing where blank lines follow."""
    end = host[before.end.start : before.end.end]
    is_text = all(host[part.text.start] not in " \t" for part in (before, line))
    if not (is_folded and is_text and line_end(end) == "\n"):
        yield _end(host, before.end)
    elif not has_blanks:
        yield Chunk(" ", Range(before.end.start, line.text.start))


def _end(host: str, place: Range) -> Chunk:
    return Chunk(line_end(host[place.start : place.end]), place)
