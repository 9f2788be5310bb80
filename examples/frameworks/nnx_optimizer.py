"""Flax NNX: a program in `nnx.Optimizer`."""

from typing import Any

import jax
import optax
from comparison import Batch, Training, accuracy, arguments, batches, compare, digits
from flax import nnx

import optdsl

TRAINED_ON, HELD_OUT = digits()


class Network(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(64, 64, rngs=rngs)
        self.second = nnx.Linear(64, 64, rngs=rngs)
        self.head = nnx.Linear(64, 10, rngs=rngs)

    def __call__(self, images: Any) -> jax.Array:
        hidden = nnx.relu(self.second(nnx.relu(self.first(images))))
        return self.head(hidden)


def loss_fn(model: Network, batch: Batch) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(model(batch.images), batch.labels).mean()


@nnx.jit
def train_step(model: Network, optimizer: nnx.Optimizer[Network], batch: Batch) -> tuple[jax.Array, Any]:
    loss, grads = nnx.value_and_grad(loss_fn)(model, batch)
    optimizer.update(model, grads)
    return loss, grads


def train(tx: optax.GradientTransformation, seed: int, steps: int) -> Training:
    model = Network(nnx.Rngs(seed))
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    for batch in batches(TRAINED_ON, seed, steps):
        yield train_step(model, optimizer, batch)
    return accuracy(model(HELD_OUT.images), HELD_OUT)


if __name__ == "__main__":
    programs = ("adam(3e-3)", "centralize(fan_in) | adam(3e-3)")
    compare(train, {text: optdsl.compile(text) for text in programs}, arguments(__doc__))
