"""`optdsl plot`: a program in, its schedules out, as text on a terminal, as a picture, or as numbers."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from optdsl.cli import style
from optdsl.cli.arguments import Usage
from optdsl.cli.plot_text import chart
from optdsl.cli.programs import hole_values, parsed, read_one, set_values
from optdsl.diagnostics import Diagnostic
from optdsl.registry import Sort, lookup
from optdsl.semantics.curves import Curves, curves, curves_of_value
from optdsl.semantics.resolve import resolve, resolve_value
from optdsl.semantics.show import show
from optdsl.semantics.turns import turns, watched
from optdsl.syntax import ast
from optdsl.syntax.ast import Program

_DEFAULT_STEPS = 1000
_SAMPLES = 1000
_MISSING_HOLE = "E205"


class Line(NamedTuple):
    """A curve with its numbers: what has it, as the language writes it, and its value at each of the steps."""

    names: tuple[str, ...]
    text: str
    steps: tuple[int, ...]
    values: tuple[float, ...]


def run(given: Namespace) -> int:
    """Writes or draws the schedules of a program; findings instead if it has errors."""
    _check_picture(given)
    holes = hole_values(given)
    tree, findings = parsed(read_one(given), set_values(given))
    found = findings if tree is None else _schedules(tree, holes)
    if not isinstance(found, Curves):
        return _refuse(found, given.json)
    last = given.steps or _last(found, holes)
    lines = _sampled(found, last)
    if given.json:
        style.write(json.dumps(_document(lines, found.left_out), indent=2, allow_nan=False))
    elif not lines:
        style.write("no schedule: every number of the program is the same at every step")
    elif given.picture is None:
        _write(lines)
    if lines and given.picture is not None:
        _draw(lines, given)
    if not given.json:
        for left_out in found.left_out:
            style.write(f"left out: {left_out}")
    return 0


def _schedules(tree: Program, holes: Mapping[str, object]) -> Curves | tuple[Diagnostic, ...]:
    """Returns the curves of a program, or of a schedule that stands by itself; the findings if it is neither."""
    resolved = resolve(tree, holes)
    if resolved.chain is not None:
        return curves(resolved.chain)
    value, findings = resolve_value(tree, holes)
    if not findings:
        return curves_of_value(value)
    return findings if _is_schedule(tree.body) else resolved.findings


def _is_schedule(body: ast.Expression) -> bool:
    if isinstance(body, ast.Call):
        row = lookup(body.function.id)
        return row is not None and row.sort is Sort.SCHEDULE
    return isinstance(body, (ast.Schedule, ast.Binary, ast.Unary, ast.Number, ast.Duration))


# ---- numbers


def _last(found: Curves, holes: Mapping[str, object]) -> int:
    """Returns the step to draw up to: a tenth behind the last turn and `:total`."""
    total = holes.get("total")
    ends = [step for curve in found.curves for step in turns(curve.value)]
    end = max([*ends, round(total) if isinstance(total, (int, float)) and isfinite(total) else 0])
    return round(1.1 * end) or _DEFAULT_STEPS


def _sampled(found: Curves, last: int) -> list[Line]:
    if not found.curves:
        return []
    from optdsl.backend.sampled import sampled

    lines: list[Line] = []
    for names, value in found.curves:
        steps = watched(turns(value), _SAMPLES + 1, last)
        lines.append(Line(names, show(value), tuple(steps), sampled(value, steps)))
    return lines


def _document(lines: list[Line], left_out: tuple[str, ...]) -> dict[str, object]:
    """Returns the curves for a machine; null stands for what is not finite."""
    schedules = [
        {
            "names": list(line.names),
            "value": line.text,
            "steps": list(line.steps),
            "values": [value if isfinite(value) else None for value in line.values],
        }
        for line in lines
    ]
    return {"schedules": schedules, "left_out": list(left_out)}


# ---- what is written


def _write(lines: list[Line]) -> None:
    width = style.page_width()
    is_unicode = sys.stdout.encoding.lower().replace("-", "").startswith("utf")
    for line in lines:
        style.write_page("\n".join([", ".join(line.names), *chart(line, width, is_unicode)]))


def _check_picture(given: Namespace) -> None:
    from optdsl.cli.train_picture import picture_problem

    if given.picture is not None and (problem := picture_problem(given.picture)):
        raise Usage(f"optdsl plot: {problem}")


def _draw(lines: list[Line], given: Namespace) -> None:
    from optdsl.cli.plot_picture import draw

    try:
        undrawn = draw(lines, given.picture)
    except OSError as error:
        raise Usage(f"optdsl plot: `{given.picture}` cannot be written: {error.strerror or error}") from None
    if not given.json:
        for line in undrawn:
            style.write(f"left out: {', '.join(line.names)}: the picture is full")
        style.write(f"schedules: {given.picture}")


def _refuse(findings: tuple[Diagnostic, ...], as_json: bool) -> int:
    if as_json:
        style.write(json.dumps({"findings": [finding.to_dict() for finding in findings]}, indent=2))
        return 1
    style.write_findings(findings, sys.stderr)
    if any(finding.code == _MISSING_HOLE for finding in findings):
        sys.stderr.write("holes are filled here with --hole NAME=VALUE\n")
    return 1
