"""Integrations, places: while a host reads files, where in them a program stands that it hands on as a bare text.

Most hosts forget the file by the time a field is checked. `reading` remembers it for them, and a program is found
again by its text. It does not know the hosts.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from optdsl.embedded import json_text, toml_text, yaml_text
from optdsl.embedded.tree import Malformed, Node, Text, source
from optdsl.source import Source

_READERS = {".yaml": yaml_text, ".yml": yaml_text, ".toml": toml_text, ".json": json_text}
_FILES: ContextVar[tuple[Source, ...]] = ContextVar("_FILES", default=())
_BARE = "<program>"


@contextmanager
def reading(*files: str | Path) -> Generator[None]:
    """Lends `files` to the host: until the end of the block, programs found in them have their places there.

    Files that are neither YAML, TOML nor JSON are left out. Raises `OSError` and `UnicodeDecodeError` as `open` does.

        with optdsl.integrations.reading("config.yaml"):
            config = host.load("config.yaml")
    """
    texts = [host_text(file) for file in files if Path(file).suffix in _READERS]
    token = _FILES.set((*texts, *_FILES.get()))
    try:
        yield
    finally:
        _FILES.reset(token)


def host_text(file: str | Path) -> Source:
    """Returns the text of a file; a mark in front of UTF-8 is no part of it."""
    return Source(Path(file).read_text(encoding="utf-8-sig"), str(file))


def place(text: str, key: str = "") -> Source:
    """Returns `text` with its place in the files that are being read, or by itself where none of them has it.

    Of several places the one is taken whose way ends as `key` does. By itself it is called `key`.
    """
    found = [(way, node, host) for host in _FILES.get() for way, node in _strings(host) if _same(node, text)]
    if not found:
        return Source(text, key or _BARE)
    way, node, host = max(found, key=lambda one: _common_end(one[0], key.split(".")))
    return source(node, host, ".".join(way))


def _strings(host: Source) -> Iterator[tuple[tuple[str, ...], Text]]:
    """Yields the strings of a file and the ways to them; none of one that is malformed, which its host will say."""
    try:
        yield from _within(_READERS[Path(host.name).suffix].read(host.text))
    except (Malformed, RecursionError):
        return


def _within(tree: Node) -> Iterator[tuple[tuple[str, ...], Text]]:
    """Yields the strings of a tree, in order; what an alias repeats is seen once."""
    pending: list[tuple[tuple[str, ...], Node]] = [((), tree)]
    seen: set[int] = set()
    while pending:
        way, node = pending.pop()
        if isinstance(node, Text):
            yield way, node
        elif isinstance(node, dict | list) and id(node) not in seen:
            seen.add(id(node))
            inner = list(node.items() if isinstance(node, dict) else enumerate(node))
            pending.extend(((*way, str(name)), value) for name, value in reversed(inner))


def _same(node: Text, text: str) -> bool:
    return "".join(part for part, _ in node.chunks()) == text


def _common_end(way: tuple[str, ...], key: list[str]) -> int:
    """Returns how many steps two ways share, from their ends."""
    count = 0
    for one, other in zip(reversed(way), reversed(key), strict=False):
        if one != other:
            break
        count += 1
    return count
