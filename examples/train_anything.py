"""Trains a small network on handwritten digits with any program: `python examples/train_anything.py FILE.opt`."""

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

import optdsl

STEPS, BATCH, TRAINED_ON = 400, 128, 1400
LAYERS = (64, 64, 10)


def network(params: Any, images: jax.Array) -> jax.Array:
    hidden = jax.nn.relu(images @ params["layer_0"]["kernel"] + params["layer_0"]["bias"])
    return hidden @ params["head"]["kernel"] + params["head"]["bias"]


def loss(params: Any, images: jax.Array, labels: jax.Array) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(network(params, images), labels).mean()


def train(text: str) -> float:
    """Returns the share of unseen digits that are read correctly after training with the program `text`."""
    images, labels = load_digits(return_X_y=True)
    images, labels = jnp.asarray(images / 16, jnp.float32), jnp.asarray(labels)
    draws = np.random.default_rng(0)
    params = {
        name: {
            "kernel": jnp.asarray(draws.normal(0, (2 / rows) ** 0.5, (rows, columns)), jnp.float32),
            "bias": jnp.zeros(columns),
        }
        for name, rows, columns in zip(("layer_0", "head"), LAYERS[:-1], LAYERS[1:], strict=True)
    }
    optimizer = optdsl.compile(text, params=params, total=STEPS, epoch_steps=TRAINED_ON // BATCH)
    state, step = optimizer.init(params), optimizer.train_step(loss)
    for _ in range(STEPS):
        chosen = draws.integers(0, TRAINED_ON, BATCH)
        params, state, _ = step(params, state, images[chosen], labels[chosen])
    guesses = network(optimizer.eval_params(params, state), images[TRAINED_ON:]).argmax(1)
    return float((guesses == labels[TRAINED_ON:]).mean())


if __name__ == "__main__":
    program = Path(sys.argv[1]).read_text(encoding="utf-8")
    print(f"accuracy on unseen digits {train(program):.3f}")
