"""Embedded, the way back: edits of a program in, its file with them out. It does not know why they are made."""

from collections.abc import Collection

from optdsl.diagnostics import Edit
from optdsl.diagnostics.edits import spliced
from optdsl.embedded.find import find
from optdsl.source import Origin, Source


def put(program: Source, edits: Collection[Edit]) -> Source | None:
    """Returns the program with `edits` made in its file, or None where they cannot stand there as they are.

    Nothing is escaped and no quotes change: the file is read again, and says whether it still means the program.
    """
    origin = program.origin
    if origin is None:
        return None
    host = [Edit(origin.place(edit.range), _laid_out(edit.text, origin)) for edit in edits]
    found = find(Source(spliced(origin.host.text, host), origin.host.name), origin.key)
    return found if isinstance(found, Source) and found.text == spliced(program.text, edits) else None


def _laid_out(text: str, origin: Origin) -> str:
    """Returns `text` with the host's ends of lines, each line as far in as the first line of the program."""
    if "\n" not in text or not origin.pieces:
        return text
    host = origin.host.text
    first = origin.pieces[0].host.start
    before = host[host.rfind("\n", 0, first) + 1 : first]
    end = "\r\n" if "\r\n" in host else "\n"
    head, *lines = text.split("\n")
    margin = before if before.isspace() else ""
    return end.join([head, *(f"{margin}{line}" if line else "" for line in lines)])
