"""`optdsl explain` and `optdsl python`: one program in, a report or the same program in plain Optax out."""

import json
import sys
from argparse import Namespace

from optdsl import api
from optdsl.cli import style
from optdsl.cli.arguments import Usage
from optdsl.cli.programs import hole_values, parsed, read_one, set_values
from optdsl.cli.shapes import shapes_given
from optdsl.diagnostics import Diagnostic, OptdslError


def run_explain(given: Namespace) -> int:
    """Writes what a program does, stage by stage and leaf by leaf; findings instead if it has errors."""
    holes, params = hole_values(given), shapes_given(given)
    tree, findings = parsed(read_one(given), set_values(given))
    if tree is None:
        return _refuse(findings, given.json)
    try:
        report = api.explain(tree, params, passes=given.passes, holes=holes)
    except OptdslError as error:
        return _refuse(error.diagnostics, given.json)
    if given.json:
        style.write(json.dumps(report.to_dict(), indent=2))
    else:
        style.write_page(str(report))
    return 0


def run_python(given: Namespace) -> int:
    """Writes a program as plain Optax, or with `--from` plain Optax as a program; findings instead of errors."""
    if given.source is not None:
        return _run_from(given)
    holes = hole_values(given)
    tree, findings = parsed(read_one(given), set_values(given))
    if tree is None:
        return _refuse(findings)
    try:
        code = api.to_python(tree, holes=holes)
    except OptdslError as error:
        return _refuse(error.diagnostics)
    for item in given.sets:  # the text of the program, which the code quotes, does not have them
        style.write(f"# --set {item if item.isprintable() else ascii(item)}")
    style.write(code.rstrip("\n"))
    return 0


def _run_from(given: Namespace) -> int:
    if given.files or given.texts:
        raise Usage("optdsl python: --from reads one file of Python, and takes no program beside it")
    try:
        source = given.source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"optdsl python: cannot read {given.source}: {error}") from None
    try:
        style.write(str(api.from_python(source, str(given.source))))
    except OptdslError as error:
        return _refuse(error.diagnostics)
    return 0


def _refuse(findings: tuple[Diagnostic, ...], as_json: bool = False) -> int:
    """Writes what is wrong beside the output; under `--json` as the object `{"findings": [...]}`."""
    if as_json:
        style.write(json.dumps({"findings": [finding.to_dict() for finding in findings]}, indent=2))
    else:
        style.write_findings(findings, sys.stderr)
    return 1
