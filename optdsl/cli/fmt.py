"""`optdsl fmt`: programs in, their canonical form out, into the files they came from."""

import os
import sys
from argparse import Namespace
from difflib import unified_diff
from pathlib import Path
from shutil import copymode
from tempfile import NamedTemporaryFile

from optdsl import api
from optdsl.cli import style
from optdsl.cli.programs import Given, parsed, read


def run(given: Namespace) -> int:
    """Formats each program and returns 0; 1 if one does not parse or, with `--check`, would change."""
    found = read(given)
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    statuses = [_format(program, given) for program in found.programs]
    return max([2 if found.problems else 0, *statuses])


def _format(program: Given, given: Namespace) -> int:
    tree, findings = parsed(program)
    if tree is None:
        style.write_findings(findings, sys.stderr)
        if program.path is not None:
            sys.stderr.write(f"optdsl fmt: {program.name} is left as it is\n")
        return 1
    text = canonical(program, api.format(tree))
    if given.diff:
        _show_difference(program, text)
    if given.check:
        return _report(program, text)
    if not given.diff:
        _deliver(program, text)
    return 0


def canonical(program: Given, formatted: str) -> str:
    """Returns a file's new text: with a newline at its end, and with Windows' line ends if it has those."""
    if program.path is None:
        return formatted
    ends = "\r\n" if "\r\n" in program.text else "\n"
    return f"{formatted}\n".replace("\n", ends)


def _differs(program: Given, text: str) -> bool:
    # The shell may add a newline to a text, or take one away.
    return program.text != text if program.path is not None else program.text.rstrip("\n") != text


def _report(program: Given, text: str) -> int:
    if not _differs(program, text):
        return 0
    style.write(f"{program.name}: would change")
    return 1


def _show_difference(program: Given, text: str) -> None:
    before, after = program.text.splitlines(), text.splitlines()
    style.write_diff(unified_diff(before, after, program.name, f"{program.name} formatted", lineterm=""))


def _deliver(program: Given, text: str) -> None:
    if program.path is None:
        style.write(text)
        return
    changed = _differs(program, text)
    if changed:
        replace(program.path, text)
    style.write(f"{program.name}: {'formatted' if changed else 'unchanged'}")


def replace(path: Path, text: str) -> None:
    """Replaces a file's text in one move, so that no half of it is ever seen; keeps its permissions.

    Raises `Usage` where the file or its folder cannot be written.
    """
    from optdsl.cli.arguments import Usage

    target = Path(os.path.realpath(path))  # a link stays a link
    try:
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            file.write(text.encode())
        try:
            copymode(target, file.name)
            os.replace(file.name, target)
        except BaseException:
            os.unlink(file.name)
            raise
    except OSError as error:
        raise Usage(f"optdsl fmt: `{path}` cannot be written: {error.strerror or error}") from None
