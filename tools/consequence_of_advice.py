"""What programs with warnings and notes do: a measurement for each code W5xx and N6xx.

In: the problem of `consequence_runs`. Out: a quantity each, with the failing and with the repaired program.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import consequence_runs as runs
from consequence_runs import GRADIENT, PARAMS, both, drawn, fed, losses, moved
from optdsl.diagnostics.page import Consequence

ONE = {"w": jnp.ones(1)}
NO_GRADIENT = {"w": jnp.zeros(1)}


def clips() -> Consequence:
    """W501: the share of steps at which what reaches the clip has a norm above its bound."""
    path = [PARAMS, *runs.path("adam(1e-2)", runs.STEPS)]
    gradient = jax.jit(jax.grad(runs.loss_of))
    gradients = [float(optax.global_norm(gradient(params))) for params in path[:-1]]
    moves = [jax.tree.map(jnp.subtract, after, before) for before, after in pairwise(path)]
    updates = [float(optax.global_norm(move)) for move in moves]
    shares = [float(np.mean(np.array(norms) > 1.0)) for norms in (updates, gradients)]
    return Consequence(f"the share of {runs.STEPS} steps at which the clip acts", shares[0], shares[1])


def first_step(code: str) -> Consequence:
    """W502, N602: the largest entry of the first update."""
    return both(code, "the largest entry of the first update", lambda program: runs.largest(moved(program)))


def relative_step() -> Consequence:
    """W503: the largest entry of the first update, for that of `adam(1e-2)` alone."""
    alone = runs.largest(moved("adam(1e-2)"))
    quantity = "the size of the first update, relative to that of `adam(1e-2)` alone"
    return both("W503", quantity, lambda program: runs.largest(moved(program)) / alone)


def noisy_decay() -> Consequence:
    """W504: the share of a weight that decays away while its gradient is large and means nothing."""
    noise = [{"w": drawn(1, seed=step, scale=10.0)} for step in range(300)]
    alone = float(fed("adam(1e-2)", noise, ONE)[-1]["w"][0])
    quantity = "how much 300 steps of decay take off a weight of 1 whose gradient is noise of size 10"
    return both("W504", quantity, lambda program: alone - float(fed(program, noise, ONE)[-1]["w"][0]))


def left_of_one(code: str, steps: int) -> Consequence:
    """W505, W506, N601: what is left of a weight of 1 that has no gradient."""
    quantity = f"a weight of 1 without a gradient, after {steps:,} steps"
    return both(code, quantity, lambda program: float(fed(program, [NO_GRADIENT] * steps, ONE)[-1]["w"][0]))


def cancelled() -> Consequence:
    """W507: the share of the kernel that gets no update at all."""

    def share(program: Any) -> float:
        return float(jnp.mean(moved(program)["dense"]["kernel"] == 0))

    return both("W507", "the share of a kernel's entries whose first update is 0", share)


def off_centre(code: str) -> Consequence:
    """W508, W509: the largest mean over a unit of the first update."""
    quantity = "the largest mean over a unit of the first update, relative to its largest entry"
    return both(code, quantity, lambda program: runs.mean_over_units(moved(program)))


def micro_steps() -> Consequence:
    """W512: the number of micro-steps at which parameters move."""

    def count(program: Any) -> float:
        seen = [{"w": jnp.ones(1)}, *fed(program, [ONE] * 12, ONE)]
        return sum(float(one["w"][0]) != float(other["w"][0]) for one, other in pairwise(seen))

    return both("W512", "the number of 12 micro-steps at which parameters move", count)


def norm_of_arms() -> Consequence:
    """W513: the norm of the whole update, for the rate."""
    large = jax.tree.map(lambda leaf: 100 * leaf, GRADIENT)
    quantity = "the norm of all clipped gradients, for a bound of 1"
    return both("W513", quantity, lambda program: float(optax.global_norm(moved(program, large))) / 0.1)


def given_up() -> Consequence:
    """W514: the share of parameters that are NaN after five bad steps."""
    bad = jax.tree.map(lambda leaf: leaf * jnp.nan, GRADIENT)

    def share(program: Any) -> float:
        leaves = jax.tree.leaves(fed(program, [bad] * 5, PARAMS)[-1])
        return float(np.mean([bool(jnp.isnan(entry)) for leaf in leaves for entry in leaf.ravel()]))

    return both("W514", "the share of parameters that are NaN after 5 bad steps", share)


def piecewise() -> Consequence:
    """W515: the size of update 50, for a steady gradient."""

    def size(program: Any) -> float:
        seen = fed(program, [ONE] * 50, {"w": jnp.zeros(1)})
        return abs(float(seen[-1]["w"][0]) - float(seen[-2]["w"][0]))

    return both("W515", "the size of update 50, for a steady gradient", size)


def wrong_axes() -> Consequence:
    """W521: the mean over the inputs of a unit, which is what centring is to take off."""
    params = {"head": {"kernel": drawn(4, 2, seed=4), "bias": jnp.zeros(2)}}
    gradient = {"head": {"kernel": drawn(4, 2, seed=5) + 0.5, "bias": jnp.ones(2)}}

    def mean(program: Any) -> float:
        kernel = moved(program, gradient, params)["head"]["kernel"]
        return float(jnp.max(jnp.abs(kernel.mean(0))) / jnp.max(jnp.abs(kernel)))

    return both(
        "W521", "the largest mean over the inputs of a unit of the first update, relative to its largest entry", mean
    )


def stalled() -> Consequence:
    """W522: the second moment of a steady gradient of 1, which ends at 1."""

    def moment(dtype: Any) -> float:
        params = {"w": jnp.ones(1, dtype)}
        tx = optax.scale_by_adam()
        update, state = jax.jit(tx.update), tx.init(params)
        for _ in range(1000):
            _, state = update(params, state, params)
        return float(optax.tree_utils.tree_get(state, "nu")["w"][0])

    quantity = "the second moment after 1,000 steps of a gradient of 1"
    return Consequence(quantity, moment(jnp.bfloat16), moment(jnp.float32))


ADVICE: dict[str, Callable[[], Consequence]] = {
    "W501": clips,
    "W502": lambda: first_step("W502"),
    "W503": relative_step,
    "W504": noisy_decay,
    "W505": lambda: left_of_one("W505", 10),
    "W506": lambda: left_of_one("W506", 500),
    "W507": cancelled,
    "W508": lambda: off_centre("W508"),
    "W509": lambda: off_centre("W509"),
    "W510": lambda: losses("W510"),
    "W511": lambda: losses("W511", steps=30),
    "W512": micro_steps,
    "W513": norm_of_arms,
    "W514": given_up,
    "W515": piecewise,
    "W516": lambda: losses("W516"),
    "W521": wrong_axes,
    "W522": stalled,
    "N601": lambda: left_of_one("N601", 1000),
    "N602": lambda: first_step("N602"),
    "N603": lambda: losses("N603"),
}
"""Measurements by code."""
