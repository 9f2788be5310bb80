"""Each pass changes how stages run, by a law of arithmetic, and neither what they do nor their states."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optdsl
from optdsl import ir, passes
from optdsl.passes import linear
from optdsl.passes.piece import Piece, Together, members

NAMES = [each.name for each in passes.PASSES]
FACTORS = ("scale(2)", "scale(-0.3)", "maximize", "lr(0.1)", "scale_by_learning_rate(0.5, flip_sign=false)")
CLIPS = ("clip_norm(0.7)", "clip_by_global_norm(100)", "clip_norm(1e-3)")
CENTRES = ("centralize", "centralize(axes=-1)", "centralize(axes=fan_in)", "centralize(axes=all)")
OTHERS = (
    "clip(0.5)",
    "trace(0.9)",
    "centralize(sparse_rows=true)",
    "scale(1 -> linear(0, 9))",
    "add_decayed_weights(0.1)",
)
TREE = {"w": (5, 300), "k": (2, 3, 4), "b": (7,)}
DTYPES = (jnp.float32, jnp.bfloat16)
ULPS = 4


def compiled(text: str, *, exact: bool) -> Any:
    allowed = ("E301", "E302", "E307")
    return optdsl.compile(text, fragment=True, exact=exact, allow=allowed)


def chain_of(text: str) -> ir.Chain:
    return compiled(text, exact=True).meaning.chain


def tree(seed: int, dtype: Any, size: float = 1.0) -> Any:
    keys = jax.random.split(jax.random.key(seed), len(TREE))
    draws = {name: size * jax.random.normal(key, TREE[name]) for name, key in zip(TREE, keys, strict=True)}
    return jax.tree.map(lambda leaf: leaf.astype(dtype), draws)


def assert_near(got: Any, wanted: Any, ulps: float) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(wanted)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        wide, others = np.asarray(one, np.float64), np.asarray(other, np.float64)
        unit = float(jnp.finfo(other.dtype).eps) * np.max(np.abs(others), initial=0.0)
        assert np.max(np.abs(wide - others), initial=0.0) <= ulps * unit


def compare(text: str, dtype: Any, seed: int, ulps: float) -> None:
    fast, exact = compiled(text, exact=False), compiled(text, exact=True)
    params = tree(seed, dtype)
    state = exact.init(params)
    assert_near(fast.init(params), state, 0)
    for step in range(2):
        grads = tree(seed + 1 + step, dtype, size=10.0**step)
        got, kept = fast.update(grads, state, params)
        wanted, state = exact.update(grads, state, params)
        assert_near(got, wanted, ulps)
        assert_near(kept, state, ulps)


def made(text: str) -> list[Together]:
    return [piece for piece in passes.pieces(chain_of(text).stages) if isinstance(piece, Together)]


def names(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.name, one.paths) for one in passes.fired(chain_of(text))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", [*CLIPS, *CENTRES])
def test_one_stage_alone_stays_within_four_units(text: str, dtype: Any) -> None:
    assert made(text)
    compare(text, dtype, 0, ULPS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axes", CENTRES)
def test_the_second_of_two_equal_centres_does_nothing(axes: str, dtype: Any) -> None:
    (piece,) = made(f"{axes} | {axes}")
    assert piece.idle == (False, True)
    compare(f"{axes} | {axes}", dtype, 1, ULPS)


def test_centres_over_other_axes_both_run() -> None:
    assert [piece.idle for piece in made("centralize(axes=0) | centralize(axes=1)")] == [(False,), (False,)]


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("factor", [*FACTORS, *CLIPS])
def test_factors_commute_with_centring(factor: str, centre: str) -> None:
    (piece,) = made(f"{factor} | {centre}")
    assert "one_factor" in piece.by
    compare(f"{factor} | {centre}", jnp.float32, 2, 2 * ULPS)


linear_stages = st.sampled_from([*FACTORS, *CLIPS[:2], *CENTRES])


@settings(max_examples=25, deadline=None)
@given(st.lists(linear_stages, min_size=1, max_size=5), st.sampled_from(DTYPES), st.integers(0, 9))
def test_linear_runs_do_what_their_stages_do_one_by_one(stages: list[str], dtype: Any, seed: int) -> None:
    # Each stage of the exact mode rounds once, a run once in all.
    compare(" | ".join(stages), dtype, seed, ULPS * len(stages))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*FACTORS, *CLIPS, *CENTRES, *OTHERS]), min_size=1, max_size=8))
def test_every_stage_is_in_one_piece_and_in_order(stages: list[str]) -> None:
    chain = chain_of(" | ".join(stages))
    found = [stage for piece in passes.pieces(chain.stages) for stage in members(piece)]
    assert list(map(id, found)) == list(map(id, chain.stages))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*FACTORS, *CLIPS, *CENTRES, *OTHERS]), min_size=1, max_size=8))
def test_passes_change_nothing_a_second_time(stages: list[str]) -> None:
    pieces: list[Piece] = list(passes.pieces(chain_of(" | ".join(stages)).stages))
    again = pieces
    for each in passes.PASSES:
        again = each.rewrite(again)
    assert [list(map(id, members(piece))) for piece in again] == [list(map(id, members(piece))) for piece in pieces]


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_plain_number_or_mean_is_left_alone(other: str) -> None:
    assert made(other) == []
    assert not any(isinstance(linear.linear(stage), linear.Factor) for stage in chain_of(other).stages)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("adam(1e-3)", []),
        ("clip_norm(1.0) | adam(1e-3)", [("clip_factor", ("clip_norm",))]),
        ("accumulate(2) { clip_norm(1.0) | sgd(0.1) }", [("clip_factor", ("accumulate.clip_norm",))]),
        ("match { ndim > 1 => centralize | sgd(0.1), else => sgd(0.1) }", [("fused_mean", ("match.0.centralize",))]),
        ("scale(2) | scale(3) | sgd(0.1)", [("one_factor", ("scale", "scale_2"))]),
    ],
)
def test_the_passes_that_fired_are_told_with_their_stages(text: str, wanted: list[Any]) -> None:
    assert names(text) == wanted
    report = optdsl.explain(text, passes=True)
    assert [(one["name"], tuple(one["paths"])) for one in report.to_dict()["passes"]] == wanted
    assert all(name in str(report) for name, _ in wanted)
    assert optdsl.compile(text, exact=True).explain(passes=True).passes == ()
    assert optdsl.compile(text).explain().passes is None


def test_every_pass_has_a_law_and_fires_somewhere() -> None:
    text = "scale(2) | clip_norm(1) | centralize | centralize | sgd(0.1)"
    assert sorted(name for name, _ in names(text)) == sorted(NAMES)
    assert all(each.law for each in passes.PASSES)


@pytest.mark.parametrize("text", ["clip_norm(1.0)", "scale(2) | clip_norm(1.0)", "clip_norm(1.0) | centralize"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_spreads_as_in_exact_mode(text: str, bad: float) -> None:
    grads = {"w": jnp.ones((2, 3)).at[0, 0].set(bad), "b": jnp.ones(2)}
    fast, exact = (
        compiled(text, exact=exact).update(grads, compiled(text, exact=exact).init(grads))[0] for exact in (False, True)
    )
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b)), fast, exact)
