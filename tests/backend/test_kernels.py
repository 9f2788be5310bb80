"""The kernels of the default mode against the exact formulation, over shapes, dtypes and what is not finite."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from jax.test_util import check_grads

from optdsl.backend import kernels
from optdsl.backend.centralize import centralize

ULPS = 4
centred = jax.jit(kernels.centred, static_argnums=1)
HALF = (jnp.bfloat16, jnp.float16)
SINGLE = (jnp.float32, jnp.complex64, *HALF)
SHAPES = [
    ((4, 3), (1,)),
    ((4, 3), (0,)),
    ((4, 3), (0, 1)),
    ((1, 7), (1,)),
    ((2, 513), (1,)),
    ((3, 1536), (1,)),
    ((2, 5003), (1,)),
    ((384, 5), (0,)),
    ((1009, 3), (0,)),
    ((33, 4), (0,)),
    ((70, 600), (0, 1)),
    ((3, 3, 8, 16), (0, 1, 2)),
    ((3, 3, 8, 16), (1, 2, 3)),
    ((2, 300, 7, 5), (1, 2)),
    ((2, 6, 5), (0, 2)),
    ((3, 40, 5), (1,)),
]


def normal(shape: tuple[int, ...], dtype: Any = jnp.float32, seed: int = 0) -> jax.Array:
    numbers = np.random.default_rng(seed).standard_normal((2, *shape))
    imaginary = 1j * numbers[1] if jnp.issubdtype(dtype, jnp.complexfloating) else 0
    return jnp.asarray(numbers[0] + 1 + imaginary, dtype)


def plainly_centred(leaf: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    wide = leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32))
    return (wide - jnp.mean(wide, axis=axes, keepdims=True)).astype(leaf.dtype)


def assert_near(got: Any, want: Any, like: Any, ulps: float = ULPS) -> None:
    """Asserts equality within `ulps` units in the last place of the largest finite entry of `like`."""
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    exponent = jnp.finfo(got.dtype).eps
    wide = np.complex128 if jnp.issubdtype(got.dtype, jnp.complexfloating) else np.float64
    scale = np.max(np.abs(np.asarray(like).astype(wide)), initial=0.0, where=np.isfinite(np.asarray(like).astype(wide)))
    np.testing.assert_allclose(
        np.asarray(got).astype(wide), np.asarray(want).astype(wide), rtol=0, atol=ulps * float(exponent) * scale
    )


# ---- centring


@pytest.mark.parametrize("dtype", SINGLE)
@pytest.mark.parametrize(("shape", "axes"), SHAPES)
def test_centred_is_the_leaf_less_its_mean(shape: tuple[int, ...], axes: tuple[int, ...], dtype: Any) -> None:
    leaf = normal(shape, dtype)
    assert_near(centred(leaf, axes), plainly_centred(leaf, axes), leaf)


@pytest.mark.parametrize(("shape", "axes"), SHAPES[4:12])
def test_float64_is_centred_in_float64(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    with jax.enable_x64(True):
        leaf = normal(shape, jnp.float64)
        assert_near(centred(leaf, axes), plainly_centred(leaf, axes), leaf)


def test_centred_agrees_with_the_exact_stage() -> None:
    grads = {"w": normal((3, 700)), "c": normal((3, 3, 4, 5), jnp.bfloat16)}
    for axes, indices in ((-1, {"w": (1,), "c": (3,)}), ("fan_in", {"w": (0,), "c": (0, 1, 2)})):
        want, _ = centralize(axes).update(grads, optax.EmptyState())
        for name, leaf in grads.items():
            assert_near(centred(leaf, indices[name]), want[name], leaf)


def test_a_shape_without_entries_stays() -> None:
    assert centred(jnp.zeros((0, 3)), (1,)).shape == (0, 3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axes", [(0,), (1,)])
def test_what_is_not_finite_stays_in_its_unit(wrong: float, axes: tuple[int, ...]) -> None:
    leaf = normal((6, 6)).at[2, 2].set(wrong)
    np.testing.assert_array_equal(jnp.isnan(centred(leaf, axes)), jnp.isnan(plainly_centred(leaf, axes)))
    got, want = centred(leaf, axes), plainly_centred(leaf, axes)
    np.testing.assert_array_equal(jnp.isinf(got), jnp.isinf(want))
    assert_near(jnp.where(jnp.isfinite(want), got, 0), jnp.where(jnp.isfinite(want), want, 0), leaf)


ENTRIES = st.floats(-1e3, 1e3, width=32)
MATRICES = arrays.arrays(np.float32, arrays.array_shapes(min_dims=2, max_dims=4, max_side=7), elements=ENTRIES)


@st.composite
def leaves_and_axes(draw: Any) -> tuple[np.ndarray, tuple[int, ...]]:
    leaf = draw(MATRICES)
    axes = draw(st.sets(st.integers(0, leaf.ndim - 1), min_size=1))
    return leaf, tuple(sorted(axes))


@given(leaves_and_axes())
@settings(max_examples=25)
def test_centred_is_near_the_truth_and_idempotent(drawn: tuple[np.ndarray, tuple[int, ...]]) -> None:
    leaf, axes = drawn
    got = centred(jnp.asarray(leaf), axes)
    wide = leaf.astype(np.float64)
    truth = wide - wide.mean(axis=axes, keepdims=True)
    assert_near(got, truth.astype(np.float32), leaf)
    assert_near(centred(got, axes), got, leaf)


@given(leaves_and_axes(), st.floats(2**-10, 2**10, width=32))
@settings(max_examples=25)
def test_a_scalar_factor_passes_through(drawn: tuple[np.ndarray, tuple[int, ...]], factor: float) -> None:
    leaf, axes = jnp.asarray(drawn[0]), drawn[1]
    assume(float(jnp.max(jnp.abs(leaf))) > 1e-20)
    before = centred(kernels.scaled(leaf, factor), axes)
    assert_near(kernels.scaled(centred(leaf, axes), factor), before, leaf * factor)


def test_stacked_leaves_are_centred_one_by_one() -> None:
    leaves = normal((3, 40, 7))
    together = jax.vmap(lambda leaf: centred(leaf, (0,)))(leaves)
    assert_near(together, plainly_centred(leaves, (1,)), leaves)


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_derivatives_go_through(axes: tuple[int, ...]) -> None:
    check_grads(lambda leaf: centred(leaf, axes), (normal((4, 5)),), order=2, atol=1e-2, rtol=1e-2)


# ---- clipping


def clipped(updates: Any, max_norm: Any) -> Any:
    return kernels.scaled(updates, kernels.norm_factor(updates, max_norm))


def exactly_clipped(updates: Any, max_norm: Any) -> Any:
    return optax.clip_by_global_norm(max_norm).update(updates, optax.EmptyState())[0]


def assert_trees_near(got: Any, want: Any, like: Any) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(want)
    jax.tree.map(lambda *leaves: assert_near(*leaves), got, want, like)


@pytest.mark.parametrize("dtype", SINGLE)
@pytest.mark.parametrize("max_norm", [0.01, 1.0, 1e6])
def test_the_clip_is_one_factor(dtype: Any, max_norm: float) -> None:
    updates = {"w": normal((3, 50), dtype), "b": [normal((7,), dtype, seed=1)]}
    want = exactly_clipped(updates, max_norm)
    assert_trees_near(jax.jit(clipped)(updates, max_norm), want, want)


@pytest.mark.parametrize("max_norm", [0.01, 1e6])
def test_leaves_of_several_dtypes_are_clipped_together(max_norm: float) -> None:
    updates = {"w": normal((3, 50)), "b": normal((7,), jnp.bfloat16)}
    want = exactly_clipped(updates, max_norm)
    assert_trees_near(clipped(updates, max_norm), want, want)


def test_float64_is_clipped_in_float64() -> None:
    with jax.enable_x64(True):
        updates = {"w": normal((3, 50), jnp.float64)}
        want = exactly_clipped(updates, 0.1)
        assert_trees_near(clipped(updates, 0.1), want, want)


SPECIAL = [0.0, 1e-30, 3.0, 1e25, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("max_norm", [0.0, 1.0, 5.0, np.inf])
@pytest.mark.parametrize("second", SPECIAL)
def test_norms_of_zero_and_not_finite_do_as_in_optax(second: float, max_norm: float) -> None:
    for first in (0.0, 4.0, np.inf):
        updates = {"w": jnp.array([first, second], jnp.float32)}
        np.testing.assert_allclose(clipped(updates, max_norm)["w"], exactly_clipped(updates, max_norm)["w"], rtol=1e-6)


@given(arrays.arrays(np.float32, st.integers(1, 40), elements=ENTRIES), st.floats(2**-10, 2**10, width=32))
@settings(max_examples=25)
def test_the_clip_never_passes_its_limit_and_keeps_directions(leaf: np.ndarray, max_norm: float) -> None:
    got, want = clipped(jnp.asarray(leaf), max_norm), exactly_clipped(jnp.asarray(leaf), max_norm)
    assert_near(got, want, want)
    assert float(jnp.linalg.norm(got)) <= max_norm * (1 + 1e-5)
    # What is near the smallest float is flushed to 0 by one order of operations and not by the other.
    normal = np.abs(leaf) > 1e-30
    np.testing.assert_array_equal(np.sign(got)[normal], np.sign(want)[normal])


# ---- what XLA makes of them


def compiled(function: Any, leaf: jax.Array) -> Any:
    return jax.jit(function).lower(leaf).compile()


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the CPU is what it is written for")
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_nothing_of_the_size_of_the_leaf_is_held(axes: tuple[int, ...]) -> None:
    leaf = normal((512, 1024))

    def centre_after_clip(array: jax.Array) -> tuple[jax.Array, jax.Array]:
        done = centred(jnp.clip(array, -1.0, 1.0), axes)
        return 0.9 * array + done, array * array + done

    ours = compiled(centre_after_clip, leaf)
    assert ours.memory_analysis().temp_size_in_bytes < 0.1 * leaf.nbytes
    assert "ynn_fusion" not in ours.as_text()


def test_the_clip_holds_nothing() -> None:
    leaf = normal((512, 1024))
    ours = compiled(lambda array: (0.9 * array + clipped(array, 1.0), array * array + clipped(array, 1.0)), leaf)
    assert ours.memory_analysis().temp_size_in_bytes < 0.02 * leaf.nbytes
