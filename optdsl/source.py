"""Stage 0, read: text -> `Source`, which knows lines and columns. It knows nothing of the language."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


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


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the name it goes by in messages.

    >>> Source("clip(1.0)\\n| adam(1e-3)", "train.opt").span(Range(12, 16))
    Span(file='train.opt', line=2, column=3, end_line=2, end_column=7)
    """

    text: str
    name: str = "<program>"
    _starts: list[int] = field(init=False, repr=False, compare=False, hash=False, default_factory=list[int])

    @property
    def line_starts(self) -> list[int]:
        """Returns the offset at which each line begins; only `\\n` ends a line."""
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(i + 1 for i, character in enumerate(self.text) if character == "\n")
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Returns line and column of `offset`, from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def span(self, range: Range) -> Span:
        """Returns `range` as lines and columns."""
        return Span(self.name, *self.position(range.start), *self.position(range.end))

    def line(self, number: int) -> str:
        """Returns line `number`, from 1, without its end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].removesuffix("\r")
