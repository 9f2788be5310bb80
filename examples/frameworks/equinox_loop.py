"""Equinox: a program in the usual loop. Weights are (out, in), so `centralize` is told `layout="torch"`."""

from typing import Any

import equinox as eqx
import jax
import optax
from comparison import Batch, Training, accuracy, arguments, batches, compare, digits

import optdsl

TRAINED_ON, HELD_OUT = digits()


class Network(eqx.Module):
    """Two convolutions and a head, for one image."""

    layers: tuple[eqx.nn.Conv2d, eqx.nn.Conv2d]
    head: eqx.nn.Linear

    def __init__(self, key: jax.Array) -> None:
        first, second, last = jax.random.split(key, 3)
        self.layers = (
            eqx.nn.Conv2d(1, 8, 3, padding=1, key=first),
            eqx.nn.Conv2d(8, 16, 3, stride=2, padding=1, key=second),
        )
        self.head = eqx.nn.Linear(256, 10, key=last)

    def __call__(self, image: Any) -> jax.Array:
        hidden = image.reshape(1, 8, 8)
        for layer in self.layers:
            hidden = jax.nn.relu(layer(hidden))
        return self.head(hidden.ravel())


def loss_fn(model: Network, batch: Batch) -> jax.Array:
    scores = jax.vmap(model)(batch.images)
    return optax.softmax_cross_entropy_with_integer_labels(scores, batch.labels).mean()


@eqx.filter_jit
def train_step(
    model: Network, state: optax.OptState, batch: Batch, tx: optax.GradientTransformation
) -> tuple[Network, optax.OptState, jax.Array, Network]:
    loss, grads = eqx.filter_value_and_grad(loss_fn)(model, batch)
    updates, state = tx.update(grads, state, eqx.filter(model, eqx.is_array))
    return eqx.apply_updates(model, updates), state, loss, grads


def train(tx: optax.GradientTransformation, seed: int, steps: int) -> Training:
    model = Network(jax.random.key(seed))
    state = tx.init(eqx.filter(model, eqx.is_array))
    for batch in batches(TRAINED_ON, seed, steps):
        model, state, loss, grads = train_step(model, state, batch, tx)
        yield loss, grads
    return accuracy(jax.vmap(model)(HELD_OUT.images), HELD_OUT)


if __name__ == "__main__":
    programs = ("sgd(0.05, momentum=0.9)", "centralize(fan_in) | sgd(0.05, momentum=0.9)")
    optimizers: dict[str, optax.GradientTransformation] = {
        text: optdsl.compile(text, layout="torch") for text in programs
    }
    # Biases of convolutions have the shape (out, 1, 1) here: Optax subtracts each from itself, and they never learn.
    optimizers["optax.centralize(), same sgd"] = optax.chain(optax.centralize(), optax.sgd(0.05, momentum=0.9))
    compare(train, optimizers, arguments(__doc__), layout="torch")
