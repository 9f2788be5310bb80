"""LSP, places: offsets of a text to lines and units as an editor counts them, and back.

In: a text, and how its client counts (in UTF-16 units unless it asks for others). It knows no programs.
"""

import re
from bisect import bisect_right
from typing import Protocol

from lsprotocol import types

from optdsl.source import Range

_LINE_END = re.compile(r"\r\n|\r|\n")


class Units(Protocol):
    """Counts the units of a text; pygls has one for each encoding."""

    def client_num_units(self, string: str) -> int:
        """Returns how many units `string` has."""
        ...


class Positions:
    """The lines of one text."""

    __slots__ = ("_ends", "_starts", "_text", "_units")

    def __init__(self, text: str, units: Units) -> None:
        self._text = text
        self._units = units
        found = [match.span() for match in _LINE_END.finditer(text)]
        self._starts = [0, *(end for _, end in found)]
        self._ends = [*(start for start, _ in found), len(text)]

    def position(self, offset: int) -> types.Position:
        """Returns where an offset stands, in the client's units."""
        line = bisect_right(self._starts, offset) - 1
        before = self._text[self._starts[line] : offset]
        return types.Position(line, len(before) if before.isascii() else self._units.client_num_units(before))

    def range(self, place: Range) -> types.Range:
        """Returns where a range stands."""
        return types.Range(self.position(place.start), self.position(place.end))

    def offset(self, position: types.Position) -> int:
        """Returns the offset of a position; past the end of a line, that end."""
        if position.line >= len(self._starts):
            return len(self._text)
        start, end = self._starts[position.line], self._ends[position.line]
        line = self._text[start:end]
        if line.isascii():
            return min(start + position.character, end)
        units = 0
        for number, character in enumerate(line):
            if units >= position.character:
                return start + number
            units += self._units.client_num_units(character)
        return end
