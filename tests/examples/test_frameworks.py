"""The examples in `examples/frameworks` run with the real packages, and a program does there what Optax does."""

import importlib
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest

import optdsl

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "frameworks"
PACKAGES = {
    "data_parallel": "jax",
    "equinox_loop": "equinox",
    "gan_digits": "jax",
    "haiku_loop": "haiku",
    "in_optax_chain": "optax",
    "linen_train_state": "flax",
    "nnx_optimizer": "flax",
    "norm_layers": "flax",
    "plain_jax": "jax",
    "sparse_embedding": "jax",
}
UPDATES = 5

Rows = list[dict[str, str]]


def tables(printed: str) -> list[Rows]:
    """Returns the tables that an example prints: for each line the cells by their title."""
    found: list[Rows] = []
    for block in re.split(r"\n\s*\n", printed):
        lines = block.splitlines()
        heads = [number for number, line in enumerate(lines) if re.fullmatch(r"program  .*time per step", line)]
        for head in heads:
            titles = list(re.finditer(r"\S+(?: \S+)*", lines[head]))
            ends = [title.start() for title in titles[1:]] + [None]
            cells = [(title.group(), slice(title.start(), end)) for title, end in zip(titles, ends, strict=True)]
            found.append([{title: line[place].strip() for title, place in cells} for line in lines[head + 1 :]])
    return found


def ends(cell: str) -> tuple[float, float]:
    first, last = cell.split(" -> ")
    return float(first), float(last)


def run_quickly(name: str) -> str:
    pytest.importorskip(PACKAGES[name], reason=f"{PACKAGES[name]} is not installed, so {name}.py cannot run")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--quick"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


def test_every_example_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} - {"comparison"} == set(PACKAGES)


def gan_comes_closer_to_the_digits(printed: str) -> None:
    (rows,) = tables(printed)
    assert all(float(row["distance"]) < 0.6 * float(row["untrained"]) for row in rows), rows


def sparse_rows_leave_unseen_rows_alone(printed: str) -> None:
    (rows,) = tables(printed)
    assert [row["unseen rows moved"] for row in rows] == ["0%", "100%", "0%", "0%"]


def eight_devices_do_what_one_does(printed: str) -> None:
    difference = re.search(r"between 8 devices and 1: (\S+)", printed)
    assert difference is not None
    assert float(difference.group(1)) < 1e-4
    (rows,) = tables(printed)
    plain, centred, alone = (int(row["collectives"]) for row in rows)
    assert centred > plain > alone == 0


def numbers_compile_nothing(printed: str) -> None:
    assert "traced 2 times, for 4 optimizers" in printed


ALSO = {
    "data_parallel": eight_devices_do_what_one_does,
    "gan_digits": gan_comes_closer_to_the_digits,
    "plain_jax": numbers_compile_nothing,
    "sparse_embedding": sparse_rows_leave_unseen_rows_alone,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKAGES)
def test_trains_with_and_without(name: str) -> None:
    printed = run_quickly(name)
    found = tables(printed)
    assert found
    for rows in found:
        without, *others = rows
        assert len(others) >= 1
        assert "centralize" not in without["program"]
        assert all(re.fullmatch(r"x \d+\.\d\d \(\d+\.\d\d ms\)", row["time per step"]) for row in rows), rows
        assert all(re.fullmatch(r"\d+% -> \d+%", row["removed"]) for row in rows), rows
        if name != "gan_digits":  # where two losses pull at each other
            assert all(last < first for first, last in (ends(row["loss"]) for row in rows)), rows
    if name in ALSO:
        ALSO[name](printed)


def centred_by_hand(axes_of: Any) -> optax.GradientTransformation:
    """Returns what `centralize` does to leaves of two axes or more, written down once more.

    Biases of Equinox' convolutions have the shape (out, 1, 1): their only entry is not their mean.
    """

    def centre(grads: Any) -> Any:
        centred = grads - grads.mean(axes_of(grads.ndim), keepdims=True) if grads.ndim > 1 else grads
        return centred if any(grads.shape[axis] > 1 for axis in axes_of(grads.ndim)) else grads

    return optax.stateless(lambda updates, _: jax.tree.map(centre, updates))


LAYOUTS = {
    "linen_train_state": ("flax", lambda ndim: tuple(range(ndim - 1))),
    "nnx_optimizer": ("flax", lambda ndim: tuple(range(ndim - 1))),
    "haiku_loop": ("flax", lambda ndim: tuple(range(ndim - 1))),
    "equinox_loop": ("torch", lambda ndim: tuple(range(1, ndim))),
    "in_optax_chain": ("flax", lambda ndim: tuple(range(ndim - 1))),
}


def first_steps(train: Any, tx: Any) -> list[np.ndarray]:
    """Returns losses and gradients of the first steps; those of the last depend on every update before."""
    steps = itertools.islice(train(tx, 0, UPDATES + 1), UPDATES + 1)
    return [np.asarray(leaf, np.float64) for step in steps for leaf in jax.tree.leaves(step)]


@pytest.mark.slow
def test_optax_freezes_biases_of_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("equinox", reason="equinox is not installed, so equinox_loop.py cannot run")
    monkeypatch.syspath_prepend(str(FOLDER))
    model = importlib.import_module("equinox_loop").Network(jax.random.key(0))
    bias = {"bias": model.layers[0].bias}
    assert bias["bias"].shape == (8, 1, 1)
    optimizers = (optdsl.compile("centralize(fan_in)", fragment=True, layout="torch"), optax.centralize())
    ours, theirs = (tx.update(bias, tx.init(bias))[0]["bias"] for tx in optimizers)
    assert np.array_equal(ours, bias["bias"])
    assert not np.any(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_equals_optax_by_hand(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(PACKAGES[name], reason=f"{PACKAGES[name]} is not installed, so {name}.py cannot run")
    monkeypatch.syspath_prepend(str(FOLDER))
    train = importlib.import_module(name).train
    layout, axes_of = LAYOUTS[name]
    program = optdsl.compile("clip_norm(1.0) | centralize(fan_in) | adamw(1e-3, weight_decay=0.1)", layout=layout)
    last = optax.adamw(1e-3, weight_decay=0.1)
    by_hand = optax.chain(optax.clip_by_global_norm(1.0), centred_by_hand(axes_of), last)
    ours, theirs = first_steps(train, program), first_steps(train, by_hand)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=2e-4 * np.abs(other).max())
    without = first_steps(train, optax.chain(optax.clip_by_global_norm(1.0), last))
    assert max(np.abs(mine - other).max() for mine, other in zip(ours, without, strict=True)) > 1e-3
