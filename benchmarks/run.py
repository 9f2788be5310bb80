"""Runs the benchmarks and prints a table: `make bench`. Ratios inside one run mean something, times do not."""

import ast
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import lark
import yaml

import optdsl

ROUNDS = 200
PROGRAM = (
    "clip_by_global_norm(1.0) | centralize(axes=-1) | scale_by_adam(b1=0.9, b2=0.95, eps=1e-8) | decay(0.1) | lr(3e-4)"
)
PYTHON = (
    "optax.chain(optax.clip_by_global_norm(1.0), optax.centralize(), optax.scale_by_adam(b1=0.9, b2=0.95, eps=1e-8), "
    "optax.add_decayed_weights(0.1), optax.scale_by_learning_rate(3e-4))"
)
CONFIG = "optimizer: {name: adam, b1: 0.9, b2: 0.95, eps: 1.0e-8, learning_rate: 3.0e-4, decay: 0.1, clip: 1.0}"
OUT = Path(__file__).with_name("RESULTS.md")

WORK: dict[str, Callable[[], object]] = {
    "`ast.parse` of the same chain in Python": lambda: ast.parse(PYTHON),
    "a YAML load of a flat config": lambda: yaml.safe_load(CONFIG),
    "`optdsl.parse`": lambda: optdsl.parse(PROGRAM),
    "`optdsl.check`": lambda: optdsl.check(PROGRAM),
    "`optdsl.format`": lambda: optdsl.format(PROGRAM),
}


def milliseconds(work: Callable[[], object]) -> float:
    """Returns how long one call takes."""
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


def measure() -> dict[str, list[float]]:
    """Returns the times of each piece of work, interleaved, so that a slow moment of the machine hits all."""
    for work in WORK.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in WORK}
    for _ in range(ROUNDS):
        for name, work in WORK.items():
            times[name].append(milliseconds(work))
    return times


def table(times: dict[str, list[float]]) -> str:
    """Returns the results as Markdown."""
    base = statistics.median(next(iter(times.values())))
    rows = [
        f"| {name} | {statistics.median(values):.3f} | {min(values):.3f} | {statistics.median(values) / base:.1f} |"
        for name, values in times.items()
    ]
    head = ["| work | median ms | least ms | ratio |", "|---|---|---|---|"]
    versions = f"Python {platform.python_version()}, lark {lark.__version__}, optdsl {optdsl.__version__}"
    note = f"Warm, {ROUNDS} rounds, interleaved in one process; a program of {len(PROGRAM)} characters. {versions}."
    return "\n".join(["# Results", "", "Made by `make bench`.", "", "## Text", "", note, "", *head, *rows, ""])


if __name__ == "__main__":
    text = table(measure())
    OUT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
