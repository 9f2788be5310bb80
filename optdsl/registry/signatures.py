"""Signatures of Python functions -> rows: what a registered transform takes, as far as the function says it.

In: a function. Out: a `Row`. It imports nothing for an annotation: classes of jax and Optax are known by their names.
"""

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from math import isnan
from types import FunctionType, MethodType, NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from optdsl.registry.row import REQUIRED, Kind, Opaque, Parameter, Prose, Row, Sort, Traits

_NO_SUMMARY = "A transform from Python, registered without a description."
_BY_NAME = {
    "float": Kind.NUMBER,
    "int": Kind.INTEGER,
    "bool": Kind.BOOL,
    "str": Kind.STRING,
    "dtype": Kind.DTYPE,
    "Callable": Kind.CALLABLE,
    "Schedule": Kind.CALLABLE,
    "ScalarOrSchedule": Kind.SCHEDULABLE,
    "GradientTransformation": Kind.TRANSFORM,
    "GradientTransformationExtraArgs": Kind.TRANSFORM,
}
_ARRAYS = frozenset({"Array", "ArrayLike", "ndarray", "number", "bool", "bool_", "complex", "TypedNdArray", "generic"})
"""What stands beside `float` in an annotation and says no more than that numbers may be arrays."""

_SEVERAL = {Kind.NUMBER: Kind.NUMBERS, Kind.INTEGER: Kind.INTEGERS}
_UNNAMED = {
    inspect.Parameter.VAR_POSITIONAL: "`*{}` stands for arguments without names",
    inspect.Parameter.VAR_KEYWORD: "`**{}` hides the names of its parameters",
    inspect.Parameter.POSITIONAL_ONLY: "`{}` cannot be given by name",
}


class _Slot(NamedTuple):
    """What an annotation says."""

    kind: Kind
    optional: bool = False
    choices: tuple[str, ...] = ()


def row_of(name: str, function: Callable[..., Any], traits: Traits | None) -> Row:
    """Returns the row of a transform that `function` makes, called `name`.

    Raises `TypeError` for what is no function, `ValueError` for a parameter that a program could not give.
    >>> def centre(gain: float = 0.5): "Centres."
    >>> row_of("centre", centre, None).parameters
    (Parameter(name='gain', kind=<Kind.NUMBER: 'number'>, default=0.5, optional=False, ...
    """
    parameters = tuple(_parameter(name, found) for found in _signature(name, function))
    target = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', name)}"
    return Row(name, target, Sort.TRANSFORM, parameters, traits, Prose(_summary(function)))


def _signature(name: str, function: object) -> Iterable[inspect.Parameter]:
    if not callable(function):
        message = f"`{name}` is to be a function that returns a GradientTransformation, not {type(function).__name__}"
        raise TypeError(f"{message}; write `lambda: ...` around a transform that is made already")
    try:
        found = inspect.signature(function, eval_str=True)
    except (NameError, AttributeError):  # names that only type checkers import stay text
        found = inspect.signature(function)
    return found.parameters.values()


def _summary(function: object) -> str:
    """Returns the first paragraph of the documentation, on one line."""
    is_own = isinstance(function, (FunctionType, MethodType, type))
    text = (inspect.getdoc(function) if is_own else None) or _NO_SUMMARY
    return " ".join(text.split("\n\n")[0].split())


def _parameter(word: str, found: inspect.Parameter) -> Parameter:
    if found.kind in _UNNAMED:
        reason = _UNNAMED[found.kind].format(found.name)
        raise ValueError(f"`{word}` cannot be a stage: {reason}; write its parameters out")
    has_default = found.default is not found.empty
    slot = _of_default(found.default) if found.annotation is found.empty else _of_annotation(found.annotation)
    return Parameter(
        found.name,
        slot.kind,
        _default(found.default) if has_default else REQUIRED,
        optional=slot.optional or found.default is None,
        choices=slot.choices,
        keyword_only=found.kind is found.KEYWORD_ONLY,
    )


# ---- defaults


