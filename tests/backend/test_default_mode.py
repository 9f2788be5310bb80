"""The default mode does what Optax does, up to rounding: every row, random chains, a whole training run."""

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from default_and_exact import ALLOWED, both, compare
from drawn_chains import Draw, drawn_chains
from trees_for_rows import Run, case_of, run_of, trees_of

import optdsl
from optdsl.backend import digits
from optdsl.registry import transforms

pytestmark = [
    pytest.mark.filterwarnings('ignore:"seed" is deprecated'),
    pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated"),
]

ROWS = {row.name: row for row in transforms() if row.target}
CHAINS = 200
SEED = 11
SHAPES = {"w": (4, 6), "v": (5, 3)}
FRONTS = (
    "",
    "clip_norm(0.5) | ",
    "centralize(axes=-1) | ",
    "clip_norm(0.5) | centralize(axes=fan_in) | ",
    "scale(0.5) | scale(3) | ",
)
"""What is put in front of random chains, in turn, so that passes have something to do."""
UNSTEADY = tuple("muon galore sign lion signum rprop reduce_on_plateau linesearch lbfgs cocob prodigy dowg".split())
"""Parts of names of stages that make much of a last bit: signs, searches, singular vectors, iterations (API.md)."""


@pytest.mark.parametrize("name", ROWS)
def test_every_row_agrees_with_the_exact_mode(name: str) -> None:
    case = case_of(ROWS[name])
    compare(case.text, case.holes, run_of(ROWS[name], trees_of(ROWS[name])[1]))


def drawn() -> list[Draw]:
    fronts = itertools.cycle(FRONTS)
    steady = (draw for draw in drawn_chains(SEED) if not any(name in draw.text for name in UNSTEADY))
    fronted = (draw._replace(text=f"{next(fronts)}{draw.text}") for draw in steady)
    return list(itertools.islice(filter(_is_allowed, fronted), CHAINS))


def _is_allowed(draw: Draw) -> bool:
    found = optdsl.check(draw.text, holes=draw.holes, fragment=True, allow=ALLOWED)
    return not any(finding.severity == "error" for finding in found)


def some_run() -> Run:
    keys = iter(jax.random.split(jax.random.key(SEED), 8))
    params, *gradients = [
        {name: jax.random.normal(next(keys), shape) for name, shape in SHAPES.items()} for _ in range(4)
    ]
    return Run(params, tuple(gradients[:3]))


@pytest.fixture
def quick_compiler() -> Iterator[None]:
    """Compiles with few optimizations: there are hundreds of programs, and each runs three times."""
    jax.clear_caches()
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compiler")
@pytest.mark.parametrize("tenth", range(10))
def test_random_chains_agree_with_the_exact_mode(tenth: int) -> None:
    chains = drawn()
    assert len(chains) == CHAINS
    for draw in chains[tenth::10]:
        compare(draw.text, draw.holes, some_run())


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["clip_norm(1.0) | centralize(axes=-1) | adam(1e-3)", "clip(1.0) | centralize | sgd(0.05, momentum=0.9)"]
)
def test_training_on_digits_ends_at_the_same_loss(text: str) -> None:
    data = digits.load()

    def last_losses(opt: Any) -> float:
        records = list(digits.train(opt, data, steps=1000, seed=0, batch=64))
        return sum(record.loss for record in records[-50:])

    fast, exact = both(text, {})
    assert last_losses(fast) == pytest.approx(last_losses(exact), rel=1e-3)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize(
    "text", ["clip_norm(1.0) | adamw(3e-4)", "centralize(axes=-1) | adam(1e-3)", "clip(0.5) | sgd(0.1, momentum=0.9)"]
)
def test_half_precision_stays_within_four_units(text: str, dtype: Any) -> None:
    run = jax.tree.map(lambda leaf: leaf.astype(dtype), some_run())
    compare(text, {}, Run(*run))


def test_the_mode_is_part_of_equality() -> None:
    fast, exact = both("adam(1e-3)", {})
    assert fast != exact
    assert fast.fingerprint == exact.fingerprint
    assert optdsl.compile("adam(1e-3)") != exact
