"""Command line, programs that change: edits in, and the file that has them out, whole or as a difference."""

import os
from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from shutil import copymode
from typing import TYPE_CHECKING

from optdsl.cli.arguments import Usage
from optdsl.cli.programs import Given
from optdsl.diagnostics import Edit
from optdsl.diagnostics.edits import spliced

if TYPE_CHECKING:
    from pathlib import Path


def edited(program: Given, edits: Collection[Edit]) -> Given | None:
    """Returns the program with edits made; None where it is a value in a file, and they would need escapes there."""
    if program.origin is None:
        return program._replace(text=spliced(program.text, edits))
    from optdsl.embedded import put

    new = put(program.source, edits)
    return None if new is None else program._replace(text=new.text, origin=new.origin)


def differing(before: Given, after: Given, what: str) -> Iterator[str]:
    """Yields the lines of a unified diff between two states of a file."""
    from difflib import unified_diff

    name = before.file_name
    old, new = before.file_text.splitlines(), after.file_text.splitlines()
    return unified_diff(old, new, name, f"{name} {what}", lineterm="")


def rewrite(path: "Path", text: str, command: str) -> None:
    """Replaces a file's text in one move, so that no half of it is ever seen; keeps its permissions.

    Raises `Usage` where the file or its folder cannot be written.
    """
    from pathlib import Path
    from tempfile import NamedTemporaryFile

    target = Path(os.path.realpath(path))  # a link stays a link
    try:
        with target.open("rb") as old:
            mark = old.read(len(BOM_UTF8))
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            file.write((BOM_UTF8 if mark == BOM_UTF8 else b"") + text.encode())
        try:
            copymode(target, file.name)
            os.replace(file.name, target)
        except BaseException:
            os.unlink(file.name)
            raise
    except OSError as error:
        raise Usage(f"optdsl {command}: `{path}` cannot be written: {error.strerror or error}") from None
