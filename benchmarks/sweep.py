"""Sixteen learning rates on handwritten digits: one population, against a loop over fresh optimizers. Prints Markdown.

Every side starts from the same parameters on the host with nothing compiled, and ends with the loss of each learning
rate at the last step. Compilation is most of the work of such a sweep, so it is counted.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

import jax
import numpy as np
import optax
from side_by_side import milliseconds, section, summary, times_table, versions

import optdsl
from optdsl.backend import digits

STEPS, ROUNDS, BATCH = 200, 5, 64
RATES = tuple(float(rate) for rate in np.geomspace(1e-4, 3e-3, 16))
NETWORKS = ((64, 32, 10), digits.LAYERS)
Batches = tuple[tuple[Any, Any], ...]
Advance = Callable[..., tuple[Any, Any, jax.Array]]


def advance(tx: Any, params: Any, state: Any, images: Any, labels: Any) -> tuple[Any, Any, jax.Array]:
    loss, grads = jax.value_and_grad(digits.loss)(params, images, labels)
    updates, state = tx.update(grads, state, params)
    return optax.apply_updates(params, updates), state, loss


def last_loss(step: Advance, params: Any, state: Any, batches: Batches) -> Any:
    loss: Any = None
    for images, labels in batches:
        params, state, loss = step(params, state, images, labels)
    return loss


def chain(rate: Any) -> optax.GradientTransformationExtraArgs:
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))


def loop(params: Any, batches: Batches) -> list[float]:
    """What one writes first: a fresh optimizer, and a fresh jitted step, for each learning rate."""
    return [float(alone(chain(rate), jax.device_put(params), batches)) for rate in RATES]


def alone(tx: Any, params: Any, batches: Batches) -> Any:
    step = jax.jit(lambda *given: advance(tx, *given), donate_argnums=(0, 1))
    return last_loss(step, params, tx.init(params), batches)


def vmapped(params: Any, batches: Batches) -> list[float]:
    """What an expert writes: the optimizer is built inside, from a learning rate that is an argument."""
    return population(chain, jax.device_put(np.asarray(RATES, np.float32)), params, batches)


def stacked(params: Any, batches: Batches) -> list[float]:
    """The same with programs."""
    opts = [optdsl.compile("clip_by_global_norm(1.0) | adam(:rate)", rate=rate) for rate in RATES]
    return population(lambda opt: opt, optdsl.stack(opts), params, batches)


def population(make: Callable[[Any], Any], numbers: Any, params: Any, batches: Batches) -> list[float]:
    """Returns the losses of the optimizers that `make` builds of `numbers`, trained in one program."""
    params = jax.device_put(jax.tree.map(lambda leaf: np.stack([leaf] * len(RATES)), params))
    state = jax.jit(jax.vmap(lambda number, one: make(number).init(one)))(numbers, params)

    def step(number: Any, *given: Any) -> Any:
        return advance(make(number), *given)

    together = jax.jit(jax.vmap(step, in_axes=(0, 0, 0, None, None)), donate_argnums=(1, 2))
    return last_loss(lambda *given: together(numbers, *given), params, state, batches).tolist()


SIDES = {
    "a loop over 16 fresh optimizers, each jitted by hand": loop,
    "Optax built inside one function, `vmap` over the rate": vmapped,
    "`optdsl.stack` and `vmap`": stacked,
}


def compared(layers: tuple[int, ...], batches: Batches) -> str:
    """Returns the table of one network, and how far the losses are apart."""
    params = jax.device_get(digits.initial_params(0, layers))
    times: dict[str, list[float]] = {name: [] for name in SIDES}
    losses: dict[str, list[float]] = {}

    def run(name: str) -> None:
        losses[name] = SIDES[name](params, batches)

    for _ in range(ROUNDS):
        for name in SIDES:
            jax.clear_caches()
            times[name].append(milliseconds(lambda name=name: run(name)))
    first, *others = losses.values()
    apart = max(float(np.max(np.abs(np.subtract(other, first) / first))) for other in others)
    note = f"A network of {' - '.join(map(str, layers))}; the losses differ by at most {apart:.1e} between sides."
    return f"{note}\n\n{times_table(summary(times))}"


def main() -> str:
    batches = tuple(islice(digits.batches(digits.load(), 0, BATCH), STEPS))
    note = (
        f"`clip_by_global_norm(1.0) | adam(rate)`, 16 rates from 1e-4 to 3e-3, {STEPS} steps of {BATCH} images, "
        f"compilation counted, {ROUNDS} rounds. {versions('jax', 'optax')}."
    )
    return section("A sweep of 16 learning rates", note, *(compared(layers, batches) for layers in NETWORKS))


if __name__ == "__main__":
    print(main())
