"""The default mode does what Optax does, up to rounding: every row, random chains, a whole training run."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest
from default_and_exact import both, compare, some_run
from trees_for_rows import Run, case_of, run_of, trees_of

import optdsl
from optdsl.backend import digits
from optdsl.registry import transforms

pytestmark = [
    pytest.mark.filterwarnings('ignore:"seed" is deprecated'),
    pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated"),
]

ROWS = {row.name: row for row in transforms() if row.target}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_agrees_with_the_exact_mode(name: str) -> None:
    case = case_of(ROWS[name])
    compare(case.text, case.holes, run_of(ROWS[name], trees_of(ROWS[name])[1]))


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
