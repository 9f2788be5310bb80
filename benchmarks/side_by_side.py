"""Times pieces of work side by side in one process: what may be called -> medians, quartiles, a Markdown table.

A slow moment of the machine hits every side, as one round runs each of them once. Ratios inside one table mean
something; times do not. What is timed is not known here.
"""

import gc
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import NamedTuple

import optdsl

Work = Callable[[], object]


class Quartiles(NamedTuple):
    """The lower quartile, the median and the upper quartile of some numbers."""

    low: float
    median: float
    high: float


class Timed(NamedTuple):
    """One side: its milliseconds, and its speed against the first side round by round, where more is faster."""

    name: str
    times: Quartiles
    speeds: Quartiles


def milliseconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


def interleaved(sides: Mapping[str, Work], rounds: int, *, calls: int = 1, warm: bool = True) -> tuple[Timed, ...]:
    """Returns the time of one call of each side; `calls` are timed together, where one is too short to time."""

    def repeated(work: Work) -> Work:
        def run() -> None:
            for _ in range(calls):
                work()

        return run

    timed = {name: repeated(work) for name, work in sides.items()}
    if warm:
        for work in timed.values():
            work()
    times: dict[str, list[float]] = {name: [] for name in sides}
    gc.collect()
    for number in range(rounds):
        # Every second round runs backwards, so that no side always follows the same one.
        for name in list(timed)[:: 1 if number % 2 == 0 else -1]:
            times[name].append(milliseconds(timed[name]) / calls)
    return summary(times)


def summary(times: Mapping[str, Sequence[float]]) -> tuple[Timed, ...]:
    """Returns the quartiles of every side; rounds are compared one by one, so that a slow minute hits both sides."""
    first = next(iter(times.values()))
    ratios = {name: [one / own for one, own in zip(first, values, strict=True)] for name, values in times.items()}
    return tuple(Timed(name, _quartiles(values), _quartiles(ratios[name])) for name, values in times.items())


def _quartiles(values: Sequence[float]) -> Quartiles:
    return Quartiles(*(statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table; a bar inside a cell is escaped."""
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (columns, ["---"] * len(columns), *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def times_table(timed: Sequence[Timed], *, work: str = "work", faster: bool = True) -> str:
    """Returns a table with one line a side; the last column is the speed, or with `faster=False` the cost."""
    last = "times as fast" if faster else "times as long"
    return table((work, "median ms", "quartiles", last), [times_row(side, faster=faster) for side in timed])


def times_row(side: Timed, *, faster: bool = True) -> tuple[str, str, str, str]:
    low, median, high = side.speeds
    ratios = (low, median, high) if faster else (1 / high, 1 / median, 1 / low)
    ratio = f"{ratios[1]:.2f} ({ratios[0]:.2f} to {ratios[2]:.2f})"
    return side.name, shown(side.times.median), f"{shown(side.times.low)} to {shown(side.times.high)}", ratio


def shown(number: float) -> str:
    """Returns a number with three digits that count."""
    decimals = 3 if number < 1 else 2 if number < 10 else 1 if number < 100 else 0
    return f"{number:.{decimals}f}"


def section(title: str, note: str, *blocks: str) -> str:
    """Returns one part of the results as Markdown."""
    return "\n\n".join([f"## {title}", note, *blocks]) + "\n"


def versions(*packages: str) -> str:
    """Returns the versions of Python, of `packages` and of this project in words."""
    others = (f"{name} {metadata.version(name)}" for name in packages)
    return ", ".join([f"Python {platform.python_version()}", *others, f"optdsl {optdsl.__version__}"])
