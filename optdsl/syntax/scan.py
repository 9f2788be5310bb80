"""One look over the raw text, without the grammar: comments, brackets, and where top-level stages part.

It works on text that does not parse, which is what it is for.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from optdsl.source import Range
from optdsl.syntax.ast import Comment

_LANDMARK = re.compile(r"""'[^'\n]*'|"[^"\n]*"|#[^\n]*|[()\[\]{}|;]""")
_PARTNER = {"(": ")", "[": "]", "{": "}"}


class Bracket(NamedTuple):
    """A bracket, or a mark that parts stages, and where it stands."""

    offset: int
    text: str

    @property
    def partner(self) -> str:
        """Returns what closes it."""
        return _PARTNER[self.text]


def comments(text: str) -> tuple[Comment, ...]:
    """Returns the comments of `text`, in order."""
    if "#" not in text:
        return ()
    found = (match for match in _LANDMARK.finditer(text) if match[0][0] == "#")
    return tuple(Comment(Range(*match.span()), match[0].rstrip()) for match in found)


def _landmarks(text: str, end: int | None = None) -> Iterator[Bracket]:
    for match in _LANDMARK.finditer(text, 0, len(text) if end is None else end):
        if len(match[0]) == 1 and match[0] != "#":
            yield Bracket(match.start(), match[0])


def open_brackets(text: str, end: int) -> list[Bracket]:
    """Returns the brackets that are open at offset `end`, outermost first; strays are ignored."""
    stack: list[Bracket] = []
    for mark in _landmarks(text, end):
        if mark.text in _PARTNER:
            stack.append(mark)
        elif stack and mark.text == stack[-1].partner:
            stack.pop()
    return stack


def bracket_pairs(text: str) -> list[tuple[int, int]]:
    """Returns the offsets of each bracket and its partner, by the first; `text` is one that parses."""
    pairs: list[tuple[int, int]] = []
    stack: list[int] = []
    for mark in _landmarks(text):
        if mark.text in _PARTNER:
            stack.append(mark.offset)
        elif mark.text in ")]}":
            pairs.append((stack.pop(), mark.offset))
    return sorted(pairs)


def deepest(text: str, limit: int) -> Bracket | None:
    """Returns the first bracket that stands more than `limit` deep."""
    depth = 0
    for mark in _landmarks(text):
        if mark.text in _PARTNER:
            depth += 1
        elif mark.text in ")]}":
            depth = max(0, depth - 1)
        if depth > limit:
            return mark
    return None


def pieces_after(text: str, offset: int) -> Iterator[Range]:
    """Yields the pieces between top-level `|` and `;` that begin behind `offset`."""
    depth, start = 0, None
    for mark in _landmarks(text):
        if mark.text in _PARTNER:
            depth += 1
        elif mark.text in ")]}":
            depth = max(0, depth - 1)
        elif depth == 0 and mark.offset >= offset:
            if start is not None:
                yield Range(start, mark.offset)
            start = mark.offset + 1
    if start is not None:
        yield Range(start, len(text))
