"""REPL, `:train` and `:race`: programs in, checked together as `optdsl train` does, and trained one after another."""

from functools import partial
from typing import TYPE_CHECKING

from optdsl import api
from optdsl.diagnostics import Diagnostic
from optdsl.repl import targets
from optdsl.repl.running import load_backend
from optdsl.repl.session import Kept, Refused, Session, values_of_holes
from optdsl.repl.told import options_of, retold, write_findings

if TYPE_CHECKING:
    from argparse import Namespace


def train(session: Session, rest: str) -> None:
    """Trains the programs that are named, by default the one that is kept."""
    named, options = targets.words(rest)
    texts = targets.side_by_side(named) or ("",)
    _train(session, [_program(session, text) for text in texts], options_of("train", f"opt {options}"))


def race(session: Session, rest: str) -> None:
    """Trains two programs or more; one alone meets the one that is kept."""
    named, options = targets.words(rest)
    texts = targets.side_by_side(named)
    if not texts:
        raise Refused("name two programs, as in `:race sgd(0.1) adam(1e-3)`, or one that meets `opt`")
    texts = ("opt", *texts) if len(texts) == 1 else texts
    _train(session, [_program(session, text) for text in texts], options_of("train", f"opt {options}"))


def _program(session: Session, text: str) -> Kept:
    """Returns a program; the last one typed may wait for `:total`, which training knows."""
    if text in ("", "opt") and session.waiting is not None and session.kept is None:
        return Kept(session.waiting)
    return targets.program(session, text)


def _train(session: Session, programs: list[Kept], given: "Namespace") -> None:
    from optdsl.cli.train import TRAINING_IMAGES, run_train

    # What does not divide is left out of an epoch, as the data does.
    lengths = {"total": str(given.steps), "epoch_steps": str(max(1, TRAINING_IMAGES // max(1, given.batch)))}
    lengths |= {name: text for name, text in session.holes.items() if name in lengths}
    load_backend()
    findings = [finding for kept in programs for finding in _findings(session, kept, lengths)]
    write_findings(findings)
    if any(finding.severity == "error" for finding in findings):
        session.failed = True
        return
    labelled = [
        (
            str(kept.whole) if not kept.sets else kept.text,
            partial(api.compile, kept.whole, holes=values_of_holes({**session.filled(kept), **lengths})),
        )
        for kept in programs
    ]
    with retold():
        status = run_train(labelled, given.steps, given.seed, given.batch, given.picture, given.json)
    session.failed |= status != 0


def _findings(session: Session, kept: Kept, lengths: dict[str, str]) -> list[Diagnostic]:
    """Returns what is wrong with a program on the network that is trained, for a run of these lengths."""
    from optdsl.backend.digits import initial_params

    holes = values_of_holes({**session.filled(kept), **lengths})
    found = api.check(kept.whole, holes=holes, params=initial_params(0))
    return [finding for finding in found if finding.severity != "note"]
