"""Layer 0, nodes: `@node` makes a class what `@dataclass(frozen=True, slots=True)` makes it, without compiling code.

That decorator compiles six functions for each class, which takes longer than to check a program; here all nodes share
theirs. In: a class with annotated parts. Out: an immutable value of slots that compares, hashes, shows, matches, copies
and pickles by its parts. The functions of `dataclasses` take nodes too. It knows no parts of any node.
"""

from collections.abc import Callable, Collection
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")
_NONE: Any = object()


class Field(NamedTuple):
    """A part of a node: its name, its default, whether it counts for equality, is shown, and is given by name alone."""

    name: str
    default: Any = _NONE
    compare: bool = True
    repr: bool = True
    kw_only: bool = False


def field(*, default: Any = _NONE, compare: bool = True, repr: bool = True, kw_only: bool = False) -> Any:
    """Returns what stands behind `=` for a part that is not like others, as `dataclasses.field` does."""
    return Field("", default, compare, repr, kw_only)


def fields(node: Any) -> tuple[Field, ...]:
    """Returns the parts of a node or of a class of nodes, those that it inherits first."""
    return node.__parts__


def is_node(value: Any) -> bool:
    """Returns whether a value is a node."""
    return hasattr(value, "__parts__")


def replace(node: T, **changes: Any) -> T:
    """Returns a node with some parts changed."""
    return type(node)(**{part.name: getattr(node, part.name) for part in fields(node)} | changes)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def node(cls: type[T]) -> type[T]:
    """Returns the class as one of frozen nodes; what it defines itself is kept, such as `__eq__`.

    >>> @node
    ... class Pair:
    ...     left: int
    ...     right: int = 2
    >>> Pair(1), Pair(1, 2) == Pair(right=2, left=1), replace(Pair(1), right=3)
    (Pair(left=1, right=2), True, Pair(left=1, right=3))
    """
    own = tuple([_field(name, vars(cls).get(name, _NONE)) for name in cls.__annotations__])
    parts: tuple[Field, ...] = (*getattr(cls, "__parts__", ()), *own)
    slots = tuple([part.name for part in own])
    kept = {name: value for name, value in vars(cls).items() if name not in (*slots, "__dict__", "__weakref__")}
    made: Any = type(cls)(cls.__name__, cls.__bases__, {**_SHARED, **kept, "__slots__": slots, "__parts__": parts})
    made.__match_args__ = tuple([part.name for part in parts if not part.kw_only])
    made.__compared__ = _getter([part.name for part in parts if part.compare])
    made.__put__ = tuple([getattr(made, part.name).__set__ for part in parts])
    made.__defaults__ = {part.name: part.default for part in parts}
    made.__required__ = frozenset([part.name for part in parts if part.default is _NONE])
    made.__given__ = len(parts) if len(parts) == len(made.__match_args__) else -1
    return made


def _field(name: str, default: Any) -> Field:
    return default._replace(name=name) if isinstance(default, Field) else Field(name, default)


def _getter(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else staticmethod(_nothing)


def _nothing(node: Any) -> tuple[()]:
    return ()


def _init(self: Any, *given: Any, **named: Any) -> None:
    # All parts in order is the call that the parser makes, so it is the fast one.
    values = given if len(given) == self.__given__ and not named else _all(self, given, named)
    for put, value in zip(self.__put__, values, strict=True):
        put(self, value)


def _all(self: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Collection[Any]:
    """Returns a value for each part, from arguments and defaults; raises `TypeError` as any call does."""
    asked = {**dict(zip(self.__match_args__, given, strict=False)), **named}
    values = {**self.__defaults__, **asked}
    once = len(asked) == len(given) + len(named)
    if not once or len(values) > len(self.__parts__) or not asked.keys() >= self.__required__:
        raise TypeError(f"{type(self).__name__} takes {', '.join(self.__defaults__)}; given: {given!r}, {named!r}")
    return values.values()


def _equals(self: Any, other: object) -> bool:
    return self.__compared__(self) == self.__compared__(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _show(self: Any) -> str:
    shown = ", ".join([f"{part.name}={getattr(self, part.name)!r}" for part in self.__parts__ if part.repr])
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: Any, name: str, value: object = None) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"a {type(self).__name__} does not change, so `{name}` stays as it is")


def _state(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, part.name) for part in self.__parts__])


def _restore(self: Any, state: tuple[Any, ...]) -> None:
    for put, value in zip(self.__put__, state, strict=True):
        put(self, value)


class _DataclassFields:
    """What `dataclasses` looks for, made when it does: its import costs more than all nodes together."""

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        return _dataclass_fields(owner)


@cache
def _dataclass_fields(owner: Any) -> dict[str, Any]:
    from dataclasses import field as field_of_dataclass
    from dataclasses import make_dataclass

    asked: list[tuple[str, Any, Any]] = []
    for name, default, compare, repr, kw_only in owner.__parts__:
        given = {} if default is _NONE else {"default": default}
        asked.append((name, Any, field_of_dataclass(**given, compare=compare, repr=repr, kw_only=kw_only)))
    made: Any = make_dataclass(owner.__name__, asked)
    return made.__dataclass_fields__


_SHARED: dict[str, Any] = {
    "__init__": _init,
    "__eq__": _equals,
    "__hash__": _hash,
    "__repr__": _show,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _state,
    "__setstate__": _restore,
    "__dataclass_fields__": _DataclassFields(),
}