def _of_default(default: object) -> _Slot:
    """Returns what a parameter without annotation takes: what its default is."""
    for plain, kind in ((bool, Kind.BOOL), (int, Kind.INTEGER), (float, Kind.NUMBER), (str, Kind.STRING)):
        if isinstance(default, plain):
            return _Slot(kind)
    if callable(getattr(default, "init", None)) and callable(getattr(default, "update", None)):
        return _Slot(Kind.TRANSFORM)
    is_function = callable(default) and default is not inspect.Parameter.empty
    return _Slot(Kind.CALLABLE if is_function else Kind.OBJECT)


def _default(default: Any) -> Any:
    """Returns a default as rows have it: itself if the language can write it, else its text alone."""
    if _is_plain(default):
        return default
    text = getattr(default, "__qualname__", None) or f"{type(default).__qualname__}(...)"
    return Opaque(text)


def _is_plain(default: Any) -> bool:
    if type(default) is tuple:
        return all(map(_is_plain, default))  # pyright: ignore[reportUnknownArgumentType]
    if type(default) is float and isnan(default):
        return False
    return default is None or type(default) in (bool, int, float, str)


# ---- annotations


def _of_annotation(annotation: Any) -> _Slot:
    if isinstance(annotation, str):
        return _united([_of_text(part.strip()) for part in annotation.split("|")])
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of_annotation(inside[0])
    if origin in (Union, UnionType):
        return _united([(_name(one), _of_annotation(one)) for one in inside])
    if origin is Literal:
        return _of_literals(inside)
    if isinstance(origin, type) and origin is not str and issubclass(origin, Sequence):
        return _Slot(_SEVERAL.get(_of_annotation(inside[0]).kind, Kind.OBJECT))
    return _of_class(annotation if origin is None else origin)


def _of_class(annotation: Any) -> _Slot:
    """Returns what a class stands for, by its own name or that of one that it inherits from."""
    if annotation in (None, NoneType):
        return _Slot(Kind.OBJECT, optional=True)
    names = [base.__name__ for base in inspect.getmro(annotation)] if isinstance(annotation, type) else []
    return _Slot(next((_BY_NAME[name] for name in names if name in _BY_NAME), Kind.OBJECT))


def _of_text(text: str) -> tuple[str, _Slot]:
    """Returns the name that an annotation kept as text ends in, and what it stands for."""
    name = text.partition("[")[0].rpartition(".")[2]
    return name, _Slot(_BY_NAME.get(name, Kind.OBJECT), optional=name == "None")


def _of_literals(values: Sequence[object]) -> _Slot:
    words = tuple(value for value in values if isinstance(value, str))
    if len(words) + (None in values) < len(values):
        return _Slot(Kind.OBJECT, None in values)
    return _Slot(Kind.STRING, None in values, words)


def _united(members: Collection[tuple[str, _Slot]]) -> _Slot:
    """Returns what any of several annotations takes: of numbers and functions of the step, a schedule."""
    optional = any(slot.optional for _, slot in members)
    slots = [(name, slot) for name, slot in members if name not in ("None", "NoneType")]
    if any(slot.kind is Kind.NUMBER for _, slot in slots):
        slots = [(name, slot) for name, slot in slots if name not in _ARRAYS]
    kinds = {slot.kind for _, slot in slots}
    if len(kinds) == 1:
        return slots[0][1]._replace(optional=optional)
    if Kind.NUMBER in kinds and kinds <= {Kind.NUMBER, Kind.INTEGER}:
        return _Slot(Kind.NUMBER, optional)
    if Kind.NUMBER in kinds and kinds <= {Kind.NUMBER, Kind.INTEGER, Kind.CALLABLE, Kind.SCHEDULABLE}:
        return _Slot(Kind.SCHEDULABLE, optional)
    return _Slot(Kind.OBJECT, optional)


def _name(annotation: Any) -> str:
    return getattr(annotation, "__name__", "").rpartition(".")[2]  # jax.Array calls itself `jaxlib._jax.Array`
