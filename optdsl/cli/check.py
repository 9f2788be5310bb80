"""`optdsl check`: programs in, everything that can be said against them out."""

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TextIO

from optdsl import api
from optdsl.cli import style
from optdsl.cli.arguments import Usage
from optdsl.cli.fix import Fixed, fix, write_fixed
from optdsl.cli.programs import Given, hole_values, parsed, read, reread, set_values
from optdsl.cli.rewrite import edited
from optdsl.cli.shapes import shapes_given
from optdsl.diagnostics import Diagnostic

_MISSING_HOLE = "E205"


class Values(NamedTuple):
    """What a program is checked with: values of holes, values by path, a tree of shapes."""

    holes: Mapping[str, object]
    sets: Mapping[str, object]
    params: Any = None


def run(given: Namespace) -> int:
    """Writes the findings of each program and returns 0 if there are none, notes aside."""
    _check_options(given)
    values = Values(hole_values(given), set_values(given), shapes_given(given))
    found = read(given)
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    shown: list[Diagnostic] = []
    counted: list[Diagnostic] = []
    fixed = 0
    for program in found.programs:
        done = _checked(program, values, given)
        fixed += len(done.mended)
        shown += done.left
        counted += done.first if given.diff else done.left
        _write(program, done.left, given)
    if given.json:
        import json

        style.write(json.dumps([finding.to_dict() for finding in shown], indent=2))
    elif given.format == "text":
        _sum_up(shown, fixed, given)
    if found.problems:
        return 2
    return 1 if any(finding.severity != "note" for finding in counted) else 0


def check(program: Given, values: Values, notes: bool = True) -> list[Diagnostic]:
    """Returns the findings of a program, under the name that it was given by."""
    tree, findings = parsed(program, values.sets)
    found = findings if tree is None else api.check(tree, holes=values.holes, params=values.params)
    return [finding for finding in found if notes or finding.severity != "note"]


def _checked(program: Given, values: Values, given: Namespace) -> Fixed:
    """Returns what is found in a program, and with `--fix` or `--diff` writes it with the edits made."""
    if not (given.fix or given.diff):
        findings = check(program, values, given.notes)
        return Fixed(program, (), (), findings, _applicable(program, findings) if given.json else findings)
    program = reread(program, "check")
    done = fix(program, lambda changed: check(changed, values, given.notes))
    write_fixed(program, done, given, _beside(given))
    return done


def _applicable(program: Given, findings: list[Diagnostic]) -> list[Diagnostic]:
    """Returns the findings without those edits that the file of the program cannot hold as they are."""
    return [
        replace(finding, edit=None) if finding.edit and edited(program, [finding.edit]) is None else finding
        for finding in findings
    ]


def _check_options(given: Namespace) -> None:
    """Raises `Usage` where programs or differences and JSON would go to one place."""
    if given.json and given.diff:
        raise Usage("optdsl check: --diff and --json both write to standard output: choose one")
    if given.json and _prints_programs(given):
        raise Usage("optdsl check: --fix prints the program, so --json goes with files only")


def _prints_programs(given: Namespace) -> bool:
    return given.fix and bool(given.texts or "-" in given.files)


def _beside(given: Namespace) -> TextIO:
    """Returns where messages go: to standard error where what else is written may be piped on."""
    return sys.stderr if given.json or given.diff or _prints_programs(given) else sys.stdout


def _write(program: Given, findings: list[Diagnostic], given: Namespace) -> None:
    to = _beside(given)
    if given.json:
        return
    if given.format == "line":
        to.writelines(f"{finding}\n" for finding in findings)
    elif findings:
        style.write_findings(findings, to)
    elif not given.diff:
        to.write(f"{program.name}: ok\n")


def _sum_up(findings: list[Diagnostic], fixed: int, given: Namespace) -> None:
    """Writes how many findings there are, and what fills a hole here, which messages say for Python."""
    counts = Counter(finding.severity for finding in findings)
    parts = [f"{fixed} {'would be ' if given.diff else ''}fixed"] if fixed else []
    parts += [f"{number} {kind}{'s' * (number > 1)}" for kind, number in counts.items()]
    left = " left" if counts and (given.fix or given.diff) else ""
    to = _beside(given)
    if parts:
        to.write(f"{', '.join(parts)}{left}\n")
    if any(finding.code == _MISSING_HOLE for finding in findings):
        to.write("holes are filled here with --hole NAME=VALUE\n")
