"""Numbers of jax as people read them: those of a population, and single ones that have a value.

In: the numbers of an optimizer, which may be stacks. Out: numbers for the slots of a text. Nothing is run with them.
"""

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from optdsl import ir
from optdsl.backend.complement import Share


def count(numbers: Iterable[Any]) -> int | None:
    """Returns how many optimizers a stack holds, None for an optimizer that is no stack."""
    shapes = [getattr(number, "shape", ()) for number in jax.tree.leaves(numbers)]
    return max((shape[0] for shape in shapes if shape), default=None)


def readable(number: Any) -> Any:
    """Returns a number of jax as Python has it, or those of all members; as it is where it has no value yet.

    >>> import jax.numpy as jnp
    >>> readable(jnp.asarray([0.5, 0.5])), readable(jnp.asarray([0.1, 0.2]))
    (0.5, PerMember(values=(0.1, 0.2)))
    """
    if isinstance(number, Share):
        return readable(number.value)
    if isinstance(number, Tracer) or not isinstance(number, (jax.Array, np.ndarray, np.generic)):
        return number
    values = tuple([float(str(one)) for one in np.ravel(number)])  # the digits that its dtype has, and no more
    return values[0] if len(set(values)) == 1 else ir.PerMember(values)
