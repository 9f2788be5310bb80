"""The oracles and properties of one centralization, against numbers worked out by hand or with NumPy."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from optdsl.backend.centralize import AxesError, AxesProblem, averaged_axes, centralize

MATRIX = [[1, 2, 6], [-1, 0, 4]]
HWIO = np.arange(1, 9).reshape(2, 1, 2, 2)
DEPTHWISE = np.arange(12).reshape(2, 2, 1, 3)
HEAD = [[1], [2], [3]]
ROWS = [[1, 3], [0, 0], [2, -2]]


@cache
def jitted(items: tuple[tuple[str, Any], ...]) -> Any:
    update = centralize(**dict(items)).update
    return jax.jit(lambda grads: update(grads, optax.EmptyState())[0])


def run(grads: Any, **arguments: Any) -> Any:
    return jitted(tuple(arguments.items()))(grads)


def normal(shape: tuple[int, ...], seed: int = 0, mean: float = 0.3) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape) + mean, jnp.float32)


def less_mean(array: Any, axes: tuple[int, ...]) -> Any:
    wide = np.asarray(array, np.float64)
    return wide - wide.mean(axis=axes, keepdims=True)


def close(got: Any, want: Any, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(got, np.float64), np.asarray(want), rtol=1e-5, atol=atol)


ORACLES = [
    ({"axes": -1}, MATRIX, [[-2, -1, 3], [-2, -1, 3]]),
    ({"axes": 1}, MATRIX, [[-2, -1, 3], [-2, -1, 3]]),
    ({}, MATRIX, [[-2, -1, 3], [-2, -1, 3]]),
    ({"axes": "fan_in", "layout": "torch"}, MATRIX, [[-2, -1, 3], [-2, -1, 3]]),
    ({"axes": "fan_in"}, MATRIX, [[1, 1, 1], [-1, -1, -1]]),
    ({"axes": (0, -2)}, MATRIX, [[1, 1, 1], [-1, -1, -1]]),
    ({"axes": "all"}, MATRIX, [[-1, 0, 4], [-3, -2, 2]]),
    ({"axes": (-1, 0)}, MATRIX, [[-1, 0, 4], [-3, -2, 2]]),
    ({"axes": ()}, MATRIX, MATRIX),
    ({"axes": "fan_in"}, HWIO, np.repeat([-3, -1, 1, 3], 2).reshape(2, 1, 2, 2)),
    ({}, HWIO, np.tile([-1.5, -0.5, 0.5, 1.5], 2).reshape(2, 1, 2, 2)),
    ({"axes": "fan_in"}, DEPTHWISE, np.repeat([-4.5, -1.5, 1.5, 4.5], 3).reshape(2, 2, 1, 3)),
    ({"axes": "fan_in"}, [[[[5, 6, 7]]]], [[[[5, 6, 7]]]]),
    ({"axes": "fan_in"}, HEAD, [[-1], [0], [1]]),
    ({"axes": -1}, HEAD, HEAD),
    ({}, HEAD, HEAD),
    ({"axes": "all"}, [[7]], [[7]]),
    ({}, [1, 2, 3], [1, 2, 3]),
    ({"min_ndim": 1}, [1, 2, 3], [1, 2, 3]),
    ({"axes": "fan_in", "min_ndim": 1}, [1, 2, 3], [1, 2, 3]),
    ({"axes": -1, "min_ndim": 1}, [1, 2, 6], [-2, -1, 3]),
    ({"axes": "all", "min_ndim": 0}, 5, 5),
    ({"axes": "fan_in", "min_ndim": 3}, MATRIX, MATRIX),
    ({"axes": 2, "min_ndim": 3}, MATRIX, MATRIX),
    ({"axes": 0}, ROWS, [[0, 8 / 3], [-1, -1 / 3], [1, -7 / 3]]),
    ({"axes": 0, "sparse_rows": True}, ROWS, [[-0.5, 2.5], [0, 0], [0.5, -2.5]]),
    ({"axes": "all", "sparse_rows": True}, ROWS, [[0, 2], [0, 0], [1, -3]]),
    ({"axes": -1, "sparse_rows": True}, ROWS, [[-1, 1], [0, 0], [2, -2]]),
    ({"axes": 0, "sparse_rows": True}, [[0, 0], [4, 5]], [[0, 0], [0, 0]]),
    ({"axes": 0, "sparse_rows": True}, [[0, 0], [0, 0]], [[0, 0], [0, 0]]),
    ({"axes": 0, "sparse_rows": True, "min_ndim": 1}, [3, 0, 1], [1, 0, -1]),
]


@pytest.mark.parametrize(("arguments", "grads", "want"), ORACLES)
def test_oracle(arguments: dict[str, Any], grads: Any, want: Any) -> None:
    close(run(jnp.asarray(grads, jnp.float32), **arguments), want)


FAN_IN = centralize("fan_in")

ORDERS = [
    ((optax.clip(1.0), FAN_IN), [0, 0, 0]),
    ((FAN_IN, optax.clip(1.0)), [1, -1, -1]),
    ((FAN_IN, optax.clip_by_global_norm(1.0)), [0.816497, -0.408248, -0.408248]),
    ((optax.clip_by_global_norm(1.0), FAN_IN), [0.471405, -0.235702, -0.235702]),
    ((optax.add_decayed_weights(0.1), FAN_IN), [0, -2, 2]),
    ((FAN_IN, optax.add_decayed_weights(0.1)), [3, 1, 5]),
]


@pytest.mark.parametrize(("stages", "want"), ORDERS)
def test_order_is_meaning(stages: tuple[Any, ...], want: list[float]) -> None:
    params, grads = jnp.array([[10.0], [20.0], [60.0]]), jnp.array([[4.0], [1.0], [1.0]])
    tx = optax.chain(*stages)
    close(tx.update(grads, tx.init(params), params)[0][:, 0], want)


def complex_tree() -> Any:
    return {"kernel": normal((5, 7)) + 1j * normal((5, 7), 1), "bias": normal((7,)) * 1j}


def float_tree() -> Any:
    shapes = ((6, 4), (4, 33), (3, 3, 5, 8), (1, 9), (8,), (), (64, 257))
    return [normal(shape, seed, mean=seed) for seed, shape in enumerate(shapes)]


@pytest.mark.parametrize("tree", [float_tree, complex_tree])
@pytest.mark.parametrize("wide", [False, True], ids=["x32", "x64"])
def test_default_is_optax_bit_for_bit(tree: Any, wide: bool) -> None:
    with jax.enable_x64(wide):
        scale = (np.float64 if wide else np.float32)(1 / 3)
        grads = jax.tree.map(lambda leaf: jnp.asarray(leaf) * scale, tree())
        want, _ = jax.jit(optax.centralize().update)(grads, optax.EmptyState())
        got, _ = jax.jit(centralize().update)(grads, optax.EmptyState())
        assert [leaf.dtype for leaf in jax.tree.leaves(got)] == [leaf.dtype for leaf in jax.tree.leaves(grads)]
        assert jax.tree.leaves(got)[0].dtype.itemsize == (2 if tree is complex_tree else 1) * (8 if wide else 4)
        jax.tree.map(np.testing.assert_array_equal, got, want)


def test_state_is_empty_and_the_tree_stays() -> None:
    tx = centralize()
    grads = {"a": [normal((2, 3)), None], "b": (jnp.arange(6).reshape(2, 3), jnp.ones((2, 3), bool))}
    state = tx.init(grads)
    got, after = tx.update(grads, state)
    assert state == after == optax.EmptyState()
    assert jax.tree.structure(got) == jax.tree.structure(grads)
    for one, two in zip(got["b"], grads["b"], strict=True):
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_rounded_once(dtype: Any) -> None:
    grads = normal((4, 4096), mean=3.0).astype(dtype)
    got = run(grads, axes=-1)
    assert got.dtype == dtype
    exact = less_mean(grads, (1,))
    half_step = float(jnp.finfo(dtype).eps) * 2.0 ** np.floor(np.log2(np.abs(exact))) / 2
    assert np.all(np.abs(np.asarray(got, np.float64) - exact) <= half_step + 2e-6)
    assert np.abs(np.asarray(got, np.float64).mean(axis=1)).max() <= 1.5e-3


def test_half_precision_of_sparse_rows() -> None:
    grads = normal((300, 4), mean=3.0).at[::3].set(0).astype(jnp.bfloat16)
    got = run(grads, axes=0, sparse_rows=True)
    live = np.asarray(grads, np.float64)[np.arange(300) % 3 != 0]
    assert got.dtype == jnp.bfloat16
    np.testing.assert_allclose(
        np.asarray(got, np.float64)[np.arange(300) % 3 != 0], live - live.mean(axis=0), rtol=2**-8, atol=1e-6
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("sparse_rows", [False, True])
def test_non_finite_entries_stay_in_their_unit(bad: float, sparse_rows: bool) -> None:
    grads = normal((4, 3)).at[1, 2].set(bad).at[3].set(0)
    got = np.asarray(run(grads, axes=0, sparse_rows=sparse_rows))
    rows = 3 if sparse_rows else 4
    assert not np.isfinite(got[:rows, 2]).any()
    close(got[:rows, :2], less_mean(grads[:rows, :2], (0,)))
    assert not sparse_rows or not got[3].any()


STACKED = (("layers/**", 1),)


@pytest.mark.parametrize(
    ("axes", "want"), [("fan_in", (1,)), (0, (1,)), (-1, (2,)), (-2, (1,)), ("all", (1, 2)), (None, (2,))]
)
def test_stacked_axes_are_not_averaged(axes: Any, want: tuple[int, ...]) -> None:
    grads = {"layers": {"kernel": normal((2, 4, 5)), "bias": normal((2, 5)), "rate": jnp.ones(2)}}
    got = run({**grads, "head": normal((4, 3))}, axes=axes, stacked=STACKED)
    close(got["layers"]["kernel"], less_mean(grads["layers"]["kernel"], want))
    np.testing.assert_array_equal(got["layers"]["bias"], grads["layers"]["bias"])
    close(got["head"], less_mean(normal((4, 3)), tuple(axis - 1 for axis in want)))


def test_stacked_axes_are_out_of_reach() -> None:
    with pytest.raises(AxesError, match=r"axis -3 .* layers/kernel of shape \(2, 4, 5\), 1 of it stacked"):
        centralize(-3, stacked=STACKED).update({"layers": {"kernel": normal((2, 4, 5))}}, optax.EmptyState())


def test_rows_of_every_stacked_layer_are_its_own() -> None:
    grads = jnp.stack([normal((4, 3)).at[0].set(0), normal((4, 3), 1).at[2:].set(0)])
    got = run({"layers": grads}, axes=0, sparse_rows=True, stacked=STACKED)["layers"]
    want = [run(layer, axes=0, sparse_rows=True) for layer in grads]
    close(got, np.stack(want))
    np.testing.assert_array_equal(got[0, 0], 0)
    np.testing.assert_array_equal(got[1, 2:], 0)


AXES = [
    (None, 3, "flax", 0, (1, 2)),
    ("fan_in", 4, "flax", 0, (0, 1, 2)),
    ("fan_in", 4, "torch", 1, (2, 3)),
    ("fan_in", 4, "flax", 1, (1, 2)),
    ("all", 3, "flax", 1, (1, 2)),
    ((1, -1, 0), 4, "flax", 1, (1, 2, 3)),
    ((1, 1, -2), 3, "torch", 0, (1,)),
    ("all", 0, "flax", 0, ()),
    ("fan_in", 1, "flax", 1, ()),
]


@pytest.mark.parametrize(("axes", "ndim", "layout", "stacked", "want"), AXES)
def test_averaged_axes(axes: Any, ndim: int, layout: Any, stacked: int, want: tuple[int, ...]) -> None:
    assert averaged_axes(axes, ndim, layout=layout, stacked=stacked) == want


@pytest.mark.parametrize(("axes", "stray"), [(2, 2), (-3, -3), ((0, 2, 5), 2)])
def test_axes_out_of_range_name_the_leaf(axes: Any, stray: int) -> None:
    grads = {"dense_0": {"kernel": jnp.ones((4, 8)), "bias": jnp.ones(8)}}
    with pytest.raises(AxesError) as raised:
        jax.jit(centralize(axes).update)(grads, optax.EmptyState())
    assert raised.value.problem == AxesProblem("dense_0/kernel", (4, 8), stray)
    assert all(words in str(raised.value) for words in (f"axis {stray}", "dense_0/kernel", "(4, 8)"))


def test_only_selected_leaves_have_problems() -> None:
    grads = {"bias": jnp.ones(8), "count": jnp.ones((2, 2), int), "rate": 0.1, "layers": jnp.ones((2, 3))}
    centralize(7, stacked=STACKED).update(grads, optax.EmptyState())
    centralize(None, min_ndim=0).update(grads, optax.EmptyState())
    with pytest.raises(AxesError) as raised:
        centralize(0, min_ndim=0).update({"rate": 0.1}, optax.EmptyState())
    assert raised.value.problem == AxesProblem("rate", (), 0)


def test_words_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="'fan_in' or 'all'"):
        centralize("fan_out")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'flax' or 'torch'"):
        centralize(layout="keras")  # type: ignore[arg-type]


def test_transformations_of_jax() -> None:
    grads = normal((5, 4, 3))
    update = centralize("fan_in").update

    def centre(leaf: jax.Array) -> jax.Array:
        return update(leaf, optax.EmptyState())[0]

    close(jax.jit(jax.vmap(centre))(grads), less_mean(grads, (1,)))
    slope = jax.grad(lambda leaf: jnp.sum(centre(leaf) ** 2) / 2)(grads[0])
    close(slope, less_mean(grads[0], (0,)))
    sparse = centralize(0, sparse_rows=True).update
    steep = jax.grad(lambda leaf: jnp.sum(sparse(leaf, optax.EmptyState())[0] ** 2))(jnp.zeros((3, 2)))
    np.testing.assert_array_equal(steep, 0)
