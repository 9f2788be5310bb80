"""Stage 0, read: text -> `Source`, which knows lines and columns. It knows nothing of the language.

A text that is a value inside another file has an `Origin`: its places are then places in that file.
"""

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import NamedTuple

from optdsl.node import node


class Range(NamedTuple):
    """A half-open range of characters in a source; the form in which syntax trees carry places."""

    start: int
    end: int


class Span(NamedTuple):
    """A place as people read it: lines and columns count from 1, in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Piece(NamedTuple):
    """Characters of a text and where its host has them: one for one where both have a length, else as a whole."""

    range: Range
    host: Range


class Origin(NamedTuple):
    """Where a text was found: its host, the way there, and its pieces in order, none of them empty."""

    host: "Source"
    key: str
    pieces: tuple[Piece, ...]
    end: int
    """The offset in the host that stands for the end of the text: that of an empty one, or of its last mark."""

    def place(self, range: Range) -> Range:
        """Returns where the host has `range`: from its first character up to the end of its last."""
        start = self._start(range.start)
        return Range(start, self._end(range.end) if range.end > range.start else start)

    def _start(self, offset: int) -> int:
        number = bisect_right(self.pieces, offset, key=lambda piece: piece.range.start) - 1
        if number < 0 or offset >= self.pieces[number].range.end:
            return self.end
        return _within(self.pieces[number], offset, self.pieces[number].host.start)

    def _end(self, offset: int) -> int:
        number = bisect_left(self.pieces, offset, key=lambda piece: piece.range.end)
        if number == len(self.pieces):
            return self.end
        return _within(self.pieces[number], offset, self.pieces[number].host.end)


def _within(piece: Piece, offset: int, whole: int) -> int:
    """Returns where the host has `offset`, or `whole` where the piece does not go character by character."""
    place, host = piece
    return host.start + offset - place.start if host.end - host.start == place.end - place.start else whole


@lru_cache(maxsize=16)
def _line_starts(text: str) -> tuple[int, ...]:
    return (0, *(i + 1 for i, character in enumerate(text) if character == "\n"))


@node
class Source:
    """A text and the name it goes by in messages.

    >>> Source("clip(1.0)\\n| adam(1e-3)", "train.opt").span(Range(12, 16))
    Span(file='train.opt', line=2, column=3, end_line=2, end_column=7)
    """

    text: str
    name: str = "<program>"
    origin: Origin | None = None

    @property
    def line_starts(self) -> tuple[int, ...]:
        """Returns the offset at which each line begins; only `\\n` ends a line."""
        return _line_starts(self.text)

    def position(self, offset: int) -> tuple[int, int]:
        """Returns line and column of `offset`, from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def span(self, range: Range) -> Span:
        """Returns `range` as lines and columns, of the host where the text has one."""
        if self.origin is not None:
            return self.origin.host.span(self.place(range))
        return Span(self.name, *self.position(range.start), *self.position(range.end))

    def place(self, range: Range) -> Range:
        """Returns where the file has `range`: the host where the text has one."""
        return range if self.origin is None else self.origin.place(range)

    def line(self, number: int) -> str:
        """Returns line `number`, from 1, without its end; of the host where the text has one."""
        if self.origin is not None:
            return self.origin.host.line(number)
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].removesuffix("\r")
