"""Flax linen: a program as the `tx` of a `TrainState`."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from comparison import Batch, Training, accuracy, arguments, batches, compare, digits
from flax import linen as nn
from flax.training.train_state import TrainState

import optdsl

TRAINED_ON, HELD_OUT = digits()


class Network(nn.Module):
    @nn.compact
    def __call__(self, images: Any) -> jax.Array:
        hidden = nn.relu(nn.Dense(64)(images))
        hidden = nn.relu(nn.Dense(64)(hidden))
        return nn.Dense(10)(hidden)


NETWORK = Network()


@jax.jit
def train_step(state: TrainState, batch: Batch) -> tuple[TrainState, jax.Array, Any]:
    def loss_fn(params: Any) -> jax.Array:
        scores = state.apply_fn({"params": params}, batch.images)
        return optax.softmax_cross_entropy_with_integer_labels(scores, batch.labels).mean()

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=grads), loss, grads


def train(tx: optax.GradientTransformation, seed: int, steps: int) -> Training:
    params = NETWORK.init(jax.random.key(seed), jnp.ones((1, 64)))["params"]
    state = TrainState.create(apply_fn=NETWORK.apply, params=params, tx=tx)
    for batch in batches(TRAINED_ON, seed, steps):
        state, loss, grads = train_step(state, batch)
        yield loss, grads
    return accuracy(NETWORK.apply({"params": state.params}, HELD_OUT.images), HELD_OUT)


if __name__ == "__main__":
    programs = (
        "sgd(0.1, momentum=0.9)",
        "centralize(fan_in) | sgd(0.1, momentum=0.9)",  # the mean over the incoming weights of each unit
        "centralize | sgd(0.1, momentum=0.9)",  # Optax's axes, which are the wrong ones for kernels of Flax
    )
    compare(train, {text: optdsl.compile(text) for text in programs}, arguments(__doc__))
