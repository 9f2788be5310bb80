"""REPL, a program that is typed or loaded: text in; findings, explanation and schedules out, and the program kept."""

from collections.abc import Sequence

from optdsl import ir
from optdsl.cli import plot, style, translate
from optdsl.cli.programs import Given, parsed
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.suggest import listed
from optdsl.repl.running import load_backend
from optdsl.repl.session import Kept, Session, values_of_holes
from optdsl.repl.told import tell, write_findings
from optdsl.semantics.check import OVERRIDABLE
from optdsl.semantics.curves import curves, curves_of_value
from optdsl.semantics.resolve import resolve, resolve_value
from optdsl.semantics.show import show
from optdsl.syntax.ast import Program, hole_names

_MISSING_HOLE = "E205"


def take(session: Session, given: Given) -> bool:
    """Shows what a text means and keeps it, if it is a program without errors; returns whether it meant anything."""
    tree, findings = parsed(given)
    if tree is None:
        write_findings(findings)
        session.failed = True
        return False
    return take_tree(session, tree)


def take_tree(session: Session, tree: Program) -> bool:
    """Shows and keeps a program; a value that stands by itself is shown only."""
    kept = Kept(tree)
    findings = [finding for finding in session.check(kept) if finding.severity != "note"]
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors and _shows_value(session, kept):
        return True
    if all(finding.code in OVERRIDABLE for finding in errors):
        _say_assumed(session, kept)
        explain(session, kept)
        _draw(session, kept)
    write_findings(findings)
    if errors:
        _refuse(session, tree, errors)
        return False
    session.keep(tree)
    style.write("kept as `opt`")
    return True


def review(session: Session) -> None:
    """Shows the kept program once more, as something beside it has changed."""
    kept, session.standing = session.opt, None
    findings = [finding for finding in session.check(kept) if finding.severity != "note"]
    if all(finding.severity != "error" for finding in findings):
        _say_assumed(session, kept)
        explain(session, kept)
        _draw(session, kept)
    write_findings(findings)


def explain(session: Session, kept: Kept, options: str = "") -> None:
    """Writes the report of a program, with its leaves where a model is loaded."""
    if session.shapes is not None:
        load_backend()
    tell(session, "explain", translate.run_explain, kept, options)


def draw(session: Session, kept: Kept, options: str = "") -> None:
    """Draws the schedules of a program."""
    load_backend()
    tell(session, "plot", plot.run, kept, options)


def _draw(session: Session, kept: Kept) -> None:
    """Draws the schedules of a program that has any."""
    chain = resolve(kept.whole, values_of_holes(session.filled(kept))).chain
    if chain is not None and curves(chain).curves:
        draw(session, kept)


def value_of(session: Session, kept: Kept) -> ir.Value | None:
    """Returns the number or the schedule that stands by itself, None for what is no such thing."""
    holes = values_of_holes(session.filled(kept))
    if resolve(kept.tree, holes).chain is not None:
        return None
    value, findings = resolve_value(kept.tree, holes)
    return None if findings else value


def _shows_value(session: Session, kept: Kept) -> bool:
    """Shows a number, and draws a schedule, that stands by itself; returns whether it is one."""
    value = value_of(session, kept)
    if value is None:
        return False
    if not curves_of_value(value).curves:
        style.write(show(value))
        return True
    _say_assumed(session, kept)
    draw(session, kept)
    return True


def _say_assumed(session: Session, kept: Kept) -> None:
    """Says which lengths of the run are the REPL's own, where they matter."""
    for name, text in session.assumed(kept).items():
        style.write(f"`:{name}` is taken as {int(text):,}; `:hole {name}=N` says another")


def _refuse(session: Session, tree: Program, errors: Sequence[Diagnostic]) -> None:
    session.failed = True
    missing = sorted(hole_names(tree) - session.holes.keys())
    if missing and all(finding.code == _MISSING_HOLE for finding in errors):
        session.waiting = tree
        style.write(f"fill {listed([f':{name}' for name in missing])} with `:hole {missing[0]}=VALUE`")
    elif session.kept is not None:
        style.write(f"`opt` is still {session.kept.line}")
