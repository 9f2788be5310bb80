"""Transforms that Python registers: for good with `transform`, for a scope with `registered`.

In: functions that return a GradientTransformation. Out: `Registered`, found by name. Scopes belong to the thread or
task that opened them. It never calls the functions, and imports nothing on behalf of a name.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import RLock
from types import MappingProxyType
from typing import Any, TypeVar, overload

from optdsl.registry.row import Kind, Row, Traits
from optdsl.registry.signatures import row_of

F = TypeVar("F", bound=Callable[..., Any])

KEYWORDS = frozenset("match where when else as or and not live def true false none inf True False None".split())
"""Words of the grammar, which are no names."""


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """A function as a stage; equal only where function and row are the same.

    Pickled as its name: unpickling finds what is registered under it then.
    """

    function: Callable[..., Any] = field(compare=False)
    row: Row = field(compare=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Registered) and self.function is other.function and self.row == other.row

    def __hash__(self) -> int:
        return hash((self.row.name, id(self.function)))

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (self.row.name, _slots(self.row))


_ALWAYS: dict[str, Registered] = {}
_SCOPE: ContextVar[MappingProxyType[str, Registered]] = ContextVar(
    "registered transforms", default=MappingProxyType({})
)
_CHANGING = RLock()


@overload
def transform(function: F, /) -> F: ...
@overload
def transform(*, name: str | None = None, traits: Traits | None = None) -> Callable[[F], F]: ...
def transform(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None, traits: Traits | None = None
) -> Any:
    """Returns `function` itself, which is a stage of every program from now on; used as a decorator.

    The stage is called as the function is, or `name`. Its parameters, their kinds and defaults are read from the
    signature. Without `traits` nothing is assumed about what it does to gradients. Raises `ValueError` for a name
    that is taken or that no program can write, and for parameters without names.
    Inside a program it is then a stage, as in `halved(0.25) | adam(1e-3)`.

        @optdsl.transform
        def halved(by: float = 0.5):
            return optax.scale(by)
    """

    def decorated(function: F) -> F:
        called = name or getattr(function, "__name__", "")
        with _CHANGING:
            _ALWAYS[called] = _new(called, function, traits)
        return function

    return decorated if function is None else decorated(function)


@contextmanager
def registered(**functions: Callable[..., Any]) -> Generator[None]:
    """Makes each function a stage under the name of its keyword, for programs that are read inside the `with`.

    Optimizers compiled inside keep their functions. Other threads and tasks do not see them. Raises `ValueError` as
    `transform` does; a name of an outer scope is taken as well.
    >>> import optax
    >>> from optdsl.api import check
    >>> with registered(halved=lambda by=0.5: optax.scale(by)):
    ...     check("halved(0.1) | sgd(0.1)")
    []
    """
    scope = {name: _new(name, function, None) for name, function in functions.items()}
    token = _SCOPE.set(MappingProxyType({**_SCOPE.get(), **scope}))
    try:
        yield
    finally:
        _SCOPE.reset(token)


def find(name: str) -> Registered | None:
    """Returns what is registered as `name` here, in a scope or for good; of packages only what is loaded already."""
    return _SCOPE.get().get(name) or _ALWAYS.get(name)


def everything() -> tuple[Registered, ...]:
    """Returns all that is registered here, by name."""
    found = {**_ALWAYS, **_SCOPE.get()}
    return tuple(found[name] for name in sorted(found))


def is_name(name: str) -> bool:
    """Returns whether a program can call a stage `name`."""
    return name.isidentifier() and name.isascii() and name not in KEYWORDS


def restored(name: str, slots: tuple[tuple[str, Kind], ...]) -> Registered:
    """Returns what is registered as `name` where a pickle is read; raises `LookupError` if nothing like it is."""
    from optdsl.registry import registered_as

    found = registered_as(name)
    if found is None:
        raise LookupError(
            f"the pickled optimizer has a stage `{name}`, which is not registered here; register it first"
        )
    if _slots(found.row) != slots:
        raise LookupError(f"the stage `{name}` that is registered here has other parameters than the pickled one")
    return found


def _slots(row: Row) -> tuple[tuple[str, Kind], ...]:
    return tuple((parameter.name, parameter.kind) for parameter in row.parameters)


def _new(name: str, function: Callable[..., Any], traits: Traits | None) -> Registered:
    if not is_name(name):
        raise ValueError(f"`{name}` is no name that a program can write; give a plain one: `transform(name=...)`")
    _check_free(name)
    return Registered(function, row_of(name, function, traits))


def _check_free(name: str) -> None:
    from optdsl.registry import is_builtin, refusal

    if find(name) is not None:
        raise ValueError(f"`{name}` is registered already; choose another name")
    if is_builtin(name) or refusal(name) is not None:
        raise ValueError(f"`{name}` has a meaning already, as a word of Optax or of optdsl; choose another name")
