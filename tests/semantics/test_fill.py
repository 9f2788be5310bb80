"""`str(optimizer)`: the canonical text with holes filled and relative durations in steps; it stands alone."""

import math
from typing import Any

import numpy as np
import pytest

import optdsl

FILLED: list[tuple[str, dict[str, Any], str]] = [
    ("clip( 1.0 )|adam( 1e-3 )", {}, "clip(1.0) | adam(1e-3)"),
    ("adam(:rate, b1=:b ?? 0.8)", {"rate": 1e-3}, "adam(1e-3, b1=0.8)"),
    ("adam(:rate, b1=:b ?? 0.8)", {"rate": 1e-3, "b": 0.7}, "adam(1e-3, b1=0.7)"),
    ("adam(:x)", {"x": np.float32(0.5)}, "adam(0.5)"),
    ("adam(:x)", {"x": math.inf}, "adam(inf)"),
    ("adam(:x)", {"x": 10**6}, "adam(1000000)"),
    ("sgd(2 * :x)", {"x": 0.1}, "sgd(2 * 0.1)"),
    ("scale_by_adam | scale(:x)", {"x": -2}, "scale_by_adam | scale(-2)"),
    ("scale(:x ** 2) | sgd(0.1)", {"x": -2}, "scale((-2) ** 2) | sgd(0.1)"),
    ("scale(3 - :x) | sgd(0.1)", {"x": -2}, "scale(3 - (-2)) | sgd(0.1)"),
    ("adam(1e-3, mu_dtype=:d)", {"d": "bfloat16"}, "adam(1e-3, mu_dtype='bfloat16')"),
    ("adam(1e-3, mu_dtype=:d)", {"d": None}, "adam(1e-3, mu_dtype=none)"),
    ("adam(1e-3, nesterov=:n)", {"n": True}, "adam(1e-3, nesterov=true)"),
    ("centralize(axes=:a) | sgd(0.1)", {"a": (0, 1)}, "centralize(axes=(0, 1)) | sgd(0.1)"),
    ("clip(1.0) when :on | sgd(0.1)", {"on": False}, "clip(1.0) when false | sgd(0.1)"),
    ("rate = :rate; adam(rate)", {"rate": 1e-3}, "rate = 1e-3; adam(rate)"),
    ("def f(x=:x ?? 2) = clip(x); f | sgd(0.1)", {}, "def f(x=2) = clip(x); f | sgd(0.1)"),
    ("sgd(cosine_decay_schedule(0.1, 5%))", {"total": 1000}, "sgd(cosine_decay_schedule(0.1, 50))"),
    ("sgd(0 -> linear(0.1, 5%))", {"total": 1000}, "sgd(0 -> linear(0.1, 50))"),
    ("sgd(0 -> linear(0.1, 1.5ep))", {"epoch_steps": 7}, "sgd(0 -> linear(0.1, 11))"),
    ("sgd(0 -> linear(0.1, 5%) -> hold)", {"total": 100}, "sgd(0 -> linear(0.1, 5) -> hold(95))"),
    ("sgd(0 -> linear(0.1, 5%) -> cosine(0))", {"total": 100}, "sgd(0 -> linear(0.1, 5) -> cosine(0, 95))"),
    ("sgd(0 -> linear(to=0.1) -> hold(9))", {"total": 100}, "sgd(0 -> linear(to=0.1, n=91) -> hold(9))"),
    ("sgd(0 -> hold() -> linear(1, 3))", {"total": 10}, "sgd(0 -> hold(7) -> linear(1, 3))"),
    ("sgd(1e-6 * :total)", {"total": 100}, "sgd(1e-6 * 100)"),
    ("freeze where ndim > :n | sgd(0.1)", {"n": 3}, "freeze where ndim > 3 | sgd(0.1)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "holes", "want"), FILLED, ids=[row[0] for row in FILLED])
def test_text(text: str, holes: dict[str, Any], want: str) -> None:
    optimizer = optdsl.compile(text, **holes)
    assert str(optimizer).strip() == want


@pytest.mark.parametrize(("text", "holes", "want"), FILLED, ids=[row[0] for row in FILLED])
def test_the_text_compiles_alone_and_means_the_same(text: str, holes: dict[str, Any], want: str) -> None:
    optimizer = optdsl.compile(text, **holes)
    alone = optdsl.compile(str(optimizer))
    assert alone == optimizer
    assert alone.fingerprint == optimizer.fingerprint
    assert str(alone) == str(optimizer)
    assert optdsl.format(str(optimizer)) == str(optimizer)


NUMBERS = [1e-3, 0.1, 1 / 3, 1e300, 5e-324, 123456789.123, 1e16, 2.5e-8, 3, 12345678901234567890]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_survive_to_the_last_bit(number: float) -> None:
    text = str(optdsl.compile("sgd(:x)", x=number))
    assert optdsl.compile(text).hyperparams["sgd.learning_rate"] == number


@pytest.mark.parametrize("held", ["it's", 'say "x"', "#", "a\\b", "é", " ", ""])
def test_strings_survive(held: str) -> None:
    text = "sgd(1 when :x == :y else 2)"
    filled = str(optdsl.compile(text, x=held, y=held))
    assert optdsl.compile(filled).hyperparams["sgd.learning_rate"] == 1


def test_what_no_text_can_say_stays_a_hole() -> None:
    import optax

    assert str(optdsl.compile(":mine | sgd(:x)", mine=optax.clip(1.0), x=0.1)).strip() == ":mine | sgd(0.1)"
    assert str(optdsl.compile("sgd(:rate)", rate=lambda step: 0.1)).strip() == "sgd(:rate)"


def test_comments_are_kept() -> None:
    text = "# the rate\nadam(:rate)  # main"
    assert str(optdsl.compile(text, rate=1e-3)).strip() == "# the rate\nadam(1e-3)  # main"
