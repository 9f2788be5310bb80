"""`optdsl check`: programs in, everything that can be said against them out."""

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from optdsl import api
from optdsl.cli import style
from optdsl.cli.programs import Given, hole_values, parsed, read, set_values
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
    values = Values(hole_values(given), set_values(given), shapes_given(given))
    found = read(given)
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    findings: list[Diagnostic] = []
    for program in found.programs:
        own = [finding for finding in check(program, values) if given.notes or finding.severity != "note"]
        findings += own
        _write(program, own, given)
    if given.json:
        style.write(json.dumps([finding.to_dict() for finding in findings], indent=2))
    elif given.format == "text":
        _sum_up(findings)
    if found.problems:
        return 2
    return 1 if any(finding.severity != "note" for finding in findings) else 0


def check(program: Given, values: Values) -> list[Diagnostic]:
    """Returns all findings of a program, under the name that it was given by."""
    tree, findings = parsed(program, values.sets)
    return list(findings) if tree is None else api.check(tree, holes=values.holes, params=values.params)


def _write(program: Given, findings: list[Diagnostic], given: Namespace) -> None:
    if given.json:
        return
    if given.format == "line":
        for finding in findings:
            style.write(str(finding))
    elif findings:
        style.write_findings(findings)
    else:
        style.write(f"{program.name}: ok")


def _sum_up(findings: list[Diagnostic]) -> None:
    """Writes how many findings there are, and what fills a hole here, which messages say for Python."""
    counts = Counter(finding.severity for finding in findings)
    if counts:
        style.write(", ".join(f"{number} {kind}{'s' * (number > 1)}" for kind, number in counts.items()))
    if any(finding.code == _MISSING_HOLE for finding in findings):
        style.write("holes are filled here with --hole NAME=VALUE")
