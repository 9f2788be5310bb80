"""Haiku: a program beside `hk.transform`."""

from typing import Any

import haiku as hk
import jax
import jax.numpy as jnp
import optax
from comparison import Batch, Training, accuracy, arguments, batches, compare, digits

import optdsl

TRAINED_ON, HELD_OUT = digits()


def forward(images: Any) -> jax.Array:
    hidden = images.reshape(-1, 8, 8, 1)
    hidden = jax.nn.relu(hk.Conv2D(8, 3)(hidden))
    hidden = jax.nn.relu(hk.Conv2D(16, 3, stride=2)(hidden))
    return hk.Linear(10)(hk.Flatten()(hidden))


NETWORK = hk.without_apply_rng(hk.transform(forward))


def loss_fn(params: hk.Params, batch: Batch) -> jax.Array:
    scores = NETWORK.apply(params, batch.images)
    return optax.softmax_cross_entropy_with_integer_labels(scores, batch.labels).mean()


def train(tx: optax.GradientTransformation, seed: int, steps: int) -> Training:
    @jax.jit
    def train_step(params: hk.Params, state: optax.OptState, batch: Batch) -> tuple[Any, ...]:
        loss, grads = jax.value_and_grad(loss_fn)(params, batch)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state, loss, grads

    params = NETWORK.init(jax.random.key(seed), jnp.ones((1, 64)))
    state = tx.init(params)
    for batch in batches(TRAINED_ON, seed, steps):
        params, state, loss, grads = train_step(params, state, batch)
        yield loss, grads
    return accuracy(NETWORK.apply(params, HELD_OUT.images), HELD_OUT)


if __name__ == "__main__":
    programs = (
        "adamw(3e-3, weight_decay=0.01 where ndim > 1)",
        "centralize(fan_in) | adamw(3e-3, weight_decay=0.01 where ndim > 1)",
    )
    compare(train, {text: optdsl.compile(text) for text in programs}, arguments(__doc__))
