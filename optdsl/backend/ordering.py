"""In what order the CPU runs what one step computes: a compiled step -> the same, leaf by leaf.

XLA goes breadth first: what stands between the gradient of a leaf and its update waits in memory until every leaf has
come as far. Leaf by leaf the same memory serves them all. That changes when an operation runs, and no result. It helps
the stages that hold something in between, which is measured (`Traits.waits`), and costs others a few percent.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from optdsl import ir
from optdsl.passes.linear import linear
from optdsl.semantics.rows import row_of

Step = Callable[..., Any]
DEPTH_FIRST = {"xla_cpu_scheduler_type": 1}
"""An option of XLA for compiling, which takes such only for what is compiled as a whole."""


def leaf_by_leaf(step: Step) -> Step:
    """Returns a compiled `(params, state, numbers, grads) -> ...` in that order, the first two donated.

    Inside a function that is being traced it is `step`, as the order is then that function's affair.
    """
    leaves = jax.tree.leaves
    ordered = jax.jit(step, donate_argnums=(0, 1), compiler_options=DEPTH_FIRST)

    def run(params: Any, state: Any, numbers: Any, grads: Any, **extra: Any) -> Any:
        # A call of a small model takes 20 microseconds, so that the state, which is most of it, is not looked at.
        if any(isinstance(leaf, Tracer) for leaf in leaves((params, numbers, grads))):
            return step(params, state, numbers, grads, **extra)
        try:
            return ordered(params, state, numbers, grads, **extra)
        except ValueError as error:
            if "compiler_options" not in str(error):
                raise
            # None of these is traced, and yet something is.
            return step(params, state, numbers, grads, **extra)

    return run


def helps(chain: ir.Chain, *, exact: bool) -> bool:
    """Returns whether a stage of a program has whole leaves wait, on a backend where that can be changed."""
    return _waits(chain, exact) and _is_known()


def _waits(node: Any, exact: bool) -> bool:
    if any(_waits(part, exact) for part in ir.parts(node)):
        return True
    # The default mode runs linear stages such that nothing waits.
    if not isinstance(node, ir.Stage) or not (exact or linear(node) is None):
        return False
    row = row_of(node)
    return row is not None and row.traits is not None and row.traits.waits


@cache
def _is_known() -> bool:
    """Returns whether the backend is the CPU, and its XLA knows the option."""
    if jax.default_backend() != "cpu":
        return False
    try:
        jax.jit(lambda x: x, compiler_options=DEPTH_FIRST).lower(np.float32(0)).compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True
