"""`jax.sharding`: batches split over 4 devices, a kernel split over 2, along the very axis that is averaged.

Under `jax.jit` a program needs to know nothing of it: XLA adds the collectives, and the state lies as the parameters
do. The devices are eight pieces of one processor, so times say little here; the number of collectives says more.
"""

import os

# Both are read when jax starts. On real accelerators leave the two lines out.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8"
os.environ["JAX_PLATFORMS"] = "cpu"

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from comparison import Batch, Measure, Training, accuracy, arguments, batches, compare, digits
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

import optdsl

TRAINED_ON, HELD_OUT = digits()
SPLIT = {"dense": {"kernel": P("model", None), "bias": P()}, "head": {"kernel": P(), "bias": P()}}
"""The kernel of `dense` is split over its incoming weights; `centralize(fan_in)` takes the mean over all of them."""


class Where(NamedTuple):
    """An optimizer, and how many devices it works on along the batch and along the kernel."""

    optimizer: optdsl.Optimizer
    devices: tuple[int, int]


def loss_fn(params: Any, batch: Batch) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(network(params, batch.images), batch.labels).mean()


def network(params: Any, images: Any) -> jax.Array:
    hidden = jax.nn.relu(images @ params["dense"]["kernel"] + params["dense"]["bias"])
    return hidden @ params["head"]["kernel"] + params["head"]["bias"]


@jax.jit
def train_step(optimizer: optdsl.Optimizer, params: Any, state: Any, batch: Batch) -> tuple[Any, ...]:
    loss, grads = jax.value_and_grad(loss_fn)(params, batch)
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss, grads


def train(where: Where, seed: int, steps: int) -> Training:
    rows, columns = where.devices
    mesh = Mesh(np.array(jax.devices()[: rows * columns]).reshape(where.devices), ("data", "model"))
    keys = jax.random.split(jax.random.key(seed))
    params = {
        "dense": {"kernel": jax.random.normal(keys[0], (64, 64)) / 32**0.5, "bias": jnp.zeros(64)},
        "head": {"kernel": jax.random.normal(keys[1], (64, 10)) / 32**0.5, "bias": jnp.zeros(10)},
    }
    params = jax.device_put(params, jax.tree.map(lambda spec: NamedSharding(mesh, spec), SPLIT))
    state = where.optimizer.init(params)
    collectives = 0
    for batch in batches(TRAINED_ON, seed, steps):
        batch = jax.device_put(batch, NamedSharding(mesh, P("data")))
        collectives = collectives or count_collectives(where.optimizer, params, state, batch)
        params, state, loss, grads = train_step(where.optimizer, params, state, batch)
        yield loss, grads
    kernel = params["dense"]["kernel"]
    assert kernel.sharding.is_equivalent_to(NamedSharding(mesh, SPLIT["dense"]["kernel"]), kernel.ndim)
    return *accuracy(network(params, HELD_OUT.images), HELD_OUT), Measure("collectives", collectives, "{:.0f}")


def count_collectives(*arguments: Any) -> int:
    """Returns how often a step waits for other devices."""
    text = train_step.lower(*arguments).compile().as_text() or ""
    return sum(text.count(f" {name}(") for name in ("all-reduce", "all-gather", "reduce-scatter", "all-to-all"))


if __name__ == "__main__":
    plain = optdsl.compile("sgd(0.1, momentum=0.9)")
    centred = optdsl.compile("centralize(fan_in) | sgd(0.1, momentum=0.9)")
    runs = compare(
        train,
        {
            f"{plain}, 4 x 2 devices": Where(plain, (4, 2)),
            f"{centred}, 4 x 2 devices": Where(centred, (4, 2)),
            f"{centred}, 1 device": Where(centred, (1, 1)),
        },
        arguments(__doc__, steps=100, seeds=3),
    )
    _, eight, one = runs.values()
    pairs = [pair for a, b in zip(eight, one, strict=True) for pair in zip(a.losses, b.losses, strict=True)]
    print(f"\nlargest difference of a loss between 8 devices and 1: {max(abs(a - b) for a, b in pairs):.1e}")
