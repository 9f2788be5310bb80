"""`optdsl doctor`: a program in, what a few of its steps show out, as a table or as JSON."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from optdsl import api
from optdsl.cli import style
from optdsl.cli.programs import hole_values, parsed, read_one, set_values
from optdsl.cli.shapes import shapes_given
from optdsl.diagnostics import Diagnostic, OptdslError
from optdsl.semantics.check import OVERRIDABLE
from optdsl.syntax.ast import Program

if TYPE_CHECKING:
    from optdsl.backend.doctor import Examined
    from optdsl.backend.optimizer import Optimizer

_TOTALS = (50, 10_000, 1_000_000)
"""The updates that are tried, and how long a run is taken to be where its schedules need more of them."""

_HEADINGS = ("about", "verdict", "seen")
_IMPOSSIBLE = "E309"


class Compiled(NamedTuple):
    """An optimizer, and the length of the whole run that its schedules were given, None for the user's own."""

    opt: "Optimizer"
    total: int | None


def run(given: Namespace) -> int:
    """Writes what running a program shows; returns 1 if something failed, or the program has errors."""
    holes, params = hole_values(given), shapes_given(given)
    tree, findings = parsed(read_one(given), set_values(given))
    compiled = findings if tree is None else _compiled(tree, holes, params)
    if not isinstance(compiled, Compiled):
        return _refuse(compiled, given.json)
    from optdsl.backend.doctor import examine

    with _waiting(given.json):
        examined = examine(compiled.opt, params, _TOTALS[0])
    if given.json:
        style.write(json.dumps(_document(compiled, examined), indent=2, allow_nan=False))
    else:
        _write(compiled, examined)
    return 1 if any(answer.verdict == "failed" for answer in examined) else 0


def _compiled(tree: Program, holes: Mapping[str, object], params: Any) -> Compiled | tuple[Diagnostic, ...]:
    """Returns the optimizer, also of a program that climbs, or the errors.

    The whole takes as long as the examination, or longer for schedules that would not fit into it.
    """
    errors: tuple[Diagnostic, ...] = ()
    for total in _TOTALS:
        length = {"total": total, "epoch_steps": _TOTALS[0], **holes}
        try:
            opt = api.compile(tree, holes=length, params=params, fragment=True, allow=tuple(OVERRIDABLE))
        except OptdslError as error:
            errors = errors or error.diagnostics
        else:
            return Compiled(opt, None if "total" in holes else total)
        if "total" in holes or all(finding.code != _IMPOSSIBLE for finding in errors):
            break
    return errors


def _waiting(as_json: bool) -> AbstractContextManager[object]:
    """Shows on a terminal that something happens: compiling takes seconds."""
    if as_json or not sys.stdout.isatty():
        return nullcontext()
    from rich.console import Console

    return Console().status("compiling and running")


def _write(compiled: Compiled, examined: Sequence["Examined"]) -> None:
    style.write_table([(answer.name, answer.verdict, answer.sentence) for answer in examined], _HEADINGS)
    if compiled.total not in (None, _TOTALS[0]):
        style.write(f"\nthe schedules were given {compiled.total:,} updates, of which {_TOTALS[0]} ran: --hole total=N")


def _document(compiled: Compiled, examined: Sequence["Examined"]) -> dict[str, object]:
    """Returns the answers for a machine; null stands for what is not finite."""
    answers = [
        {
            "name": answer.name,
            "verdict": answer.verdict,
            "sentence": answer.sentence,
            "numbers": {name: number if isfinite(number) else None for name, number in answer.numbers.items()},
        }
        for answer in examined
    ]
    return {"program": str(compiled.opt), "total": compiled.total, "examined": answers}


def _refuse(findings: Sequence[Diagnostic], as_json: bool) -> int:
    """Writes what is wrong beside the output; under `--json` as the object `{"findings": [...]}`."""
    if as_json:
        style.write(json.dumps({"findings": [finding.to_dict() for finding in findings]}, indent=2))
    else:
        style.write_findings(findings, sys.stderr)
    return 1
