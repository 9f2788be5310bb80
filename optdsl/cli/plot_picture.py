"""Plot command, the picture: curves in, a picture file of them out. matplotlib is imported when it draws."""

# matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optdsl.cli.train_picture import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from optdsl.cli.plot import Line

MOST = 24
"""Curves in one picture; more would be a picture that no viewer shows whole."""

_WIDE = 92
_HEIGHT = 2.3


def draw(lines: Sequence[Line], path: Path) -> Sequence[Line]:
    """Writes the picture, a panel for each curve over the same steps, and returns the curves it had no room for.

    Raises OSError where the file cannot be written.
    """
    from matplotlib.figure import Figure

    drawn = lines[:MOST]
    figure = Figure(figsize=(9, 0.5 + _HEIGHT * len(drawn)), dpi=120, layout="constrained")
    panels = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)
    for number, line in enumerate(drawn):
        _panel(panels[number, 0], line, COLOURS[number % len(COLOURS)])
    panels[-1, 0].set_xlabel("step")
    figure.savefig(path)
    return lines[MOST:]


def _panel(axes: Axes, line: Line, colour: str) -> None:
    axes.plot(line.steps, line.values, color=colour, linewidth=1.8)
    low, high = axes.get_ylim()
    if 0 < low < high / 2:
        axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    names = textwrap.wrap(", ".join(line.names), _WIDE)
    value = textwrap.shorten(line.text, _WIDE, placeholder=" ...")
    # A program may hold dollar signs, which are no formulas.
    font = {"family": "monospace", "size": 9}
    axes.set_title("\n".join([*names, value]), loc="left", fontdict=font, parse_math=False)
