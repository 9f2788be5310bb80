"""Integrations, pictures: the schedules of a program drawn for a page, by matplotlib, or in characters without it.

In: the meaning of a program. Out: HTML, and text for where that cannot be shown. Pictures are data inside of their
tags, so that a notebook holds all that it shows.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from optdsl import ir
from optdsl.cli.plot import Line
from optdsl.cli.plot_picture import MOST, draw
from optdsl.cli.plot_text import chart
from optdsl.semantics.curves import Curve, curves
from optdsl.semantics.show import show
from optdsl.semantics.turns import turns, watched

_SAMPLES = 500
_DEFAULT_STEPS = 1000
_WIDTH = 88
_PIXELS = 720
"""As wide as the picture is shown; it has half as many again, for fine screens."""


class Pictures(NamedTuple):
    """The schedules of a program as HTML and as text; both empty where nothing moves."""

    html: str
    text: str


def pictures(chain: ir.Chain) -> Pictures:
    """Returns the schedules of a program, drawn from the first update to a tenth behind the last turn.

    Objects of the host have no values that could be drawn here, so a curve with one is named only.
    """
    found = curves(chain)
    drawable = tuple(curve for curve in found.curves if not ir.contains(curve.value, ir.Host))
    unknown = [f"{_names(curve)}: it depends on the host" for curve in found.curves if curve not in drawable]
    full = [f"{_names(curve)}: the picture is full" for curve in drawable[MOST:]]
    left_out = [f"left out: {line}" for line in (*found.left_out, *unknown, *full)]
    drawn = _drawn(drawable[:MOST])
    notes = "<br>".join(map(escape, left_out))
    html = drawn.html + (f"<p><small>{notes}</small></p>" if notes else "")
    return Pictures(html, "\n".join([*filter(None, [drawn.text]), *left_out]))


@lru_cache(maxsize=32)
def _drawn(found: tuple[Curve, ...]) -> Pictures:
    if not found:
        return Pictures("", "")
    lines = _sampled(found)
    text = "\n".join(row for line in lines for row in (", ".join(line.names), *chart(line, _WIDTH, is_unicode=True)))
    if find_spec("matplotlib") is None:
        return Pictures(f'<pre style="line-height:1.1">{escape(text)}</pre>', text)
    told = "; ".join(f"{', '.join(line.names)} = {line.text}" for line in lines)
    data = b64encode(_png(lines)).decode()
    style = f"width:{_PIXELS}px;max-width:100%"
    return Pictures(f'<img style="{style}" alt="{escape(told)}" src="data:image/png;base64,{data}">', text)


def _sampled(found: Iterable[Curve]) -> tuple[Line, ...]:
    """Returns the curves with their values, all over the same steps."""
    from optdsl.backend.sampled import sampled

    kept = tuple(found)
    last = round(1.1 * max((step for curve in kept for step in turns(curve.value)), default=0)) or _DEFAULT_STEPS
    steps = [tuple(watched(turns(curve.value), _SAMPLES + 1, last)) for curve in kept]
    return tuple(
        Line(curve.names, show(curve.value), at, sampled(curve.value, at))
        for curve, at in zip(kept, steps, strict=True)
    )


def _png(lines: Sequence[Line]) -> bytes:
    """Returns the picture; it goes through a file, which is where the command line draws to."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "schedules.png"
        draw(lines, path)
        return path.read_bytes()


def _names(curve: Curve) -> str:
    return ", ".join(curve.names)
