"""Values -> what Optax's functions take: numbers, schedules, dtypes, lists and maps."""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp

from optdsl import ir
from optdsl.backend.complement import Share
from optdsl.backend.evaluate import Moment, evaluate, schedule, weak


def keywords(arguments: Iterable[ir.Argument]) -> dict[str, Any]:
    """Returns keyword arguments for Optax; what Optax fills with an object of its own is left out."""
    given = (argument for argument in arguments if not isinstance(argument.value, ir.Default))
    return {argument.name: python(argument.value) for argument in given}


def python(value: ir.Value) -> Any:
    """Returns `value` as Python and Optax write it."""
    match value:
        case ir.Dtype(name):
            return getattr(jnp, name)
        case ir.Host(_, held):
            return weak(held) if _is_number(held) else held
        case ir.Mapping(entries):
            return {python(key): python(item) for key, item in entries}
        case tuple():
            return tuple(python(item) for item in value)
        case _ if ir.over_time(value):
            return schedule(value)
        case ir.Apply() | ir.Choose():
            return weak(evaluate(value, Moment()))
        case _:
            return value


def _is_number(held: Any) -> bool:
    """Returns whether a host object is a number of jax: a tracer, mostly."""
    if isinstance(held, Share):
        return True
    return isinstance(held, jax.Array) and held.ndim == 0 and jnp.issubdtype(held.dtype, jnp.floating)
