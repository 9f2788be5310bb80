"""`optdsl train`: programs in, checked all together before any of them trains."""

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from optdsl import api
from optdsl.cli import style
from optdsl.cli.programs import Given, hole_values, is_file_name, parsed, read_path, set_values
from optdsl.diagnostics import Diagnostic
from optdsl.syntax.ast import Program

if TYPE_CHECKING:
    from optdsl.backend.digits import Trainable


def run(given: Namespace) -> int:
    """Trains each program and returns the exit status; 1 before any training if one of them has errors."""
    from optdsl.cli.train import TRAINING_IMAGES, run_train

    # What does not divide is left out of an epoch, as the data does.
    epoch_steps = max(1, TRAINING_IMAGES // max(1, given.batch))
    holes = {"total": given.steps, "epoch_steps": epoch_steps, **hole_values(given)}
    programs = _programs(given)
    trees, findings = _checked(programs, holes, set_values(given))
    if findings:
        style.write_findings(findings, sys.stderr)
    if any(finding.severity == "error" for finding in findings):
        return 1
    labelled = [(_label(tree, given.sets), _builder(tree, holes)) for tree in trees]
    return run_train(labelled, given.steps, given.seed, given.batch, given.picture, given.json)


def _programs(given: Namespace) -> list[Given]:
    several = len(given.programs) > 1
    names = [f"<program {number}>" if several else "<program>" for number in range(1, len(given.programs) + 1)]
    return [
        read_path(text, given.command) if is_file_name(text) else Given(text, name)
        for text, name in zip(given.programs, names, strict=True)
    ]


def _checked(
    programs: list[Given], holes: Mapping[str, object], values: Mapping[str, object]
) -> tuple[list[Program], list[Diagnostic]]:
    """Returns the programs that parse, and the findings of all, notes left out."""
    trees: list[Program] = []
    findings: list[Diagnostic] = []
    for program in programs:
        tree, own = parsed(program, values)
        findings += own if tree is None else api.check(tree, holes=holes)
        trees += [] if tree is None else [tree]
    return trees, [finding for finding in findings if finding.severity != "note"]


def _label(tree: Program, sets: list[str]) -> str:
    return f"{tree} --set {', '.join(sets)}" if sets else str(tree)


def _builder(tree: Program, holes: Mapping[str, object]) -> "Callable[[], Trainable]":
    return partial(api.compile, tree, holes=holes)
