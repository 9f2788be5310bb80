"""Run by test_centralize_split.py with two host devices: gradients that are split between them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from optdsl.backend.centralize import centralize

GRADS = jnp.array([[1.0, 2, 3, 10], [0, 0, 0, 4]])
WANT = np.array([[-3, -2, -1, 6], [-1, -1, -1, 3]])
ROWS, COLUMNS = PartitionSpec("data", None), PartitionSpec(None, "data")
SPARSE = jnp.array([[1.0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 4, -1], [0, 0, 0, 0]])

SPLITS: list[tuple[dict[str, Any], dict[str, Any], jax.Array, PartitionSpec]] = [
    ({"axes": -1}, {1: "data"}, GRADS, COLUMNS),
    ({"axes": -1}, {}, GRADS, ROWS),
    ({"axes": "fan_in"}, {0: "data"}, GRADS, ROWS),
    ({"axes": "all"}, {-1: "data"}, GRADS, COLUMNS),
    ({"axes": 0, "sparse_rows": True}, {0: "data"}, SPARSE, ROWS),
    ({"axes": 0, "sparse_rows": True}, {1: "data"}, SPARSE, COLUMNS),
]


def update_of(arguments: dict[str, Any]) -> Any:
    tx = centralize(**arguments)
    return lambda grads: tx.update(grads, optax.EmptyState())[0]


def over_devices(function: Any, split: PartitionSpec, mesh: Mesh, grads: jax.Array) -> jax.Array:
    return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=split, out_specs=split))(grads)


def check_splits(mesh: Mesh) -> int:
    """Every split gives what one device gives, in bfloat16 too."""
    checked = 0
    for dtype, tolerance in ((jnp.float32, 1e-6), (jnp.bfloat16, 0.0)):
        for arguments, names, grads, split in SPLITS:
            array = grads.astype(dtype)
            got = over_devices(update_of({**arguments, "axis_name": names}), split, mesh, array)
            want = jax.jit(update_of(arguments))(array)
            assert got.dtype == dtype
            np.testing.assert_allclose(got.astype(float), want.astype(float), atol=tolerance)
            checked += 1
    return checked


def check_by_hand(mesh: Mesh) -> None:
    split = update_of({"axes": -1, "axis_name": {1: "data"}})
    np.testing.assert_allclose(over_devices(split, COLUMNS, mesh, GRADS), WANT, atol=1e-6)
    local = over_devices(update_of({"axes": -1}), COLUMNS, mesh, GRADS)
    np.testing.assert_allclose(local, [[-0.5, 0.5, -3.5, 3.5], [0, 0, -2, 2]], atol=1e-6)
    sharded = jax.device_put(GRADS, NamedSharding(mesh, COLUMNS))
    np.testing.assert_allclose(jax.jit(update_of({"axes": -1}))(sharded), WANT, atol=1e-6)


def check_mean_over_devices(mesh: Mesh) -> None:
    """The mean over devices comes before or after, the same."""
    centre = update_of({"axes": "fan_in"})

    def both_orders(grads: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jax.lax.pmean(centre(grads[0]), "data"), centre(jax.lax.pmean(grads[0], "data"))

    each = jnp.stack([GRADS, 2 * GRADS[::-1]])
    over, whole = PartitionSpec("data"), PartitionSpec()
    one, two = jax.jit(jax.shard_map(both_orders, mesh=mesh, in_specs=over, out_specs=whole))(each)
    np.testing.assert_allclose(one, two, atol=1e-6)
    assert np.abs(one).max() > 1


def main() -> None:
    assert jax.device_count() == 2
    mesh = Mesh(jax.devices(), ("data",))
    check_by_hand(mesh)
    check_mean_over_devices(mesh)
    print(f"{check_splits(mesh)} splits")


if __name__ == "__main__":
    main()
