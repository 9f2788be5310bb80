"""`optdsl fmt`: programs in, their canonical form out, into the files they came from."""

import sys
from argparse import Namespace

from optdsl import api
from optdsl.cli import style
from optdsl.cli.programs import Given, parsed, read, reread
from optdsl.cli.rewrite import differing, edited, rewrite
from optdsl.diagnostics import Edit
from optdsl.source import Range


def run(given: Namespace) -> int:
    """Formats each program and returns 0; 1 if one does not parse or, with `--check`, would change."""
    found = read(given)
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    statuses = [_format(reread(program, "fmt"), given) for program in found.programs]
    return max([2 if found.problems else 0, *statuses])


def _format(program: Given, given: Namespace) -> int:
    tree, findings = parsed(program)
    if tree is None:
        style.write_findings(findings, sys.stderr)
        if program.path is not None:
            sys.stderr.write(f"optdsl fmt: {program.name} is left as it is\n")
        return 1
    text = canonical(program, api.format(tree))
    new = edited(program, [Edit(Range(0, len(program.text)), text)] if _differs(program, text) else [])
    if new is None:
        sys.stderr.write(f"optdsl fmt: {program.name} is left as it is: it cannot be written there in one piece\n")
        return 1
    if given.diff:
        style.write_diff(differing(program, new, "formatted"))
    if given.check:
        return _report(program, text)
    if not given.diff:
        _deliver(program, new)
    return 0


def canonical(program: Given, formatted: str) -> str:
    """Returns a file's new text: with a newline at its end, and with Windows' line ends if it has those.

    A value inside another file keeps the newlines at its end.
    """
    if program.origin is not None:
        return formatted + program.text[len(program.text.rstrip("\n")) :]
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


def _deliver(program: Given, new: Given) -> None:
    if program.path is None:
        style.write(new.text)
        return
    changed = _differs(program, new.text)
    if changed:
        rewrite(program.path, new.file_text, "fmt")
    style.write(f"{program.name}: {'formatted' if changed else 'unchanged'}")
