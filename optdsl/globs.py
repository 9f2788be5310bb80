"""Path globs, `blocks_{i}/**`: text -> `Glob`, which matches paths of leaves. It knows no trees, only text.

Matching takes time proportional to the length of the path times that of the glob, whatever they hold.
"""

import re
from dataclasses import dataclass

_ANY_SEGMENTS = "**"
_PIECES = re.compile(r"(\*+)|\{([A-Za-z_][A-Za-z0-9_]*)\}|([^*{}])|(.)", re.DOTALL)
_DIGITS = frozenset("0123456789")


class GlobError(ValueError):
    """A text that is no glob; the message says why."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One character that stands for itself."""

    character: str


@dataclass(frozen=True, slots=True)
class Star:
    """Any characters of one segment, also none."""


@dataclass(frozen=True, slots=True)
class Capture:
    """All the digits that stand here, at least one: an integer bound to `name`."""

    name: str
    index: int


Piece = Literal | Star | Capture
Segment = tuple[Piece, ...]
Block = tuple[Segment, ...]
Starts = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled glob: its segments in blocks, and between two blocks stands a `**`.

    >>> compile_glob("blocks_{i}/**/kernel").match("blocks_7/kernel")
    {'i': 7}
    """

    text: str
    blocks: tuple[Block, ...]

    @property
    def captures(self) -> tuple[str, ...]:
        """Returns the names the glob binds, from left to right."""
        pieces = (piece for block in self.blocks for segment in block for piece in segment)
        return tuple(piece.name for piece in pieces if isinstance(piece, Capture))

    def match(self, path: str) -> dict[str, int] | None:
        """Returns the captured integers if the whole `path` matches, else None.

        Where several readings are possible, wildcards take as little as they can, the leftmost first.
        """
        names = tuple(path.split("/")) if path else ()
        first, *others = self.blocks
        bound = _match_block(first, names[: len(first)])
        if bound is None or not others:
            return bound if len(names) == len(first) else None
        return _match_rest(others, names[len(first) :], bound)

    def __str__(self) -> str:
        return self.text


def compile_glob(text: str) -> Glob:
    """Returns the glob that `text` describes.

    `*` stands for any characters but `/`, `**` as a whole segment for any number of segments, also none,
    and `{name}` for an integer. Raises `GlobError` for a stray brace, a name bound twice, or two captures
    with nothing between them.
    """
    blocks: list[list[Segment]] = [[]]
    names: list[str] = []
    for segment in text.split("/") if text else ():
        if segment == _ANY_SEGMENTS:
            blocks.append([])
        else:
            blocks[-1].append(_compile_segment(segment, names))
    return Glob(text, tuple(tuple(block) for block in blocks))


def _compile_segment(text: str, names: list[str]) -> Segment:
    """Returns the pieces of one segment, whose captures are added to `names`."""
    pieces: list[Piece] = []
    bound = len(names)
    for stars, name, character, stray in _PIECES.findall(text):
        if stray:
            raise GlobError(f"stray `{stray}` in `{text}`: braces hold a name, as in `blocks_{{i}}`")
        if character:
            pieces.append(Literal(character))
        elif stars:
            pieces.append(Star())
        elif name in names:
            raise GlobError(f"`{{{name}}}` stands twice in one glob; each name is bound once")
        elif pieces and isinstance(pieces[-1], Capture):
            raise GlobError(f"two integers stand side by side in `{text}`; put a character between them")
        else:
            pieces.append(Capture(name, len(names) - bound))
            names.append(name)
    return tuple(pieces)


def _match_rest(blocks: list[Block], names: tuple[str, ...], bound: dict[str, int]) -> dict[str, int] | None:
    """Matches `blocks`, a `**` before each, with all of `names`: inner ones leftmost, the last at the end."""
    *inner, last = blocks
    at = 0
    for block in inner:
        found = _find_block(block, names, at)
        if found is None:
            return None
        at, captured = found
        bound |= captured
    tail = len(names) - len(last)
    captured = _match_block(last, names[tail:]) if tail >= at else None
    return None if captured is None else bound | captured


def _find_block(block: Block, names: tuple[str, ...], start: int) -> tuple[int, dict[str, int]] | None:
    """Returns where the leftmost match of `block` from `start` on ends, and what it binds."""
    for at in range(start, len(names) - len(block) + 1):
        captured = _match_block(block, names[at : at + len(block)])
        if captured is not None:
            return at + len(block), captured
    return None


def _match_block(block: Block, names: tuple[str, ...]) -> dict[str, int] | None:
    """Matches each segment of `block` with one of `names`, of which there must be as many."""
    if len(block) != len(names):
        return None
    bound: dict[str, int] = {}
    for segment, name in zip(block, names, strict=True):
        captured = _match_segment(segment, name)
        if captured is None:
            return None
        bound |= captured
    return bound


def _match_segment(segment: Segment, text: str) -> dict[str, int] | None:
    """Follows all readings of `text` at once: next piece to match -> where that reading's captures begin.

    Readings stand in order of preference and one is kept for each piece, so that nothing is read twice.
    """
    readings: dict[int, Starts] = {}
    _enter(segment, 0, (), readings)
    for at, character in enumerate(text):
        run_ends = text[at + 1 : at + 2] not in _DIGITS
        following: dict[int, Starts] = {}
        for index, starts in readings.items():
            if index < len(segment):
                _step(segment, index, starts, (at, character, run_ends), following)
        readings = following
        if not readings:
            return None
    starts = readings.get(len(segment))
    return None if starts is None else _integers(segment, starts, text)


def _enter(segment: Segment, index: int, starts: Starts, readings: dict[int, Starts]) -> None:
    """Adds the reading that comes to piece `index`, and before it the one that takes nothing for a star."""
    if index < len(segment) and isinstance(segment[index], Star):
        _enter(segment, index + 1, starts, readings)
    readings.setdefault(index, starts)


def _step(
    segment: Segment,
    index: int,
    starts: Starts,
    here: tuple[int, str, bool],
    following: dict[int, Starts],
) -> None:
    """Adds to `following` what the reading at piece `index` becomes after one character."""
    at, character, run_ends = here
    piece = segment[index]
    if isinstance(piece, Star):
        _enter(segment, index, starts, following)
    elif isinstance(piece, Literal):
        if piece.character == character:
            _enter(segment, index + 1, starts, following)
    elif character in _DIGITS:
        begun = starts if len(starts) > piece.index else (*starts, at)
        _enter(segment, index + 1 if run_ends else index, begun, following)


def _integers(segment: Segment, starts: Starts, text: str) -> dict[str, int]:
    """Returns the integers that begin at `starts`, by name."""
    captures = [piece for piece in segment if isinstance(piece, Capture)]
    ends = [start + len(text[start:]) - len(text[start:].lstrip("0123456789")) for start in starts]
    return {capture.name: int(text[start:end]) for capture, start, end in zip(captures, starts, ends, strict=True)}
