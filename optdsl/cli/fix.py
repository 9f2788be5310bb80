"""`optdsl check --fix` and `--diff`: a program and its findings in, the program with their edits made out."""

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

from optdsl.cli import style
from optdsl.cli.programs import Given
from optdsl.cli.rewrite import differing, edited, rewrite
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.edits import compatible

_MOST_PASSES = 10
"""One edit may uncover the next finding; a pair of rules that undo each other must not go on for ever."""


class Fixed(NamedTuple):
    """A program after its edits: what they mended, what they could not, what was found at first and is found now."""

    program: Given
    mended: tuple[Diagnostic, ...]
    refused: tuple[Diagnostic, ...]
    first: list[Diagnostic]
    left: list[Diagnostic]


class _Pass(NamedTuple):
    program: Given
    mended: tuple[Diagnostic, ...] = ()
    refused: tuple[Diagnostic, ...] = ()


def fix(program: Given, check: Callable[[Given], list[Diagnostic]]) -> Fixed:
    """Returns the program with the edits of what `check` finds made, again and again until none is left."""
    first = left = check(program)
    mended: tuple[Diagnostic, ...] = ()
    done = _Pass(program)
    for _ in range(_MOST_PASSES):
        done = _once(done.program, left)
        if not done.mended:
            break
        mended += done.mended
        left = check(done.program)
    return Fixed(done.program, mended, done.refused, first, left)


def _once(program: Given, findings: Sequence[Diagnostic]) -> _Pass:
    """Returns the program with all edits made that do not overlap, or as many of them as its file can hold."""
    wanted = compatible(program.text, findings)
    if not wanted:
        return _Pass(program)
    if (new := _with_edits(program, wanted)) is not None:
        return _Pass(new, wanted)
    new, mended, refused = program, tuple[Diagnostic, ...](), tuple[Diagnostic, ...]()
    for finding in wanted:
        tried = _with_edits(program, (*mended, finding))
        if tried is None:
            refused += (finding,)
        else:
            new, mended = tried, (*mended, finding)
    return _Pass(new, mended, refused)


def _with_edits(program: Given, findings: Sequence[Diagnostic]) -> Given | None:
    return edited(program, [finding.edit for finding in findings if finding.edit])


def write_fixed(before: Given, done: Fixed, given: Namespace, beside: TextIO) -> None:
    """Writes the program where it belongs, or as a difference, and a line for each edit `beside` it."""
    if given.diff:
        style.write_diff(differing(before, done.program, "fixed"))
    elif before.path is None:
        sys.stdout.write(done.program.text.removesuffix("\n") + "\n")
    elif done.mended:
        rewrite(before.path, done.program.file_text, "check")
    word = "would be fixed" if given.diff else "fixed"
    for finding in done.mended:
        beside.write(f"{finding.span}: {word}[{finding.code}]: {finding.message}\n")
    for finding in done.refused:
        beside.write(f"{finding.span}: not fixed[{finding.code}]: the edit cannot stand there without escapes\n")
