"""Whether a value fits its slot: kind, range, choices. What fits comes back in the slot's own form."""

from collections.abc import Callable, Iterator
from typing import Any

from optdsl import ir
from optdsl.registry import Kind, Parameter
from optdsl.semantics.arithmetic import LARGEST
from optdsl.semantics.scope import Context, Want
from optdsl.semantics.words import DTYPES, EXPECTED, shown
from optdsl.source import Range

VARYING = (
    ir.Step,
    ir.LiveNumber,
    ir.Capture,
    ir.Apply,
    ir.Arrow,
    ir.OptaxSchedule,
    ir.Choose,
    ir.Spread,
)
"""Values that are numbers, though not one number."""


def fit(value: ir.Value, want: Want, place: Range, context: Context) -> ir.Value:
    """Returns `value` as the slot holds it, or UNKNOWN after a report that it does not fit."""
    if want.kind is None or isinstance(value, (ir.Unknown, ir.Default)):
        return value
    if isinstance(value, int) and abs(value) > LARGEST:
        return context.error("E231", "the number is too large", place, help="write a smaller number")
    if value is None and want.parameter is not None and want.parameter.optional:
        return value
    fitted = _FITS[want.kind](value)
    if fitted is _NO:
        fitted = _special(value, want)
    if fitted is _NO:
        expected = EXPECTED[want.kind]
        slot = "" if want.kind is Kind.TRANSFORM and want.parameter is None else f" for {want.subject}"
        message = f"expected {expected}{slot}, found {shown(value)}"
        return context.error("E221", message, place, help=f"write {expected}")
    fitted = _in_range(fitted, want, place, context)
    part_is_unknown = isinstance(fitted, (tuple, ir.Mapping)) and ir.contains(fitted, ir.Unknown)
    return ir.UNKNOWN if part_is_unknown else fitted


def _special(value: ir.Value, want: Want) -> Any:
    """Returns what fits a parameter beside its kind: one of its words, or coefficients in several tuples."""
    words = want.parameter.choices if want.parameter else ()
    if isinstance(value, str) and words:
        return value
    if want.kind is Kind.NUMBERS and isinstance(value, tuple):
        return _all(_all(_number))(value)
    return _NO


def _in_range(value: ir.Value, want: Want, place: Range, context: Context) -> ir.Value:
    parameter = want.parameter
    if parameter is None:
        return value
    if parameter.choices and isinstance(value, str) and value not in parameter.choices:
        return _no_choice(value, parameter, want, place, context)
    if isinstance(value, ir.Axes) and value.word not in parameter.choices:
        message = f"{want.subject} takes axes as numbers, not the word `{value.word}`"
        return context.error("E221", message, place, help="write a whole number or a tuple of them")
    bounds = parameter.bounds
    if bounds is None:
        return value
    outside = next((number for number in _constants(value) if not bounds.admits(number)), None)
    if outside is None:
        return value
    message = f"{want.subject} is {outside:g}, and must be {bounds}"
    return context.error("E222", message, place, help=f"write a value {bounds}")


def _no_choice(value: str, parameter: Parameter, want: Want, place: Range, context: Context) -> ir.Value:
    from optdsl.diagnostics.suggest import listed, nearest

    near = nearest(value, parameter.choices) or parameter.choices[0]
    message = f"expected {listed(parameter.choices, 'or')} for {want.subject}, found '{value}'"
    return context.error("E223", message, place, help=f"write '{near}'", edit=f"'{near}'")


def _constants(value: ir.Value) -> Iterator[float]:
    """Yields the numbers that `value` may take, where they stand in it as constants."""
    match value:
        case bool():
            return
        case int() | float():
            yield value
        case ir.Spread(_, one, other) | ir.Choose(_, one, other):
            yield from _constants(one)
            yield from _constants(other)
        case ir.Arrow(start, segments):
            yield from _constants(start)
            for segment in segments:
                yield from _constants(segment.to)
        case tuple():
            for item in value:
                yield from _constants(item)
        case _:
            return


class _No:
    """The answer of a fit that fails; `None` is a value."""


_NO: Any = _No()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_key(value: object) -> bool:
    """Returns whether `value` is a key of jax's random numbers, which is an array and no number."""
    return str(getattr(value, "dtype", "")).startswith("key<")


