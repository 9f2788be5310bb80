"""Trains with several optimizers side by side and prints a table: the part that the examples beside it share.

An example gives `compare` a generator that trains, and the optimizers by name. In here are data, clock and table;
nothing of it is needed to use a program in a framework.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

import optdsl

HELD_OUT = 360
EDGE = 10  # steps at either end that "start" and "end" are means over


class Measure(NamedTuple):
    """A number that a training is judged by."""

    title: str
    value: float
    form: str = "{:.1%}"


Training = Generator[tuple[jax.Array, Any], None, tuple[Measure, ...]]
"""Yields the loss and the gradients of every step, and returns its measures at the end, the main one first."""


class Batch(NamedTuple):
    """Handwritten digits: rows of 64 pixels from 0 to 1, float32, and the digit that each shows."""

    images: np.ndarray
    labels: np.ndarray


def digits() -> tuple[Batch, Batch]:
    """Returns 1437 digits for training and 360 held out, the same for every seed."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    images, labels = (images[order] / 16).astype(np.float32), labels[order].astype(np.int32)
    return Batch(images[HELD_OUT:], labels[HELD_OUT:]), Batch(images[:HELD_OUT], labels[:HELD_OUT])


def batches(data: Batch, seed: int, steps: int, size: int = 64) -> Iterator[Batch]:
    """Yields `steps` random batches of `data`."""
    draw = np.random.default_rng([seed, 1])
    for _ in range(steps):
        chosen = draw.integers(0, len(data.labels), size)
        yield Batch(data.images[chosen], data.labels[chosen])


def accuracy(scores: Any, batch: Batch) -> tuple[Measure]:
    """Returns the share of a held-out batch that has its highest score, of shape (size, 10), at its label."""
    return (Measure("held-out accuracy", float((np.asarray(scores).argmax(1) == batch.labels).mean())),)


class Arguments(NamedTuple):
    """What the command line of an example says."""

    steps: int
    seeds: int


def arguments(description: str | None, steps: int = 300, seeds: int = 5) -> Arguments:
    """Returns what the command line says; `--quick` is one seed and a tenth of the steps, but at least 50."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--quick", action="store_true", help="one seed and few steps, to see that it works")
    given = parser.parse_args()
    if given.steps < 1 or given.seeds < 1:
        parser.error("--steps and --seeds are at least 1")
    return Arguments(max(50, steps // 10), 1) if given.quick else Arguments(given.steps, given.seeds)


class Run:
    """A training that is on its way: what each step said, and how long it took."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self.losses: list[float] = []
        self.removed: list[float] = []
        self.seconds: list[float] = []
        self.measures: tuple[Measure, ...] = ()

    def step(self) -> Any:
        """Takes one step and returns its gradients."""
        start = time.perf_counter()
        loss, grads = jax.block_until_ready(next(self._training))
        self.seconds.append(time.perf_counter() - start)
        self.losses.append(float(loss))
        return grads

    def finish(self) -> None:
        """Takes the measures of a training that has no steps left."""
        try:
            next(self._training)
        except StopIteration as end:
            self.measures = end.value


def share_removed(centralize: optax.GradientTransformation) -> Callable[[Any], jax.Array]:
    """Returns a function of gradients: the norm of what `centralize` takes away, as a share of their norm."""

    def share(grads: Any) -> jax.Array:
        left, _ = centralize.update(grads, centralize.init(grads))
        away = jax.tree.map(jnp.subtract, grads, left)
        return optax.global_norm(away) / jnp.maximum(optax.global_norm(grads), 1e-30)

    return jax.jit(share)


def compare(
    train: Callable[[Any, int, int], Training],
    optimizers: Mapping[str, Any],
    given: Arguments,
    *,
    loss: str = "loss",
    layout: str = "flax",
) -> dict[str, list[Run]]:
    """Trains with each optimizer and each seed, prints the table, and returns the runs.

    The first optimizer is what the others are compared with, seed by seed. Those of one seed take turns, step by step,
    so that a busy machine slows all of them alike.
    """
    share = share_removed(optdsl.compile("centralize(fan_in)", fragment=True, layout=layout))
    runs: dict[str, list[Run]] = {name: [] for name in optimizers}
    for seed in range(given.seeds):
        turns = [Run(train(optimizer, seed, given.steps)) for optimizer in optimizers.values()]
        for step, run in itertools.product(range(given.steps), turns):
            grads = run.step()
            if step < EDGE or step >= given.steps - EDGE:
                run.removed.append(float(share(grads)))
        for found, run in zip(runs.values(), turns, strict=True):
            run.finish()
            found.append(run)
    print(f"{given.steps} steps, {given.seeds} seed{'s' * (given.seeds > 1)}")
    print(table(runs, loss))
    return runs


def table(runs: Mapping[str, Sequence[Run]], loss: str) -> str:
    """Returns a line for each optimizer; plus and minus are one standard deviation over seeds.

    `difference` is that of the main measure to the first line, seed by seed, with its standard error. `removed` is the
    share of the gradient's norm that `centralize(fan_in)` takes away, or would. Times are medians.
    """
    baseline = next(iter(runs.values()))
    main, *others = (measure.title for measure in baseline[0].measures)
    rows = [("program", loss, main, "difference", *others, "removed", "time per step")]
    rows += [(name, *_cells(found, baseline)) for name, found in runs.items()]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join("   ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _cells(runs: Sequence[Run], baseline: Sequence[Run]) -> tuple[str, ...]:
    main, *others = zip(*(run.measures for run in runs), strict=True)
    pairs = [zip(run.seconds, other.seconds, strict=True) for run, other in zip(runs, baseline, strict=True)]
    ratio = statistics.median(mine / theirs for mine, theirs in itertools.chain.from_iterable(pairs))
    milliseconds = 1e3 * statistics.median(itertools.chain.from_iterable(run.seconds for run in runs))
    return (
        _ends("{:.3f}", [run.losses for run in runs]),
        _spread(main, 1.0),
        "" if runs is baseline else _spread(_differences(main, baseline), len(runs) ** -0.5, sign="+"),
        *(_spread(other, 1.0) for other in others),
        _ends("{:.0%}", [run.removed for run in runs]),
        f"x {ratio:.2f} ({milliseconds:.2f} ms)",
    )


def _differences(measures: Iterable[Measure], baseline: Iterable[Run]) -> list[Measure]:
    pairs = zip(measures, baseline, strict=True)
    return [measure._replace(value=measure.value - other.measures[0].value) for measure, other in pairs]


def _spread(measures: Sequence[Measure], factor: float, sign: str = "") -> str:
    """Returns the mean and `factor` standard deviations, which one seed alone does not have."""
    values = [measure.value for measure in measures]
    form = measures[0].form
    mean = form.replace(":", f":{sign}").format(statistics.mean(values))
    return mean if len(values) == 1 else f"{mean} ± {form.format(factor * statistics.stdev(values))}"


def _ends(form: str, series: Sequence[Sequence[float]]) -> str:
    """Returns the means of the first and of the last steps."""
    first = statistics.mean(itertools.chain.from_iterable(one[:EDGE] for one in series))
    last = statistics.mean(itertools.chain.from_iterable(one[-EDGE:] for one in series))
    return f"{form.format(first)} -> {form.format(last)}"
