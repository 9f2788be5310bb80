"""A model of two leaves with one gradient, how tests compile, and what they take for the same."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import optdsl

PARAMS: Any = {"w": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "b": jnp.array([0.5, -1.0])}
GRADS: Any = {"w": jnp.array([[0.1, 0.2], [-0.3, 0.4]]), "b": jnp.array([1.0, -1.0])}
MAIN = "clip(1.0) | centralize(axes=-1) | adam(1e-3)"


def compiled(text: str, **holes: Any) -> Any:
    """Returns the optimizer of a program, which need not descend, with Optax's own operations."""
    return optdsl.compile(text, holes=holes, fragment=True, exact=True, allow=("E301", "E302", "E307"))


def fresh(tree: Any) -> Any:
    """Returns the tree with buffers of its own, which may be donated."""
    return jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), tree)


def halved(updates: Any, params: Any) -> Any:
    """Half of the updates: a function for a hole, which pickle finds by its name."""
    del params
    return jax.tree.map(lambda update: 0.5 * update, updates)


def assert_same(one: Any, other: Any) -> None:
    assert jax.tree.structure(one) == jax.tree.structure(other)
    jax.tree.map(np.testing.assert_array_equal, one, other)


def assert_close(one: Any, other: Any) -> None:
    assert jax.tree.structure(one) == jax.tree.structure(other)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-7), one, other)
