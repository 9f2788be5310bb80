"""The report of leaves: what it says about each is what the program then does to it."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optdsl
from optdsl.leaf_table import LeafReport, Leaves

GOLDEN = Path(__file__).parent / "golden" / "leaves.txt"
PROGRAM = """\
rate = 0 -> linear(6e-4, 2k) -> cosine(6e-5, 8k);
freeze where embed/** | clip_norm(1.0) | match {
  head/** => adamw(0.5 * rate, b2=0.95, weight_decay=0),
  bias or norm => sgd(1e-4, momentum=0.9),
  else => adamw(rate * (0.8 ** (1 - i) where blocks_{i}/** else 1), b2=0.95, weight_decay=0.1),
}
"""


class Texts(HTMLParser):
    """The texts between the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def params() -> dict[str, Any]:
    def block() -> dict[str, Any]:
        return {"attn": {"kernel": jnp.full((4, 6), 0.5, jnp.bfloat16), "bias": jnp.ones(6)}, "norm": jnp.ones(4)}

    return {
        "embed": {"embedding": jnp.ones((9, 4))},
        "blocks_0": block(),
        "blocks_1": block(),
        "scale": jnp.asarray(2.0),
        "head": {"kernel": jnp.ones((4, 9)), "bias": jnp.ones(9)},
    }


def leaves(text: str, tree: Any = None, **holes: Any) -> Leaves:
    report = optdsl.explain(text, params=params() if tree is None else tree, **holes)
    assert report.leaves is not None
    return report.leaves


def by_path(text: str, tree: Any = None, **holes: Any) -> dict[str, LeafReport]:
    return {leaf.path: leaf for leaf in leaves(text, tree, **holes).leaves}


def as_tree(tree: Any, report: Leaves, value: Callable[[LeafReport], Any]) -> Any:
    return jax.tree.unflatten(jax.tree.structure(tree), list(map(value, report.leaves)))


def test_the_table(golden: Callable[[Path, str], None]) -> None:
    text = str(optdsl.explain(PROGRAM, params=params()))
    _, heading, table = text.partition("\nleaves\n")
    golden(GOLDEN, f"{heading.lstrip()}{table}\n")  # what stages do is told by their rows, and tested there


def test_the_report_does_not_depend_on_the_values_of_arrays_nor_on_the_run() -> None:
    shapes = jax.eval_shape(lambda tree: tree, params())
    reports = [optdsl.explain(PROGRAM, params=tree) for tree in (params(), shapes, shapes)]
    assert len(set(map(str, reports))) == 1
    assert str(optdsl.compile(PROGRAM).explain(shapes)) == str(reports[0])
    assert str(optdsl.compile(PROGRAM).explain()) == str(optdsl.explain(PROGRAM))


def test_plain_data_and_html_hold_the_same() -> None:
    report = optdsl.explain(PROGRAM, params=params())
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert report.leaves is not None
    assert [leaf["path"] for leaf in data["leaves"]] == [leaf.path for leaf in report.leaves.leaves]
    assert data["leaves"][1]["weight_decay"] == [{"path": "match.2.adamw.weight_decay", "value": 0.1}]
    frozen = next(leaf for leaf in data["leaves"] if leaf["frozen"])
    assert frozen == {
        "path": "embed/embedding",
        "shape": [9, 4],
        "dtype": "float32",
        "size": 36,
        "arm": "match.2",
        "frozen": True,
        "learning_rate": None,
        "factor": None,
        "weight_decay": [],
        "state_bytes": 0,
    }
    assert data["totals"]["frozen_parameters"] == 36
    page = Texts()
    page.feed(report._repr_html_())
    assert {leaf.path for leaf in report.leaves.leaves} <= set(page.found)
    assert "leaves" not in optdsl.explain(PROGRAM).to_dict()


def test_a_path_is_escaped() -> None:
    tree = {"<b>\x1b[31m": jnp.ones(2)}
    report = optdsl.explain("sgd(0.1)", params=tree)
    assert "<b>" not in report._repr_html_()
    assert "\x1b" not in str(report)


# ---- what the report says is what happens

LINEAR = [
    "sgd(0.1)",
    "sgd(0.1) | scale(0.5 where ndim > 1 else 2)",
    "scale(0.25) | sgd(0.1 * (0.5 where blocks_{i}/** else 1))",
    "identity | lr(0.1 * (0.9 ** i where blocks_{i}/** else 0.3))",
    "freeze where embed/** | sgd(0.1)",
    "match { bias => freeze, ndim > 1 => sgd(0.1) | scale(3), else => sgd(0.01 -> linear(0, 10)) }",
    "scale(0.5) where head/** | sgd(cosine_decay_schedule(0.2, 10))",
    "scale(0.5) when step < 10 | sgd(0.2) | scale(0.5) when step > 10",
    "skip_nonfinite(3) { sgd(0.1 * (0.5 where bias else 1)) | scale(2) }",
    "set_to_zero where norm | sgd(0.1)",
    "live rate = 0.2; sgd(rate)",
    "sgd(0.1) | scale_by_schedule(0.5 -> linear(0.1, 10))",
    "sgd(0.1) | maximize | scale(0.5) | maximize",
]


@pytest.mark.parametrize("text", LINEAR)
def test_the_learning_rate_is_what_multiplies_the_gradient(text: str) -> None:
    tree, opt = params(), optdsl.compile(text)
    gradients = jax.tree.map(jnp.ones_like, tree)
    updates, _ = opt.update(gradients, opt.init(tree), tree)
    rates = as_tree(tree, leaves(text), lambda leaf: 0.0 if leaf.frozen else leaf.learning_rate)
    jax.tree.map(lambda update, rate: np.testing.assert_allclose(update, -rate, rtol=1e-2), updates, rates)


DECAYING = [
    "adamw(0.1, weight_decay=0.3)",
    "adamw(0.1, weight_decay=0.3 where ndim > 1)",
    "adamw(0.1, weight_decay=0.2 where bias else 0.1 where ndim > 1)",
    "freeze where embed/** | adamw(0.1, mask=:mask)",
    "muon(0.1, weight_decay=0.4, adam_weight_decay=0.2)",
    "muon(0.1, adam_learning_rate=0.3, weight_decay=0.4 where kernel, adam_weight_decay=0.2)",
    "scale_by_adam | decay(0.3) where head/** | lr(0.1 * (0.5 where bias else 1))",
    "match { ndim > 1 => adamw(0.1, weight_decay=0.5), else => adam(0.1) }",
    "scale_by_adam | decay(0.3) when step < 5 | lr(0.1)",
    "accumulate(1) { adamw(0.1, weight_decay=0.3 -> linear(0, 10)) }",
]


@pytest.mark.parametrize("text", DECAYING)
def test_the_weight_decay_is_what_shrinks_a_leaf_without_gradient(text: str) -> None:
    holes: dict[str, Any] = {}
    if ":mask" in text:
        holes["mask"] = lambda tree: jax.tree.map(lambda leaf: leaf.ndim > 1, tree)
    tree, opt = params(), optdsl.compile(text, **holes)
    updates, _ = opt.update(jax.tree.map(jnp.zeros_like, tree), opt.init(tree), tree)

    def shrinking(leaf: LeafReport) -> float:
        return (leaf.learning_rate or 0.0) * sum(decay.value for decay in leaf.weight_decay)

    shares = as_tree(tree, leaves(text, **holes), shrinking)
    jax.tree.map(
        lambda update, leaf, share: np.testing.assert_allclose(update, -share * leaf, rtol=2e-2, atol=1e-7),
        updates,
        tree,
        shares,
    )


def test_a_factor_is_a_share_of_the_highest_rate_over_time() -> None:
    found = by_path(
        "match { head/** => adam(1e-2 -> exponential(1e-4, 100)),"
        " else => adam((0 -> linear(5e-3, 10) -> cosine(0, 90)) * (0.1 where bias else 1)) }"
    )
    assert found["head/kernel"].factor == 1
    assert found["blocks_0/norm"].factor == 0.5
    assert found["blocks_0/attn/bias"].factor == 0.05
    assert found["blocks_0/norm"].learning_rate == 0
    assert leaves("adam(1e-2 where bias else 1e-3)").highest_rate == 0.01


def test_a_stage_that_ignores_the_size_of_what_comes_in_begins_the_rate_again() -> None:
    assert by_path("scale(0.5) | adam(1e-3)")["scale"].learning_rate == 1e-3
    assert by_path("scale(0.5) | sgd(1e-3)")["scale"].learning_rate == 5e-4


def test_without_a_learning_rate_there_is_no_number() -> None:
    leaf = by_path("lbfgs")["scale"]
    assert (leaf.learning_rate, leaf.factor) == (None, None)


def test_schedule_free_takes_the_rate_of_the_chain_inside() -> None:
    assert by_path("schedule_free(sgd(0.2), learning_rate=0.7)")["scale"].learning_rate == 0.2


# ---- arms


def test_arms_are_the_first_that_select_a_leaf() -> None:
    found = by_path(
        "match { head/** => match { bias => sgd(1), else => freeze },"
        " blocks_0/** => accumulate(2) { match { ndim > 1 => sgd(2), else => adam(3) } }, else => sgd(4) }"
    )
    assert {path: leaf.arm for path, leaf in found.items()} == {
        "blocks_0/attn/bias": "match.1.accumulate.match.1",
        "blocks_0/attn/kernel": "match.1.accumulate.match.0",
        "blocks_0/norm": "match.1.accumulate.match.1",
        "blocks_1/attn/bias": "match.2",
        "blocks_1/attn/kernel": "match.2",
        "blocks_1/norm": "match.2",
        "embed/embedding": "match.2",
        "head/bias": "match.0.match.0",
        "head/kernel": "match.0.match.1",
        "scale": "match.2",
    }
    assert [path for path, leaf in found.items() if leaf.frozen] == ["head/kernel"]


def test_two_matches_are_both_named() -> None:
    found = by_path(
        "match { bias => clip(1), else => identity } | match { ndim > 1 => sgd(1), else => sgd(2) } as groups"
    )
    assert found["head/bias"].arm == "match.0, groups.1"
    assert found["head/kernel"].arm == "match.1, groups.0"


def test_a_program_without_match_has_no_arms() -> None:
    assert {leaf.arm for leaf in leaves("sgd(0.1)").leaves} == {None}


# ---- bytes

STATES = [
    "adam(1e-3)",
    "adam(1e-3, mu_dtype=bfloat16)",
    "sgd(0.1)",
    "sgd(0.1, momentum=0.9)",
    "freeze where embed/** | adam(1e-3)",
    "match { ndim > 1 => muon(0.02), bias => freeze, else => adam(1e-3) }",
    "accumulate(4) { adamw(1e-3) } | average(0.9)",
    "adafactor(1e-3, min_dim_size_to_factor=2)",
    "live rate = 0.1; clip_norm(1) | adam(rate)",
    "adam(1e-3 * (0.5 where blocks_{i}/** else 1), b1=0.9 -> linear(0.8, 10))",
    "scale_by_adam where ndim > 1 | lr(0.1)",
    "schedule_free_adamw(1e-3)",
]


def pick(tree: Any, place: int) -> Any:
    """Returns the tree with every leaf but one left out."""
    flat, structure = jax.tree.flatten(tree)
    kept = jax.tree.unflatten(structure, [leaf if index == place else None for index, leaf in enumerate(flat)])
    assert len(jax.tree.leaves(kept)) == 1
    return kept


def nbytes(state: Any) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(state))


@pytest.mark.parametrize("text", STATES)
def test_the_bytes_are_those_of_the_state(text: str) -> None:
    report = leaves(text)
    assert report.state_bytes == nbytes(optdsl.compile(text).init(params()))
    counters = report.state_bytes - sum(leaf.state_bytes for leaf in report.leaves)
    assert 0 <= counters <= 4 * 40


# Selectors would select nothing in a tree of one leaf, and the counters of `schedule_free` have the parameters' dtype.
ALONE = [text for text in STATES if not any(word in text for word in ("match", "where", "schedule_free"))]


@pytest.mark.parametrize("text", ALONE)
def test_a_leaf_has_the_bytes_that_it_has_alone(text: str) -> None:
    report = leaves(text)
    opt = optdsl.compile(text)
    counters = nbytes(opt.init({}))
    for place, leaf in enumerate(report.leaves):
        assert leaf.state_bytes == nbytes(opt.init(pick(params(), place))) - counters, leaf.path


def test_a_frozen_leaf_has_no_state_and_no_numbers() -> None:
    leaf = by_path("freeze where embed/** | adamw(1e-3)")["embed/embedding"]
    assert (leaf.frozen, leaf.state_bytes, leaf.learning_rate, leaf.weight_decay) == (True, 0, None, ())


@pytest.mark.parametrize("tree", [jnp.ones((3, 2)), (jnp.ones(3), jnp.ones(2)), [jnp.ones(())], {"count": jnp.ones(4)}])
def test_bytes_go_to_the_leaf_whatever_holds_it(tree: Any) -> None:
    report = leaves("adam(1e-3)", tree)
    assert [leaf.state_bytes for leaf in report.leaves] == [2 * leaf.nbytes for leaf in jax.tree.leaves(tree)]
    scheduled = leaves("lr(1 -> linear(0, 10)) | trace(0.9)", tree)
    assert [leaf.state_bytes for leaf in scheduled.leaves] == [leaf.nbytes for leaf in jax.tree.leaves(tree)]


def test_what_mixes_leaves_is_in_the_total_only() -> None:
    report = leaves("flatten { adam(1e-3) }", {"a": jnp.ones(3), "b": jnp.ones(2)})
    assert [leaf.state_bytes for leaf in report.leaves] == [0, 0]
    assert report.state_bytes == 2 * 5 * 4 + 4


def test_a_tree_without_leaves() -> None:
    report = leaves("adam(1e-3)", {})
    assert (report.leaves, report.state_bytes) == ((), 4)
    assert report.totals["parameters"] == 0


def test_the_pair_of_lookahead_is_reported_by_its_fast_parameters() -> None:
    pair = optax.LookaheadParams.init_synced({"a": jnp.ones(3)})
    assert list(by_path("lookahead(5, 0.5) { adam(1e-3) }", pair)) == ["a"]


def test_stacked_axes_stay_in_the_shape() -> None:
    tree = {"layers": {"kernel": jnp.ones((2, 4, 4)), "bias": jnp.ones((2, 4))}}
    report = optdsl.explain("adamw(1e-3, weight_decay=0.1 where ndim > 1)", params=tree, stacked={"layers/**": 1})
    assert report.leaves is not None
    assert {leaf.path: (leaf.shape, bool(leaf.weight_decay)) for leaf in report.leaves.leaves} == {
        "layers/bias": ((2, 4), False),
        "layers/kernel": ((2, 4, 4), True),
    }


def test_a_program_that_does_not_fit_is_refused() -> None:
    with pytest.raises(optdsl.OptdslError, match="E402"):
        optdsl.explain("freeze where nowhere/** | sgd(0.1)", params=params())
    with pytest.raises(optdsl.OptdslError, match="E401"):
        optdsl.compile("match { bias => sgd(0.1) }").explain(params())
