"""A GAN with two programs, one for each player: digits out of noise.

The discriminator ends in a kernel of shape (64, 1), where gradient centralization goes wrong easily: over every axis
but the first, as Optax takes it, the mean of one entry is the entry, and the head never learns.

Samples are judged by the Fréchet distance of their pixels to those of held-out digits: of means and covariances, as
FID, but without a network. Lower is better, so a difference below 0 is a gain.
"""

import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from comparison import Measure, Training, arguments, batches, compare, digits

import optdsl

TRAINED_ON, HELD_OUT = digits()
NOISE = 16
ADAM = "adam(1e-3, b1=0.5)"
CENTRED = f"centralize(fan_in) | {ADAM}"


class Players(NamedTuple):
    """Something for each of the two: optimizers, parameters, states."""

    generator: Any
    discriminator: Any


def initial(key: jax.Array, *widths: int) -> list[dict[str, jax.Array]]:
    shapes = list(itertools.pairwise(widths))
    keys = jax.random.split(key, len(shapes))
    weights = [jax.random.normal(key, shape) * (2 / shape[0]) ** 0.5 for key, shape in zip(keys, shapes, strict=True)]
    return [{"kernel": kernel, "bias": jnp.zeros(kernel.shape[1])} for kernel in weights]


def network(params: Any, inputs: Any) -> jax.Array:
    *hidden, head = params
    for layer in hidden:
        inputs = jax.nn.leaky_relu(inputs @ layer["kernel"] + layer["bias"], 0.2)
    return inputs @ head["kernel"] + head["bias"]


def sample(generator: Any, noise: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(network(generator, noise))


def discriminator_loss(discriminator: Any, real: Any, fake: jax.Array) -> jax.Array:
    scores = network(discriminator, real), network(discriminator, fake)
    return jax.nn.softplus(-scores[0]).mean() + jax.nn.softplus(scores[1]).mean()


def generator_loss(generator: Any, discriminator: Any, noise: jax.Array) -> jax.Array:
    return jax.nn.softplus(-network(discriminator, sample(generator, noise))).mean()


def train(tx: Players, seed: int, steps: int) -> Training:
    @jax.jit
    def train_step(params: Players, state: Players, real: Any, key: jax.Array) -> tuple[Any, ...]:
        noise = jax.random.normal(key, (len(real), NOISE))
        fake = sample(params.generator, noise)
        loss, grads_d = jax.value_and_grad(discriminator_loss)(params.discriminator, real, fake)
        updates, state_d = tx.discriminator.update(grads_d, state.discriminator, params.discriminator)
        discriminator = optax.apply_updates(params.discriminator, updates)
        grads_g = jax.grad(generator_loss)(params.generator, discriminator, noise)
        updates, state_g = tx.generator.update(grads_g, state.generator, params.generator)
        generator = optax.apply_updates(params.generator, updates)
        return Players(generator, discriminator), Players(state_g, state_d), loss, Players(grads_g, grads_d)

    keys = jax.random.split(jax.random.key(seed), 4)
    params = Players(initial(keys[0], NOISE, 128, 64), initial(keys[1], 64, 64, 1))
    state = Players(tx.generator.init(params.generator), tx.discriminator.init(params.discriminator))
    judged = jax.random.normal(keys[3], (2000, NOISE))
    untrained = distance(sample(params.generator, judged), HELD_OUT.images)
    for number, batch in enumerate(batches(TRAINED_ON, seed, steps)):
        params, state, loss, grads = train_step(params, state, batch.images, jax.random.fold_in(keys[2], number))
        yield loss, grads
    trained = distance(sample(params.generator, judged), HELD_OUT.images)
    return Measure("distance", trained, "{:.2f}"), Measure("untrained", untrained, "{:.2f}")


def distance(ours: Any, theirs: Any) -> float:
    """Returns the Fréchet distance between normal distributions fitted to two sets of rows."""
    (mean, covariance), (other_mean, other) = (
        (np.mean(rows, 0), np.cov(rows, rowvar=False)) for rows in (ours, theirs)
    )
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ other @ root), 0, None)).sum()
    return float(((mean - other_mean) ** 2).sum() + np.trace(covariance) + np.trace(other) - 2 * cross)


if __name__ == "__main__":
    plain, centred = optdsl.compile(ADAM), optdsl.compile(CENTRED)
    by_optax = optax.chain(optax.centralize(), optax.adam(1e-3, b1=0.5))
    choices = {
        f"both: {ADAM}": Players(plain, plain),
        "generator with centralize(fan_in)": Players(centred, plain),
        "discriminator with centralize(fan_in)": Players(plain, centred),
        "both with centralize(fan_in)": Players(centred, centred),
        "discriminator with optax.centralize()": Players(plain, by_optax),
    }
    compare(train, choices, arguments(__doc__, steps=1500, seeds=5), loss="loss of discriminator")
    print(f"\ndistance of real digits, trained on and held out: {distance(TRAINED_ON.images, HELD_OUT.images):.2f}")
