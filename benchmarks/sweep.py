"""Sixteen learning rates on handwritten digits: one population, against a loop over fresh optimizers. Prints Markdown.

Every side starts with nothing compiled and ends with the loss of each learning rate over all training images.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from side_by_side import milliseconds, section, summary, times_table, versions

import optdsl
from optdsl.backend import digits

STEPS, ROUNDS = 200, 3
RATES = tuple(float(rate) for rate in np.geomspace(1e-4, 3e-3, 16))
Batches = tuple[tuple[Any, Any], ...]
Advance = Callable[..., tuple[Any, Any, jax.Array]]


def advance(tx: Any, params: Any, state: Any, images: Any, labels: Any) -> tuple[Any, Any, jax.Array]:
    loss, grads = jax.value_and_grad(digits.loss)(params, images, labels)
    updates, state = tx.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss


def trained(step: Advance, params: Any, state: Any, batches: Batches) -> Any:
    """Returns the parameters after all batches."""
    for images, labels in batches:
        params, state, _ = step(params, state, images, labels)
    return params


def loop(data: digits.Digits, batches: Batches) -> list[float]:
    """What one writes first: a fresh optimizer, and a fresh jitted step, for each learning rate."""
    loss = jax.jit(digits.loss)
    return [float(loss(alone(rate, batches), data.train_images, data.train_labels)) for rate in RATES]


def alone(rate: float, batches: Batches) -> Any:
    tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
    params = digits.initial_params(0)
    step = jax.jit(lambda *given: advance(tx, *given), donate_argnums=(0, 1))
    return trained(step, params, tx.init(params), batches)


def vmapped(data: digits.Digits, batches: Batches) -> list[float]:
    """What an expert writes: the optimizer is built inside, from a learning rate that is an argument."""

    def make(rate: Any) -> optax.GradientTransformation:
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))

    return population(make, jnp.asarray(RATES), data, batches)


def stacked(data: digits.Digits, batches: Batches) -> list[float]:
    """The same with programs."""
    opts = [optdsl.compile("clip_by_global_norm(1.0) | adam(:rate)", rate=rate) for rate in RATES]
    return population(lambda opt: opt, optdsl.stack(opts), data, batches)


def population(make: Callable[[Any], Any], numbers: Any, data: digits.Digits, batches: Batches) -> list[float]:
    """Returns the losses of the optimizers that `make` builds of `numbers`, trained in one program."""
    params = jax.tree.map(lambda leaf: jnp.asarray(np.stack([leaf] * len(RATES))), digits.initial_params(0))
    state = jax.jit(jax.vmap(lambda number, one: make(number).init(one)))(numbers, params)

    def step(number: Any, *given: Any) -> Any:
        return advance(make(number), *given)

    together = jax.jit(jax.vmap(step, in_axes=(0, 0, 0, None, None)), donate_argnums=(1, 2))
    params = trained(lambda *given: together(numbers, *given), params, state, batches)
    return jax.jit(jax.vmap(digits.loss, in_axes=(0, None, None)))(
        params, data.train_images, data.train_labels
    ).tolist()


SIDES = {
    "a loop over 16 fresh optimizers, each jitted by hand": loop,
    "Optax built inside one function, `vmap` over the rate": vmapped,
    "`optdsl.stack` and `vmap`": stacked,
}


def main() -> str:
    data = digits.load()
    batches = tuple(islice(digits.batches(data, 0, 64), STEPS))
    times: dict[str, list[float]] = {name: [] for name in SIDES}
    losses: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, side in SIDES.items():
            jax.clear_caches()
            times[name].append(milliseconds(lambda name=name, side=side: losses.update({name: side(data, batches)})))
    first, *others = losses.values()
    apart = max(float(np.max(np.abs(np.subtract(other, first) / first))) for other in others)
    note = (
        f"`clip_by_global_norm(1.0) | adam(rate)`, 16 rates from 1e-4 to 3e-3, {STEPS} steps of 64 images, compilation "
        f"counted, {ROUNDS} rounds. {versions('jax', 'optax')}."
    )
    same = (
        f"The losses of the 16 runs over all training images differ by at most {apart:.1e} of the loss between sides."
    )
    return section("A sweep of 16 learning rates", note, times_table(summary(times)), same)


if __name__ == "__main__":
    print(main())
