"""Training command, the picture: runs in, a picture file of their curves out.

matplotlib is imported only when a picture is asked for, and never through its global state.
"""

# matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from optdsl.cli.train_run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

SUFFIXES = (".png", ".svg", ".pdf")
# Okabe and Ito's palette, which colour-blind readers tell apart. Equal curves stay
# visible under one another because the line styles change too; 7 and 4 give 28 looks.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", ":", "-.")
# Ten classes guessed alike cost log(10) = 2.3; a loss far above that only squeezes the other curves.
HIGHEST_LOSS = 30.0


def picture_problem(path: Path) -> str | None:
    """Return why no picture can be drawn at the path, or None; asked before training, not after it."""
    if find_spec("matplotlib") is None:
        return "the picture needs matplotlib: pip install 'optdsl[demo]'"
    if path.suffix.lower() not in SUFFIXES:
        return f"the picture's name must end in {', '.join(SUFFIXES)}: {path}"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent} to put the picture in"
    return None


def draw(runs: Sequence[Run], path: Path) -> None:
    """Write the curves: training loss (log scale) and held-out accuracy over steps, a colour per program.

    Strong lines are measured over all images, faint ones over each batch; a cross is where a run diverged.
    Raises OSError where the file cannot be written.
    """
    from matplotlib.figure import Figure

    labels = [_legend_text(run) for run in runs]
    lines = sum(label.count("\n") + 1 for label in labels)
    figure = Figure(figsize=(10, 4.6 + 0.22 * lines), dpi=120, layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    handles = [_draw_run(losses, accuracies, run, index) for index, run in enumerate(runs)]
    losses.set(title="training loss", xlabel="step", yscale="log")
    losses.margins(y=0.01)
    losses.set_ylim(top=min(losses.get_ylim()[1], HIGHEST_LOSS))
    accuracies.set(title="held-out accuracy", xlabel="step", ylim=(_lowest_accuracy(runs), 1.005))
    for axes in (losses, accuracies):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    font = {"family": "monospace", "size": 9}
    legend = figure.legend(handles, labels, loc="outside lower left", prop=font, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)  # a program may hold dollar signs, which are no formulas
    figure.savefig(path)


def _draw_run(losses: Axes, accuracies: Axes, run: Run, index: int) -> Line2D:
    colour = COLOURS[index % len(COLOURS)]
    style = STYLES[index % len(STYLES)]
    finite = [record for record in run.records if not record.diverged]
    losses.plot([r.step for r in finite], [r.loss for r in finite], color=colour, alpha=0.2, linewidth=0.8)
    measured = [(r.step, r.evaluation) for r in finite if r.evaluation is not None]
    steps = [step for step, _ in measured]
    (line,) = losses.plot(steps, [m.train_loss for _, m in measured], style, color=colour, linewidth=2)
    accuracies.plot(steps, [m.accuracy for _, m in measured], style, color=colour, linewidth=2)
    if run.status == "diverged" and finite:
        height = min(finite[-1].loss, HIGHEST_LOSS)
        losses.plot(finite[-1].step, height, marker="x", markersize=9, color=colour, clip_on=False)
    return line


def _lowest_accuracy(runs: Sequence[Run]) -> float:
    """Return where the accuracy axis begins: low enough for every run's end, and as close as that."""
    ends = [run.accuracy for run in runs if run.accuracy is not None]
    return max(0.0, min(ends) - 0.15) if ends else 0.0


def _legend_text(run: Run) -> str:
    note = f"  ({run.note})" if run.note else ""
    return "\n  ".join(textwrap.wrap(run.label + note, 110))
