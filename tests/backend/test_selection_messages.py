"""What is said when a program does not fit its parameters: each message names the nearest thing that exists."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import optdsl

PARAMS = {
    "embed": {"embedding": jnp.ones((6, 4))},
    "blocks_0": {"attn": {"kernel": jnp.ones((4, 4)), "bias": jnp.ones(4)}},
    "head": {"kernel": jnp.ones((4, 3))},
}

SAID = [
    ("freeze where embedd/** | adam(1e-3)", {}, "E402", "`embed/embedding`"),
    ("clip(1.0) where block_0/** | adam(1e-3)", {}, "E402", "`blocks_0/attn/"),
    ("adam(1e-3 * (0.1 where heads/** else 1))", {}, "E402", "`head/kernel`"),
    ("match { ndim >= 1 => adam(1e-3), bias => sgd(0.1) }", {}, "E402", "the arms before it take all"),
    ("match { embed/** => adam(1e-3), head/** => sgd(0.1) }", {}, "E401", "blocks_0/attn/bias (4,)"),
    ("decay(0.1) where norm | sgd(0.1)", {}, "E402", "matches 0 of 4 leaves"),
    ("clip_by_global_norm(1.0 where ndim > 1 else 0.5) | adam(1e-3)", {}, "E304", "couples"),
    ("adam(0 -> linear(1e-3, 60%) -> cosine(0, 50%))", {"total": 100}, "E309", "110 updates, and the whole is 100"),
    ("adam(:rate) | scale(:factor)", {"factor": 1.0}, "E205", "`rate` and `factor`"),
    ("centralize(axes=2) | adam(1e-3)", {}, "E403", "`blocks_0/attn/kernel` of shape (4, 4)"),
]


@pytest.mark.parametrize(("text", "holes", "code", "says"), SAID, ids=[row[0] for row in SAID])
def test_the_message_names_what_exists(text: str, holes: dict[str, Any], code: str, says: str) -> None:
    found = [finding for finding in optdsl.check(text, params=PARAMS, **holes) if finding.code == code]
    assert found, optdsl.check(text, params=PARAMS, **holes)
    assert any(says in f"{finding.message} {finding.help}" for finding in found), [f.message for f in found]


def test_an_unknown_path_of_an_override_names_the_nearest() -> None:
    program = optdsl.parse("base = 1e-3; clip(0.5) | adam(base)").replace({"adam.learning_rat": 1.0, "bse": 2.0})
    helps = {finding.help for finding in optdsl.check(program)}
    assert helps == {"write `adam.learning_rate`", "write `base`"}


def test_the_same_is_said_at_init_at_the_latest() -> None:
    optimizer = optdsl.compile("freeze where embedd/** | adam(1e-3)")
    with pytest.raises(optdsl.OptdslError, match=r"E402(?s:.*)embed/embedding"):
        optimizer.init(PARAMS)


def size(state: Any) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(state))


def test_frozen_leaves_have_no_array_in_the_state() -> None:
    state = optdsl.compile("freeze where not head/** | adamw(1e-3)").init(PARAMS)
    head = PARAMS["head"]["kernel"].nbytes
    assert size(state) == 2 * head + 4  # two moments and a count


def test_accumulation_keeps_one_sum_beside_the_moments() -> None:
    state = optdsl.compile("accumulate(4) { adamw(1e-3) }").init(PARAMS)
    everything = size(PARAMS)
    assert size(state) == everything + 2 * everything + 4 + 4  # the sum, two moments, the micro-step and a count
