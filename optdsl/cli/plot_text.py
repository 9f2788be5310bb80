"""Plot command, the chart: the numbers of one curve in, lines of text out, in Braille or in plain ASCII."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite
from textwrap import wrap
from typing import NamedTuple, Protocol

ROWS = 13
"""Odd, so that the middle row is the middle value."""

_MARGIN = "    "
_NARROWEST = 20

Dots = set[tuple[int, int]]


class Curve(Protocol):
    """What a chart is drawn of."""

    @property
    def text(self) -> str:
        """The value as the language writes it."""
        ...

    @property
    def steps(self) -> Sequence[int]:
        """Steps in order, the first one 0."""
        ...

    @property
    def values(self) -> Sequence[float]:
        """The value at each step."""
        ...


class Marks(NamedTuple):
    """How a chart is written: dots in a character across and down, the lines of its axes, ticks on them."""

    across: int
    down: int
    side: str
    tick: str
    corner: str
    floor: str
    floor_tick: str


_BRAILLE = Marks(2, 4, "│", "┤", "└", "─", "┴")
_ASCII = Marks(1, 1, "|", "+", "+", "-", "+")
_DOT_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a Braille character by column and row of the dot, as Unicode numbers them."""


class Range(NamedTuple):
    """The values between which a chart is drawn."""

    low: float
    high: float


def chart(curve: Curve, width: int, is_unicode: bool) -> Iterator[str]:
    """Yields the value as text, then the chart: values on the left, steps below, at most `width` wide."""
    yield from wrap(curve.text, width, initial_indent=_MARGIN, subsequent_indent=_MARGIN, break_on_hyphens=False)
    points = [(step, value) for step, value in zip(curve.steps, curve.values, strict=True) if isfinite(value)]
    if points:
        between = _range([value for _, value in points])
        labels = _labels(between)
        indent = max(map(len, labels.values()))
        # Odd, so that the middle tick stands at half of the steps.
        columns = max(_NARROWEST, width - len(_MARGIN) - indent - 2) // 2 * 2 - 1
        marks = _BRAILLE if is_unicode else _ASCII
        dots = _dots(curve, between, (columns * marks.across, ROWS * marks.down))
        for row in range(ROWS):
            edge = marks.tick if row in labels else marks.side
            yield f"{_MARGIN}{labels.get(row, ''):>{indent}} {edge}{_row(dots, row, columns, marks)}".rstrip()
        yield from (f"{_MARGIN}{' ' * indent} {line}" for line in _floor(curve.steps[-1], columns, marks))
    if len(points) < len(curve.steps):
        yield f"{_MARGIN}not a finite number at {len(curve.steps) - len(points)} of {len(curve.steps)} steps drawn"


def _range(values: Sequence[float]) -> Range:
    """Returns the values to draw between: from 0 if that costs at most half of the height."""
    low, high = min(values), max(values)
    if low == high:
        return Range(min(0.0, 2 * low), max(0.0, 2 * high)) if low else Range(-1.0, 1.0)
    if 0 < low <= high / 2:
        return Range(0.0, high)
    return Range(low, 0.0) if low / 2 <= high < 0 else Range(low, high)


def _labels(between: Range) -> dict[int, str]:
    """Returns what stands beside the rows that have a value written to them."""
    middle = (between.low + between.high) / 2
    if abs(middle) < 1e-3 * (between.high - between.low):  # what rounding leaves of a zero
        middle = 0.0
    at = {0: between.high, ROWS // 2: middle, ROWS - 1: between.low}
    return {row: f"{value:.3g}" for row, value in at.items()}


def _dots(curve: Curve, between: Range, size: tuple[int, int]) -> Dots:
    """Returns the dots of the line through the values, (across, down), counted from the top left."""
    wide, high = size
    scale = (high - 1) / (between.high - between.low)
    last = max(curve.steps[-1], 1)
    dots: Dots = set()
    places = [
        (round(step / last * (wide - 1)), round((between.high - value) * scale)) if isfinite(value) else None
        for step, value in zip(curve.steps, curve.values, strict=True)
    ]
    dots.update(place for place in places if place is not None)
    for one, other in pairwise(places):
        if one is not None and other is not None:
            dots.update(_line(one, other))
    return dots


def _line(one: tuple[int, int], other: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yields the dots between two, without gaps."""
    (x, y), (to_x, to_y) = one, other
    count = max(abs(to_x - x), abs(to_y - y), 1)
    for done in range(count + 1):
        yield x + round((to_x - x) * done / count), y + round((to_y - y) * done / count)


def _row(dots: Dots, row: int, columns: int, marks: Marks) -> str:
    return "".join(_character(dots, column, row, marks) for column in range(columns))


def _character(dots: Dots, column: int, row: int, marks: Marks) -> str:
    if marks.across == 1:
        return "*" if (column, row) in dots else " "
    bits = sum(
        _DOT_BITS[across][down]
        for across in range(marks.across)
        for down in range(marks.down)
        if (column * marks.across + across, row * marks.down + down) in dots
    )
    return chr(0x2800 + bits) if bits else " "


def _floor(last: int, columns: int, marks: Marks) -> Iterator[str]:
    """Yields the axis below and the steps at its ends and its middle."""
    half = columns // 2
    line = marks.floor * half
    yield f"{marks.corner}{line}{marks.floor_tick}{line[1:]}{marks.floor_tick}"
    middle, end = f"{last / 2:,.15g}", f"{last:,} steps"
    text = f" 0{' ' * columns}"[: half + 1 - len(middle) // 2] + middle
    yield text + end.rjust(columns + 1 - len(text))
