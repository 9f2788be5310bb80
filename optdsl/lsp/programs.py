"""LSP, the programs of a file: a text and its language in, every program in it out, with the way between the two.

A file of its own is one program. In YAML, TOML and JSON they are values of keys, in Python strings; what marks them is
in the modules beside this one. A program that is a value has places in its file.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from pathlib import PurePath
from typing import Literal, NamedTuple

from optdsl.diagnostics import Edit
from optdsl.diagnostics.edits import spliced
from optdsl.source import Origin, Range, Source

Form = Literal["program", "fragment", "value"]
SUFFIXES = {"yaml": ".yaml", "toml": ".toml", "json": ".json", "jsonc": ".json", "python": ".py", "optdsl": ".opt"}
"""The ending of files of a language, by what editors call it."""


class Found(NamedTuple):
    """A program of a file; `holes` are names that the host is seen to fill."""

    source: Source
    form: Form = "program"
    holes: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Returns the way to the program in its file, empty for a file of its own."""
        return self.source.origin.key if self.source.origin else ""

    def inside(self, offset: int) -> "Inside | None":
        """Returns where the program has an offset of its file, None where that is outside."""
        origin = self.source.origin
        if origin is None:
            return Inside(self.source.text, offset)
        return _inside(self.source.text, origin, offset)


class Inside(NamedTuple):
    """A place in a program, with the text it has there: spaces that its file drops at the end are put back."""

    text: str
    offset: int


def find_programs(text: str, name: str, language: str, keys: Sequence[str] = ()) -> tuple[Found, ...]:
    """Returns the programs of a file by place, none of a file of another kind.

    `keys` are patterns of keys that hold programs, beside the usual ones.
    """
    suffix = SUFFIXES.get(language) or PurePath(name).suffix
    host = Source(text, name)
    match suffix:
        case ".py":
            from optdsl.lsp.python_strings import find

            return find(host)
        case ".yaml" | ".yml" | ".toml" | ".json":
            from optdsl.lsp.config_values import find

            named = host if name.endswith(suffix) else Source(text, f"{name}{suffix}")
            return find(named, keys)
        case ".opt":
            return (Found(host),)
        case _:
            return ()


def _inside(text: str, origin: Origin, offset: int) -> Inside | None:
    pieces = origin.pieces
    number = bisect_right(pieces, offset, key=lambda piece: piece.host.start) - 1
    if not pieces:
        return Inside(text, 0) if offset == origin.end else None
    if number < 0:
        return None
    place, host = pieces[number]
    if offset <= host.end:
        one_for_one = host.end - host.start == place.end - place.start
        within = offset - host.start if one_for_one else (0 if offset == host.start else place.end - place.start)
        return Inside(text, place.start + within)
    between = origin.host.text[host.end : offset]
    if between.strip(" \t") or number + 1 < len(pieces):
        return None
    return Inside(f"{text}{between}", len(text) + len(between))


def changed(found: Found, edits: Collection[Edit], keys: Sequence[str], language: str) -> Edit | None:
    """Returns the change of the file that makes `edits` in one of its programs; None where they need escapes there.

    Nothing is escaped: the changed file is read again, and says whether it means the changed program.
    """
    origin = found.source.origin
    if origin is None:
        return _difference(found.source.text, spliced(found.source.text, edits))
    host = origin.host
    places = [(origin.place(edit.range), edit.text) for edit in edits]
    placed = [Edit(place, _laid_out(text, host.text, place.start)) for place, text in places]
    new = spliced(host.text, placed)
    wanted = spliced(found.source.text, edits).split()
    again = find_programs(new, host.name, language, keys)
    same = any(one.key == found.key and one.source.text.split() == wanted for one in again)
    return _difference(host.text, new) if same else None


def _laid_out(text: str, host: str, at: int) -> str:
    """Returns `text` with each line as far in as the line of `host` that it begins on."""
    if "\n" not in text:
        return text
    before = host[host.rfind("\n", 0, at) + 1 : at]
    margin = before if before.isspace() else ""
    end = "\r\n" if "\r\n" in host else "\n"
    head, *lines = text.split("\n")
    return end.join([head, *(f"{margin}{line}" if line else "" for line in lines)])


def _difference(old: str, new: str) -> Edit:
    """Returns the one edit that turns `old` into `new`, as short as can be."""
    start = 0
    most = min(len(old), len(new))
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return Edit(Range(start, len(old) - end), new[start : len(new) - end])
