"""Training command, what is seen: runs in, a live display or plain lines and a table of results out.

It reads runs and writes to a console; it does not train and does not know JAX.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from optdsl.cli.train_run import Run

REFRESH_SECONDS = 0.1
LINES_PER_RUN = 10
ECHO = 4
"""Columns that the live display leaves free: a terminal writes `^C` at its end, and what went over the edge of the
screen could not be taken away. Room for two."""


class View(Protocol):
    """Something that shows runs while they go on; `show` is called at every change of a run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, run: Run) -> None:
        """Take note that the run has changed."""
        ...


class SilentView:
    """Shows nothing: for `--json` where nobody watches."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace

    def show(self, run: Run) -> None:
        """Do nothing."""
        del run


class LineView(SilentView):
    """Prints a plain line at about ten steps of each run: for pipes, logs and dumb terminals."""

    def __init__(self, console: Console, runs: Sequence[Run], steps: int) -> None:
        self._console = console
        self._runs = runs
        self._steps = steps

    def show(self, run: Run) -> None:
        """Print the program when it begins, then its progress at regular steps and at its end."""
        if run.status == "compiling":
            number = next(index for index, other in enumerate(self._runs, 1) if other is run)
            say(self._console, f"[{number}/{len(self._runs)}] {run.label}")
        elif run.status == "diverged":
            say(self._console, f"  {run.note}: the loss is {run.loss}")
        elif run.status == "failed":
            say(self._console, f"  failed: {_first_line(run.error)}")
        elif run.status == "training" and self._is_due(run.steps):
            say(self._console, "  " + _figures(run, self._steps))

    def _is_due(self, step: int) -> bool:
        return step == self._steps or step % max(1, self._steps // LINES_PER_RUN) == 0


class LiveView:
    """Keeps all runs on the screen, two lines each, and takes them away at the end for the table."""

    def __init__(self, console: Console, runs: Sequence[Run], steps: int) -> None:
        self._console = console
        self._runs = runs
        self._steps = steps
        self._shown_at = 0.0
        # No refreshing thread: it would compete with the steps that are being timed.
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, run: Run) -> None:
        """Redraw, at most ten times a second while a run goes on."""
        now = time.monotonic()
        if run.status == "training" and now - self._shown_at < REFRESH_SECONDS:
            return
        self._shown_at = now
        self._live.update(self._render(run), refresh=True)

    def _render(self, active: Run) -> RenderableType:
        fitting = max(1, (self._console.height - 2) // 2)
        position = next(index for index, run in enumerate(self._runs) if run is active)
        first = max(0, min(position - fitting // 2, len(self._runs) - fitting))
        width = max(1, self._console.width - ECHO)
        rows = [_live_row(run, self._steps, width) for run in self._runs[first : first + fitting]]
        return Constrain(Group(*rows), width)


def _live_row(run: Run, steps: int, width: int) -> RenderableType:
    title = Text(run.label, style="bold" if run.status in ("compiling", "training") else "", no_wrap=True)
    title.truncate(width, overflow="ellipsis")
    line = Table.grid(padding=(0, 2))
    line.add_row(
        Text(" "),
        ProgressBar(total=steps, completed=run.steps, width=max(8, min(40, width - 62))),
        Text(_figures(run, steps), style="" if run.status == "training" else "dim", no_wrap=True),
    )
    return Group(title, line)


def _figures(run: Run, steps: int) -> str:
    """Return `step 200/1000  loss 0.0513  held-out 0.972  3100 steps/s` or why there is none yet."""
    if run.status == "failed":
        return f"failed: {_first_line(run.error)}"
    if not run.records or run.status == "diverged":
        return run.note
    rate = "" if run.recent_rate is None else f"  {run.recent_rate:.0f} steps/s"
    figures = f"loss {_number(run.loss, '<8.3g')}  held-out {_number(run.accuracy, '.3f')}"
    return f"{run.steps:>{len(str(steps))}}/{steps}  {figures}{rate}"


def result_table(runs: Sequence[Run], wide: bool) -> Table:
    """Return the table of results; `wide` keeps every row on one line, however long, for a pipe."""
    # Narrow headings leave 44 of 80 columns to the program.
    table = Table(box=None, pad_edge=False, collapse_padding=not wide, padding=(0, 1))
    table.add_column("program", overflow="fold", no_wrap=wide, vertical="top")
    for heading in ("final\nloss", "test\naccuracy", "ms per\nstep", "compile\ns"):
        table.add_column(heading.replace("\n", " ") if wide else heading, justify="right", no_wrap=True)
    for run in runs:
        program = Text(run.label).append(f"  ({run.note})" if run.note else "", style="yellow")
        table.add_row(program, *map(Text, _cells(run)))
    return table


def _cells(run: Run) -> tuple[str, str, str, str]:
    milliseconds = None if run.step_seconds is None else run.step_seconds * 1e3
    return (
        _number(run.final_loss, ".3g"),
        _number(run.accuracy, ".3f"),
        _number(milliseconds, ".3f"),
        _number(run.compile_seconds, ".2f"),
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


def say(console: Console, text: str) -> None:
    """Print a line as it is: no markup, no wrapping, no colour."""
    console.out(text, highlight=False)


def show_results(console: Console, runs: Sequence[Run]) -> None:
    """Print the table, then in full whatever made a program fail."""
    if watched(console):
        console.print(result_table(runs, wide=False))
    else:
        table = result_table(runs, wide=True)
        # A pipe has no width: give the table what it asks for instead of the console's guess.
        table.width = table.__rich_measure__(console, console.options.update(width=10_000)).maximum
        with console.capture() as captured:
            console.print(table, crop=False, soft_wrap=True)
        for line in captured.get().splitlines():
            say(console, line.rstrip())
    for run in runs:
        if run.error:
            say(console, f"{run.label}\n  {run.error}")


def watched(console: Console) -> bool:
    """Return whether a display that moves the cursor is welcome; FORCE_COLOR alone does not ask for one."""
    return console.is_interactive and console.file.isatty()
