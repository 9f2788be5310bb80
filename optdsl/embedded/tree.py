"""Embedded, the shape of a host: mappings and lists of values, and strings that know where each character stands.

In: nothing. Out: the types that the readers of YAML, TOML and JSON share. It does not know the formats.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from optdsl.source import Origin, Piece, Range, Source


class Chunk(NamedTuple):
    """Characters of a string and the characters of the host that stand for them."""

    text: str
    host: Range


class Text(NamedTuple):
    """A string of the host and where it begins; its chunks, in order, are read when they are wanted."""

    start: int
    chunks: Callable[[], Iterable[Chunk]]


class Other(NamedTuple):
    """A value that is neither a string nor holds one, such as `a number`."""

    kind: str


Node: TypeAlias = Text | Other | dict[str, "Node"] | list["Node"]


class Malformed(Exception):
    """The host is not of its format; the message ends a sentence that names the file."""


def exactly(host: str, start: int, end: int) -> Chunk:
    """Returns the characters of `host` from `start` to `end`, which stand for themselves."""
    return Chunk(host[start:end], Range(start, end))


def source(text: Text, host: Source, key: str) -> Source:
    """Returns the string as a program whose places are places in `host`."""
    pieces: list[Piece] = []
    parts: list[str] = []
    offset, end = 0, text.start
    for part, place in text.chunks():
        if not part:
            continue
        pieces.append(Piece(Range(offset, offset + len(part)), place))
        parts.append(part)
        offset += len(part)
        if seen := len(part.rstrip()):
            one_for_one = len(part) == place.end - place.start
            end = place.start + seen if one_for_one else place.end
    return Source("".join(parts), f"{host.name}:{key}", Origin(host, key, tuple(pieces), end))


def strings(node: Node, way: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Text]]:
    """Yields the strings in `node`, each with the way to it; what an alias repeats is seen once."""
    seen = set() if seen is None else seen
    if isinstance(node, Text):
        yield way, node
        return
    if isinstance(node, Other) or id(node) in seen:
        return
    seen.add(id(node))
    for name, inner in node.items() if isinstance(node, dict) else enumerate(node):
        yield from strings(inner, f"{way}.{name}" if way else str(name), seen)
