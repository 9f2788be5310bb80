"""What programs with errors of meaning do: a measurement for each code E3xx and E4xx that could run in plain Optax.

In: the problem of `consequence_runs`. Out: a quantity each, with the failing and with the repaired program.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

import consequence_runs as runs
from consequence_runs import GRADIENT, PARAMS, both, losses, moved
from optdsl.diagnostics.page import Consequence

KERNELS = jax.tree.map(lambda leaf: leaf.ndim > 1, PARAMS)


def coupled() -> Consequence:
    """E304: the norm that two groups with a bound of their own have together."""
    large = jax.tree.map(lambda leaf: 100 * leaf, GRADIENT)
    groups: dict[Any, optax.GradientTransformation] = {
        True: optax.clip_by_global_norm(1.0),
        False: optax.clip_by_global_norm(2.0),
    }
    norms = [
        float(optax.global_norm(moved(program, large)))
        for program in (optax.partition(groups, KERNELS), "clip_by_global_norm(1.0)")
    ]
    return Consequence("the norm of all clipped gradients, for a bound of 1", norms[0], norms[1])


def late_guard() -> Consequence:
    """E305: the share of the parameters that move when one entry of the gradient is NaN."""
    spoiled = jax.tree.map(jnp.array, GRADIENT)
    spoiled["dense"]["bias"] = spoiled["dense"]["bias"].at[0].set(jnp.nan)

    def share(program: Any) -> float:
        leaves = jax.tree.leaves(moved(program, spoiled))
        return sum(int(jnp.sum(leaf != 0)) for leaf in leaves) / sum(leaf.size for leaf in leaves)

    plain = optax.chain(optax.clip_by_global_norm(1.0), optax.zero_nans(), optax.sgd(0.1))
    return both("E305", "the share of parameters that move when one entry of the gradient is NaN", share, plain)


def flattened() -> Consequence:
    """E306: the mean over a unit that is left behind `centralize`."""
    inside = optax.flatten(runs.transform("centralize(axes=-1)"))
    means = [runs.mean_over_units(moved(program)) for program in (inside, "centralize(axes=-1)")]
    quantity = "the largest mean over a unit of the kernel that `centralize` leaves, relative to its largest entry"
    return Consequence(quantity, means[0], means[1])


def constrained() -> Consequence:
    """E308: the smallest parameter of a run that begins with none below 0."""
    begin = jax.tree.map(jnp.abs, PARAMS)

    def smallest(program: Any) -> float:
        return min(float(leaf.min()) for leaf in jax.tree.leaves(runs.trained(program, params=begin)))

    plain = optax.chain(optax.keep_params_nonnegative(), optax.adam(1e-2))
    return both("E308", f"the smallest parameter after {runs.STEPS} steps, none below 0 at first", smallest, plain)


def warmed() -> Consequence:
    """E309: the rate that is still applied at the last update of a run of 1,000."""
    up = optax.linear_schedule(0.0, 1e-3, 2000)
    long = optax.join_schedules([up, optax.cosine_decay_schedule(1e-3, 1000)], [2000])
    short = optax.join_schedules([optax.linear_schedule(0.0, 1e-3, 100), optax.cosine_decay_schedule(1e-3, 900)], [100])
    return Consequence(
        "the learning rate at the last of 1,000 updates", float(jnp.asarray(long(999))), float(jnp.asarray(short(999)))
    )


def unfrozen() -> Consequence:
    """E402: how far a leaf moves that was to be frozen."""
    nothing = jax.tree.map(lambda leaf: False, PARAMS)
    plain = optax.chain(optax.adam(1e-2), optax.masked(optax.set_to_zero(), nothing))

    def distance(program: Any) -> float:
        before, after = PARAMS["embed"]["embedding"], runs.trained(program)["embed"]["embedding"]
        return float(jnp.linalg.norm(after - before))

    return both("E402", f"how far `embed/embedding`, to be frozen, moves in {runs.STEPS} steps", distance, plain)


def masked(tx: optax.GradientTransformation) -> optax.GradientTransformation:
    """Returns an optimizer for kernels alone, as Optax masks it."""
    return optax.masked(tx, KERNELS)


ERRORS: dict[str, Callable[[], Consequence]] = {
    "E301": lambda: losses("E301"),
    "E302": lambda: losses("E302"),
    "E303": lambda: losses("E303", steps=10, plain=masked(optax.adam(1e-2))),
    "E304": coupled,
    "E305": late_guard,
    "E306": flattened,
    "E307": lambda: losses("E307", steps=20),
    "E308": constrained,
    "E309": warmed,
    "E401": lambda: losses("E401", steps=10, plain=masked(optax.sgd(0.1))),
    "E402": unfrozen,
}
"""Measurements by code."""
