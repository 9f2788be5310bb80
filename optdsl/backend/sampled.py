"""Values over time -> numbers at chosen steps, for those who draw or compare them."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from optdsl import ir
from optdsl.backend.evaluate import function_of_step

_DIGITS = 7
"""What float32 holds; the digits behind are those of the device."""


def sampled(value: ir.Value, steps: Sequence[int]) -> tuple[float, ...]:
    """Returns the value at each of `steps`; live numbers stay at their first value.

    >>> sampled(ir.Arrow(0, (ir.Segment("linear", 1, 10),)), [0, 5, 20])
    (0.0, 0.5, 1.0)
    """
    if isinstance(value, (int, float)):
        return (float(value),) * len(steps)
    found = jax.vmap(function_of_step(value))(jnp.asarray(steps, jnp.int32))
    return tuple(float(f"{number:.{_DIGITS}g}") for number in np.asarray(found, np.float64))
