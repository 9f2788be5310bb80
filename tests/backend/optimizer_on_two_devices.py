"""Run by test_optimizer.py in a process with two host devices: leaves of the state live where the parameters do."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import optdsl

TEXTS = ("clip(1.0) | adam(0.1)", "prodigy", "schedule_free_sgd(0.1)")


def main() -> None:
    devices = jax.devices()
    assert len(devices) == 2
    split = NamedSharding(Mesh(devices, ("rows",)), PartitionSpec("rows"))
    kernel = jax.device_put(jnp.arange(8.0).reshape(4, 2), split)
    for text in TEXTS:
        optimizer: Any = optdsl.compile(text)
        params = {"kernel": jnp.array(kernel, copy=True)}
        assert params["kernel"].sharding == split
        state = optimizer.init(params)
        alike = [leaf for leaf in jax.tree.leaves(state) if leaf.shape == (4, 2)]
        assert alike, text
        assert all(leaf.sharding.is_equivalent_to(split, 2) for leaf in alike), text
        updates, _ = optimizer.update(params, state, params)
        assert updates["kernel"].sharding.is_equivalent_to(split, 2), text
        grads = jax.tree.map(jnp.copy, params)
        params, state = optimizer.step(params, state, grads)
        params, state = optimizer.step(params, state, grads)
        assert params["kernel"].sharding.is_equivalent_to(split, 2), text
        alike = [leaf for leaf in jax.tree.leaves(state) if leaf.shape == (4, 2)]
        assert all(leaf.sharding.is_equivalent_to(split, 2) for leaf in alike), text


main()
