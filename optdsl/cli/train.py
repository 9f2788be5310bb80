"""Training command: labelled optimizers in, a display, a table or JSON, and a picture out.

The programs train one after another from the same parameters on the same batches, because two that
share the processor would spoil each other's times. JAX is imported only once training begins; how a
text becomes an optimizer is the caller's business.
"""

from __future__ import annotations

import json as json_text
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rich.console import Console

from optdsl.cli.train_picture import draw, picture_problem
from optdsl.cli.train_run import Run, as_json
from optdsl.cli.train_view import LineView, LiveView, SilentView, View, say, show_results, watched

if TYPE_CHECKING:
    from optdsl.backend.digits import Digits, Progress, Trainable

DEFAULT_STEPS = 1000
DEFAULT_SEED = 0
DEFAULT_BATCH = 128
TRAINING_IMAGES = 1437

Program: TypeAlias = "tuple[str, Callable[[], Trainable]]"


class Settings(NamedTuple):
    """What is the same for every program of one command."""

    steps: int
    seed: int
    batch: int


class ProgramError(Exception):
    """One program could not be built or stepped; the others go on."""


def run_train(
    programs: Sequence[Program],
    steps: int = DEFAULT_STEPS,
    seed: int = DEFAULT_SEED,
    batch: int = DEFAULT_BATCH,
    picture: Path | None = None,
    json: bool = False,
    console: Console | None = None,
) -> int:
    """Train every program on the digits, show and report it, and return the exit code.

    0 where all finished, 1 where one diverged or failed or a package is missing, 2 for impossible
    settings, 130 after Ctrl-C. Results go to `console` (standard output), complaints to standard error.
    """
    out = console if console is not None else Console()
    settings = Settings(steps, seed, batch)
    if problem := _settings_problem(programs, settings):
        return _complain(problem, 2)
    if picture is not None and (problem := picture_problem(picture)):
        return _complain(problem, 1 if "pip install" in problem else 2)
    runs = tuple(Run(label) for label, _ in programs)
    try:
        interrupted = _train_all(programs, runs, settings, _view(out, runs, settings, json))
    except ModuleNotFoundError as error:
        return _complain(str(error), 1)
    if json:
        say(out, json_text.dumps(_document(runs, settings, interrupted), allow_nan=False))
    else:
        show_results(out, runs)
    drawn = picture is None or _draw(runs, picture, None if json else out)
    if interrupted:
        return 130
    return 0 if drawn and all(run.status == "finished" for run in runs) else 1


def _settings_problem(programs: Sequence[Program], settings: Settings) -> str | None:
    if not programs:
        return "no program to train"
    if settings.steps < 1:
        return f"--steps must be at least 1, not {settings.steps}"
    if settings.seed < 0:
        return f"--seed must not be negative: {settings.seed}"
    if not 1 <= settings.batch <= TRAINING_IMAGES:
        return f"--batch must be between 1 and the {TRAINING_IMAGES} training images, not {settings.batch}"
    return None


def _view(out: Console, runs: Sequence[Run], settings: Settings, json: bool) -> View:
    """Return the display: on `out` itself, or beside JSON on standard error if someone watches that."""
    shown = Console(stderr=True) if json else out
    if watched(shown):
        say(shown, _heading(settings))
        return LiveView(shown, runs, settings.steps)
    if json:
        return SilentView()
    say(shown, _heading(settings))
    return LineView(shown, runs, settings.steps)


def _heading(settings: Settings) -> str:
    return f"handwritten digits: {settings.steps} steps of {settings.batch} images, seed {settings.seed}"


def _train_all(programs: Sequence[Program], runs: Sequence[Run], settings: Settings, view: View) -> bool:
    """Fill the runs one after another and return whether Ctrl-C cut them short."""
    with view:
        try:
            from optdsl.backend import digits

            data = digits.load()
            for (_, build), run in zip(programs, runs, strict=True):
                _train_one(build, run, data, settings, view)
        except KeyboardInterrupt:
            _interrupt(runs, view)
            return True
    return False


def _train_one(build: Callable[[], Trainable], run: Run, data: Digits, settings: Settings, view: View) -> None:
    run.begin()
    view.show(run)
    try:
        for record in _records(build, data, settings):
            run.add(record)
            if not run.ended:
                view.show(run)
    except ProgramError as failure:
        run.fail(str(failure))
    run.finish()
    view.show(run)


def _records(build: Callable[[], Trainable], data: Digits, settings: Settings) -> Iterator[Progress]:
    from optdsl.backend import digits

    try:
        yield from digits.train(build(), data, **settings._asdict())
    except Exception as error:  # a program may fail in any way that Optax and JAX know
        raise ProgramError(f"{type(error).__name__}: {error}") from error


def _interrupt(runs: Sequence[Run], view: View) -> None:
    for run in runs:
        run.stop()
        view.show(run)


def _document(runs: Sequence[Run], settings: Settings, interrupted: bool) -> dict[str, object]:
    return {
        "data": "digits",
        **settings._asdict(),
        "interrupted": interrupted,
        "results": [as_json(run) for run in runs],
    }


def _draw(runs: Sequence[Run], picture: Path, out: Console | None) -> bool:
    """Write the picture and return whether that worked; a full disk must not cost the results above."""
    if not any(run.records for run in runs):
        _complain("no program took a step, so there are no curves to draw", 1)
        return False
    try:
        draw(runs, picture)
    except OSError as error:
        _complain(f"the picture could not be written: {error}", 1)
        return False
    if out is not None:
        say(out, f"curves: {picture}")
    return True


def _complain(problem: str, code: int) -> int:
    Console(stderr=True).out(f"optdsl train: {problem}", highlight=False)
    return code
