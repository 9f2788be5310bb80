"""`optax.chain`: a program among other transforms, whole in a wrapper, and with a transform of Optax in a hole."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from comparison import Batch, Training, accuracy, arguments, batches, compare, digits

import optdsl

TRAINED_ON, HELD_OUT = digits()
RATE = 3e-3

# A fragment takes no step, so that others may follow.
FRAGMENT = optdsl.compile("clip_norm(1.0) | centralize(fan_in)", fragment=True)
OPTIMIZERS: dict[str, optax.GradientTransformation] = {
    "optax, without": optax.chain(
        optax.zero_nans(), optax.clip_by_global_norm(1.0), optax.scale_by_adam(), optax.scale_by_learning_rate(RATE)
    ),
    "fragment in optax.chain": optax.chain(
        optax.zero_nans(), FRAGMENT, optax.scale_by_adam(), optax.scale_by_learning_rate(RATE)
    ),
    "program in optax.apply_if_finite": optax.apply_if_finite(
        optdsl.compile("clip_norm(1.0) | centralize(fan_in) | adam(:rate)", rate=RATE), max_consecutive_errors=3
    ),
    "transform in a hole": optdsl.compile(
        ":first | clip_norm(1.0) | centralize(fan_in) | adam(:rate)", first=optax.zero_nans(), rate=RATE
    ),
}


def network(params: Any, images: Any) -> jax.Array:
    hidden = jax.nn.relu(images @ params["dense"]["kernel"] + params["dense"]["bias"])
    return hidden @ params["head"]["kernel"] + params["head"]["bias"]


def loss_fn(params: Any, batch: Batch) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(network(params, batch.images), batch.labels).mean()


def train(tx: optax.GradientTransformation, seed: int, steps: int) -> Training:
    @jax.jit
    def train_step(params: Any, state: optax.OptState, batch: Batch) -> tuple[Any, ...]:
        loss, grads = jax.value_and_grad(loss_fn)(params, batch)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state, loss, grads

    keys = jax.random.split(jax.random.key(seed))
    params = {
        "dense": {"kernel": jax.random.normal(keys[0], (64, 64)) / 32**0.5, "bias": jnp.zeros(64)},
        "head": {"kernel": jax.random.normal(keys[1], (64, 10)) / 32**0.5, "bias": jnp.zeros(10)},
    }
    state = tx.init(params)
    for batch in batches(TRAINED_ON, seed, steps):
        params, state, loss, grads = train_step(params, state, batch)
        yield loss, grads
    return accuracy(network(params, HELD_OUT.images), HELD_OUT)


if __name__ == "__main__":
    compare(train, OPTIMIZERS, arguments(__doc__))
