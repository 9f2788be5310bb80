"""Values that vary -> numbers: evaluated at a step, in float32, inside or outside of jit.

Constants stay Python numbers, so that they never widen the parameters' dtype.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.lax import convert_element_type_p

from optdsl import ir
from optdsl.backend.complement import Share
from optdsl.backend.targets import target


class Moment(NamedTuple):
    """When a value is evaluated: the number of updates done, shape (), and the live numbers by name."""

    step: Any = 0
    live: Mapping[str, Any] = {}


def evaluate(value: ir.Value, moment: Moment) -> Any:
    """Returns the number that `value` is at `moment`: a Python number, or a float32 array of the step's shape."""
    match value:
        case ir.Step():
            return jnp.asarray(moment.step, jnp.float32)
        case ir.LiveNumber(name):
            return moment.live[name]
        case ir.Host(_, held):
            return held(moment.step) if callable(held) else weak(held.value if isinstance(held, Share) else held)
        case ir.OptaxSchedule():
            return optax_schedule(value)(moment.step)
        case ir.Arrow():
            return _arrow(value, moment)
        case ir.Apply(function, operands):
            return _FUNCTIONS[function](*[evaluate(operand, moment) for operand in operands])
        case ir.Choose(condition, one, other):
            return jnp.where(*[evaluate(part, moment) for part in (condition, one, other)])
        case _:
            return value


def schedule(value: ir.Value) -> Callable[[Any], Any]:
    """Returns the function step -> number that Optax takes where it takes a schedule."""
    if isinstance(value, ir.OptaxSchedule):
        return optax_schedule(value)
    if isinstance(value, ir.Host) and callable(value.value):
        return value.value
    return lambda step: evaluate(value, Moment(step))


def function_of_step(value: ir.Value) -> Callable[[Any], Any]:
    """Returns the function step -> number of the step's shape; live numbers stay at their first value."""
    live = first_live(value)

    def at(step: Any) -> Any:
        found = evaluate(value, Moment(step, live))
        return found if jnp.shape(found) == jnp.shape(step) else jnp.broadcast_to(found, jnp.shape(step))

    return at


def first_live(node: Any) -> dict[str, Any]:
    """Returns the live numbers of a value or program by name, each with its first value as Python has it."""
    found = ir.live_numbers(node)
    return {name: number.value if isinstance(number, ir.Host) else number for name, number in found.items()}


def optax_schedule(value: ir.OptaxSchedule) -> Callable[[Any], Any]:
    """Returns Optax's own function for one of its schedules."""
    from optdsl.backend.arguments import keywords

    return target(value.word)(**keywords(value.arguments))


def weak(number: Any) -> Any:
    """Returns an array as a number that does not widen what it meets, as Python numbers do; float32 at least.

    Shape () or, for values at many steps, that of the steps; a share stays one.
    """
    if isinstance(number, Share):
        return Share(weak(number.value), weak(number.rest))
    if not hasattr(number, "dtype") or getattr(number, "weak_type", False):
        return number
    dtype = jnp.promote_types(number.dtype, jnp.float32)
    wide = jnp.asarray(number, dtype)
    return convert_element_type_p.bind(wide, new_dtype=jnp.dtype(dtype), weak_type=True, sharding=None)


def _arrow(value: ir.Arrow, moment: Moment) -> Array:
    """Returns the arrow's value: each segment takes over where the last one ended, and the last one holds."""
    step = jnp.asarray(moment.step, jnp.float32)
    result = last = evaluate(value.start, moment)
    begin = 0
    for segment in value.segments:
        to = evaluate(segment.to, moment)
        done = jnp.clip((step - begin) / max(segment.length, 1), 0.0, 1.0) if segment.length else 1.0
        result = jnp.where(step >= begin, _SEGMENTS[segment.kind](last, to, done), result)
        last, begin = to, begin + segment.length
    return jnp.asarray(result, jnp.float32)


def _linear(start: Any, to: Any, done: Any) -> Any:
    return to + (start - to) * (1 - done)


def _cosine(start: Any, to: Any, done: Any) -> Any:
    return to + (start - to) * 0.5 * (1 + jnp.cos(jnp.pi * done))


def _exponential(start: Any, to: Any, done: Any) -> Any:
    return start * (to / start) ** done


def _hold(start: Any, to: Any, done: Any) -> Any:
    del start, done
    return to


_SEGMENTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "linear": _linear,
    "cosine": _cosine,
    "exponential": _exponential,
    "hold": _hold,
}


def _least(*numbers: Any) -> Any:
    result = numbers[0]
    for number in numbers[1:]:
        result = jnp.minimum(result, number)
    return result


def _most(*numbers: Any) -> Any:
    result = numbers[0]
    for number in numbers[1:]:
        result = jnp.maximum(result, number)
    return result


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "**": lambda a, b: a**b,
    "neg": lambda a: -a,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "not": jnp.logical_not,
    "and": jnp.logical_and,
    "or": jnp.logical_or,
    "min": _least,
    "max": _most,
    "abs": jnp.abs,
    "sqrt": jnp.sqrt,
    "exp": jnp.exp,
    "log": jnp.log,
    "cos": jnp.cos,
    "floor": jnp.floor,
}
