"""A tiny problem to run programs on, and how to run them: what `tools/measure_consequences.py` measures with.

In: a program, or a chain of plain Optax for one that the checker refuses. Out: losses, parameters, updates. A table of
eight tokens goes through an embedding and a dense layer to three outputs; all data are there at each step.
"""

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optdsl
from optdsl.diagnostics.codes import CODES
from optdsl.diagnostics.page import Consequence

Tree = Any
Transform = Any
"""A program as text, or a transform of Optax."""

STEPS = 50


def drawn(*shape: int, seed: int = 0, scale: float = 1.0) -> jax.Array:
    """Returns the same normal numbers at every call, float32."""
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape) * scale, jnp.float32)


PARAMS: Tree = {
    "embed": {"embedding": drawn(8, 4, seed=1, scale=0.5)},
    "dense": {"kernel": drawn(4, 3, seed=2, scale=0.5), "bias": jnp.zeros(3)},
}
TARGETS = drawn(8, 3, seed=3) + 1.0


def loss_of(params: Tree) -> jax.Array:
    """Returns the mean squared error on the eight tokens, shape ()."""
    predicted = params["embed"]["embedding"] @ params["dense"]["kernel"] + params["dense"]["bias"]
    return jnp.mean((predicted - TARGETS) ** 2)


START = float(loss_of(PARAMS))
GRADIENT: Tree = jax.grad(loss_of)(PARAMS)


def transform(program: Transform, **holes: Any) -> Any:
    """Returns what runs; whatever can be allowed is, and a part of a chain will do."""
    if not isinstance(program, str):
        return optax.with_extra_args_support(program)
    return optdsl.compile(program, fragment=True, allow=("E301", "E302", "E307"), holes=holes)


def path(program: Transform, steps: int, params: Tree = PARAMS) -> list[Tree]:
    """Returns the parameters after each step on the problem."""
    tx, seen = transform(program), list[Tree]()

    @jax.jit
    def step(params: Tree, state: Tree) -> tuple[Tree, Tree]:
        value, grad = jax.value_and_grad(loss_of)(params)
        extra = {"value": value, "grad": grad, "value_fn": loss_of}
        updates, state = tx.update(grad, state, params, **extra)
        return optax.apply_updates(params, updates), state

    state = tx.init(params)
    for _ in range(steps):
        params, state = step(params, state)
        seen.append(params)
    return seen


def trained(program: Transform, steps: int = STEPS, params: Tree = PARAMS) -> Tree:
    """Returns the parameters after some steps on the problem."""
    return path(program, steps, params)[-1]


def final_loss(program: Transform, steps: int = STEPS) -> float:
    """Returns the loss after some steps on the problem."""
    return float(loss_of(trained(program, steps)))


def fed(program: Transform, gradients: Iterable[Tree], params: Tree) -> list[Tree]:
    """Returns the parameters after each of some given gradients."""
    tx, seen = transform(program), list[Tree]()
    update, state = jax.jit(tx.update), tx.init(params)
    for gradient in gradients:
        updates, state = update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        seen.append(params)
    return seen


def moved(program: Transform, gradient: Tree = GRADIENT, params: Tree = PARAMS) -> Tree:
    """Returns the first update, for a gradient that is given."""
    tx = transform(program)
    return jax.jit(tx.update)(gradient, tx.init(params), params)[0]


def largest(tree: Tree) -> float:
    """Returns the largest entry of a tree, without its sign."""
    return max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(tree))


def mean_over_units(tree: Tree) -> float:
    """Returns the largest mean along the last axis of the kernel, for the size of its largest entry."""
    kernel = tree["dense"]["kernel"]
    return float(jnp.max(jnp.abs(kernel.mean(-1))) / jnp.max(jnp.abs(kernel)))


def programs(code: str) -> tuple[str, str]:
    """Returns the failing and the repaired program of a page."""
    page = CODES[code]
    assert page.failing is not None
    assert page.repaired is not None
    return page.failing, page.repaired


def losses(code: str, steps: int = STEPS, plain: optax.GradientTransformation | None = None) -> Consequence:
    """Returns the loss after some steps, `plain` in the place of a failing program that cannot run."""
    failing, repaired = programs(code)
    after = final_loss(failing if plain is None else plain, steps), final_loss(repaired, steps)
    return Consequence(f"the loss after {steps} steps", *after, start=START)


def both(code: str, quantity: str, measure: Callable[[Any], float], plain: Any = None) -> Consequence:
    """Returns a quantity of both programs."""
    failing, repaired = programs(code)
    return Consequence(quantity, measure(failing if plain is None else plain), measure(repaired))
