"""An embedding whose gradient has few rows that are not zero: `sparse_rows` of `centralize`.

A table has a row for every three letters in a row of a text, a layer guesses the next letter. A batch touches few
rows. A mean over all rows, taken off all of them, moves rows that nothing was learned about; Adam makes large steps
of it. Rows that occur only in the held-out part show it: they must stay where they are.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from comparison import Batch, Measure, Training, accuracy, arguments, batches, compare

import optdsl

TEXT = (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8")
WIDTH = 16


def letters(text: str) -> tuple[Batch, Batch, int]:
    """Returns what comes after each three letters, for training and every sixth block held out, and the rows."""
    contexts = [text[place : place + 3] for place in range(len(text) - 3)]
    rows = {context: row for row, context in enumerate(sorted(set(contexts)))}
    alphabet = {letter: number for number, letter in enumerate(sorted(set(text)))}
    inputs = np.array([rows[context] for context in contexts])
    labels = np.array([alphabet[letter] for letter in text[3:]])
    held_out = np.arange(len(inputs)) // 200 % 6 == 5
    return Batch(inputs[~held_out], labels[~held_out]), Batch(inputs[held_out], labels[held_out]), len(rows)


TRAINED_ON, HELD_OUT, ROWS = letters(TEXT)
LETTERS = len(set(TEXT))
UNSEEN = np.setdiff1d(np.arange(ROWS), TRAINED_ON.images)


def network(params: Any, contexts: Any) -> jax.Array:
    return params["embed"][contexts] @ params["head"]["kernel"] + params["head"]["bias"]


def loss_fn(params: Any, batch: Batch) -> jax.Array:
    scores = network(params, batch.images)
    return optax.softmax_cross_entropy_with_integer_labels(scores, batch.labels).mean()


@jax.jit
def train_step(optimizer: optdsl.Optimizer, params: Any, state: Any, batch: Batch) -> tuple[Any, ...]:
    loss, grads = jax.value_and_grad(loss_fn)(params, batch)
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss, grads


def train(optimizer: optdsl.Optimizer, seed: int, steps: int) -> Training:
    keys = jax.random.split(jax.random.key(seed))
    embed = jax.random.normal(keys[0], (ROWS, WIDTH)) * 0.1
    head = jax.random.normal(keys[1], (WIDTH, LETTERS)) / WIDTH**0.5
    params = {"embed": embed, "head": {"kernel": head, "bias": jnp.zeros(LETTERS)}}
    state = optimizer.init(params)
    for batch in batches(TRAINED_ON, seed, steps):
        params, state, loss, grads = train_step(optimizer, params, state, batch)
        yield loss, grads
    moved = np.any(np.asarray(params["embed"] != embed)[UNSEEN], axis=1).mean()
    return *accuracy(network(params, HELD_OUT.images), HELD_OUT), Measure("unseen rows moved", float(moved), "{:.0%}")


if __name__ == "__main__":
    programs = (
        "adam(1e-2)",
        "centralize(fan_in) | adam(1e-2)",
        "centralize(fan_in, sparse_rows=true) | adam(1e-2)",
        "centralize(fan_in) where not embedding | adam(1e-2)",
    )
    compare(train, {text: optdsl.compile(text) for text in programs}, arguments(__doc__, steps=600))
    print(f"\n{ROWS} rows, {len(UNSEEN)} of them unseen, at most 64 in a batch")