def is_tracer(value: object) -> bool:
    """Returns whether `value` is a number of jax that has no value yet."""
    number = hasattr(value, "aval") and hasattr(value, "dtype") and not is_key(value)
    return number and getattr(value, "ndim", None) == 0


def _number(value: ir.Value) -> Any:
    if _is_number(value) or isinstance(value, VARYING):
        return value
    if isinstance(value, ir.Host) and (callable(value.value) or is_tracer(value.value)):
        return value if not _is_transform(value) else _NO
    return _NO


def _integer(value: ir.Value) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else _NO


def _dtype(value: ir.Value) -> Any:
    if isinstance(value, str) and value in DTYPES:
        return ir.Dtype(value)
    name = getattr(value.value, "__name__", str(value.value)) if isinstance(value, ir.Host) else None
    if name in DTYPES:
        return ir.Dtype(name)
    return value if isinstance(value, ir.Dtype) else _NO


def _is_transform(value: ir.Value) -> bool:
    host = value.value if isinstance(value, ir.Host) else None
    return callable(getattr(host, "init", None)) and callable(getattr(host, "update", None))


def _transform(value: ir.Value) -> Any:
    if isinstance(value, ir.Host) and _is_transform(value):
        return ir.Chain((ir.HostStage(value),))
    return value if isinstance(value, ir.Chain) else _NO


def _part(value: ir.Value, fits: Callable[[ir.Value], Any]) -> Any:
    """Returns a part of a value as the whole holds it; what is wrong with an unknown one has been said."""
    return value if isinstance(value, ir.Unknown) else fits(value)


def _all(fits: Callable[[ir.Value], Any]) -> Callable[[ir.Value], Any]:
    def check(value: ir.Value) -> Any:
        if not isinstance(value, tuple):
            return _NO
        items = tuple(_part(item, fits) for item in value)
        return _NO if any(item is _NO for item in items) else items

    return check


def _entries(keys: Callable[[ir.Value], Any], items: Callable[[ir.Value], Any]) -> Callable[[ir.Value], Any]:
    def check(value: ir.Value) -> Any:
        if not isinstance(value, ir.Mapping):
            return _NO
        entries = tuple((_part(key, keys), _part(item, items)) for key, item in value.entries)
        return _NO if any(_NO in entry for entry in entries) else ir.Mapping(entries)

    return check


def _map(value: ir.Value) -> Any:
    if isinstance(value, ir.Host) and isinstance(value.value, dict):
        value = ir.Mapping(tuple(value.value.items()))  # pyright: ignore
    return _entries(_integer, _number)(value)


def _axes(value: ir.Value) -> Any:
    if value is None or isinstance(value, ir.Axes):
        return value
    return _all(_integer)(value) if isinstance(value, tuple) else _integer(value)


def _instance(*kinds: type) -> Callable[[ir.Value], Any]:
    return lambda value: value if isinstance(value, kinds) else _NO


def _function(value: ir.Value) -> Any:
    return value if isinstance(value, ir.Host) and callable(value.value) else _NO


def _object(value: ir.Value) -> Any:
    """Returns anything that Python could build from a literal: numbers, strings, lists and maps of them."""
    if isinstance(value, tuple):
        return _all(_object)(value)
    if isinstance(value, ir.Mapping):
        return _entries(_object, _object)(value)
    return value if value is None or isinstance(value, (ir.Host, int, float, str)) else _NO


_FITS: dict[Kind, Callable[[ir.Value], Any]] = {
    Kind.NUMBER: _number,
    Kind.SCHEDULABLE: _number,
    Kind.INTEGER: _integer,
    Kind.BOOL: _instance(bool),
    Kind.STRING: _instance(str),
    Kind.DTYPE: _dtype,
    Kind.TRANSFORM: _transform,
    Kind.SCHEDULES: _all(_number),
    Kind.NUMBERS: _all(_number),
    Kind.INTEGERS: _all(_integer),
    Kind.MAP: _map,
    Kind.AXES: _axes,
    Kind.AXIS_NAMES: _entries(_integer, _instance(str)),
    Kind.MASK: _instance(bool, ir.Host, ir.Spread),
    Kind.CALLABLE: _function,
    Kind.KEY: _instance(int, ir.Host),
    Kind.OBJECT: _object,
}
