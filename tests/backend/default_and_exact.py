"""How far the default mode may be from the exact one: two optimizers side by side, from the same state at each step."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from trees_for_rows import Run, extras_of

import optdsl

TOLERANCE = 2e-5
"""Of the largest update of a leaf, in float32."""
ALLOWED = ("E301", "E302", "E307")
UNITS = 4
"""In the last place, in half precision."""
SHAPES = {"w": (4, 6), "v": (5, 3)}


def both(text: str, holes: Any) -> tuple[Any, Any]:
    """Returns a program compiled in the default mode and in the exact one; it need not descend."""
    return tuple(
        optdsl.compile(text, holes=holes, fragment=True, exact=exact, allow=ALLOWED)  # type: ignore[return-value]
        for exact in (False, True)
    )


def assert_close(got: Any, wanted: Any, units: float = UNITS) -> None:
    """Asserts that two trees of updates have one form, and are as near as the default mode promises."""
    assert jax.tree.structure(got) == jax.tree.structure(wanted)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        if not jnp.issubdtype(other.dtype, jnp.inexact):
            continue
        wide, others = np.asarray(one, np.complex128), np.asarray(other, np.complex128)
        np.testing.assert_array_equal(np.isfinite(wide), np.isfinite(others))
        finite = np.isfinite(others)
        allowed = max(TOLERANCE, units * float(jnp.finfo(other.dtype).eps) if other.dtype.itemsize < 4 else 0.0)
        largest = np.max(np.abs(others[finite]), initial=0.0)
        assert np.max(np.abs(wide[finite] - others[finite]), initial=0.0) <= allowed * largest


def compare(text: str, holes: Any, run: Run) -> None:
    """Asserts that the default mode agrees with the exact one, each update from the state of the exact one."""
    fast, exact = both(text, holes)
    state, params = exact.init(run.params), run.params
    assert jax.tree.structure(fast.init(params)) == jax.tree.structure(state)
    for grads in run.gradients:
        extra = extras_of(exact.needs, params, grads)
        got, kept = fast.update(grads, state, params, **extra)
        wanted, state = exact.update(grads, state, params, **extra)
        assert_close(got, wanted)
        assert jax.tree.map(jnp.dtype, _dtypes(kept)) == jax.tree.map(jnp.dtype, _dtypes(state))
        params = optax.apply_updates(params, wanted)


def _dtypes(tree: Any) -> list[Any]:
    return [leaf.dtype for leaf in jax.tree.leaves(tree) if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)]


def some_run() -> Run:
    """Returns a run of three updates on a small tree."""
    keys = iter(jax.random.split(jax.random.key(11), 8))
    params, *gradients = [
        {name: jax.random.normal(next(keys), shape) for name, shape in SHAPES.items()} for _ in range(4)
    ]
    return Run(params, tuple(gradients[:3]))
