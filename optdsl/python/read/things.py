"""What a piece of Python stands for, as far as that is known without running it.

Types alone. A `Thing` is an expression with the names that it sees, or what such an expression comes down to.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

RoleKind = Literal["tree", "flat", "leaf", "path", "keys", "segments", "element", "step", "mark", "hole"]


class Unread(Exception):
    """The language has no words for what stands here; caught where a hole can take its place."""


@dataclass(frozen=True, slots=True, eq=False)
class Expr:
    """An expression and the scope that its names are looked up in."""

    node: ast.expr
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """`one if test else other`, however it is written."""

    node: ast.AST
    test: Thing
    one: Thing
    other: Thing


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A `def` or a `lambda` of the source."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """`functools.partial(function, ...)`."""

    node: ast.AST
    function: Thing
    positional: tuple[Thing, ...]
    keywords: dict[str, Thing]


@dataclass(frozen=True, slots=True, eq=False)
class Address:
    """Something of another module, by its full name: `optax.contrib.muon`, `builtins.min`."""

    node: ast.AST
    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Free:
    """A name that the source binds nowhere."""

    node: ast.AST
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Role:
    """What a function is given: a tree, a leaf, its path, the step, a mark of a mask; or a parameter left open."""

    kind: RoleKind
    name: str = ""
    node: ast.AST | None = None
    default: Thing | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """An argument of `inject_hyperparams`: a number that may be set while training."""

    name: str
    thing: Thing


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A name that is bound by something that is not followed, such as a loop."""

    node: ast.AST
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Nothing:
    """Where the source raises."""

    node: ast.AST


Thing = Expr | Choice | Function | Partial | Address | Free | Role | Live | Unknown | Nothing


@dataclass(slots=True, eq=False)
class Module:
    """What is known of a whole module: what a function of it sees when it is called."""

    rebound: set[str] = field(default_factory=set[str])
    """Names that it binds more than once: a function may mean any of their values."""
    stars: list[str] = field(default_factory=list[str])
    """Modules that it imports everything from."""
    last: Scope | None = None
    """The scope behind its last statement."""


@dataclass(slots=True, eq=False)
class Scope:
    """Names and what they stand for, innermost first; a new layer each time that a name is bound anew."""

    parent: Scope | None = None
    names: dict[str, Thing] = field(default_factory=dict[str, Thing])
    module: Module | None = None
    """The module that the names are of, None for those of a function."""
    layers: int = 0
    """How many layers there are further out."""

    def find(self, name: str) -> Thing | None:
        """Returns what a name stands for, None if it is bound nowhere."""
        scope, inside = self._where(name)
        if scope is None:
            return None
        found = scope.names[name]
        doubtful = inside and scope.module is not None and name in scope.module.rebound
        return Unknown(node_of(found), name) if doubtful else found

    def at_module(self, name: str) -> bool:
        """Returns whether a name is bound by the module itself."""
        scope, _ = self._where(name)
        return scope is not None and scope.module is not None

    def _where(self, name: str) -> tuple[Scope | None, bool]:
        """Returns the layer that binds a name, and whether it is looked up from inside of a function."""
        scope: Scope | None = self
        inside = False
        while scope is not None and name not in scope.names:
            if scope.module is None and scope.parent is not None and scope.parent.module is not None:
                inside = True  # a function runs when its module is complete
                scope = scope.parent.module.last or scope.parent
            else:
                scope = scope.parent
        return scope, inside

    def outermost(self) -> Scope:
        """Returns the scope that all others are inside of."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def inner(self) -> Scope:
        """Returns an empty scope of the same kind inside this one: a branch."""
        return Scope(self, module=self.module, layers=self.layers + 1)

    def bind(self, name: str, thing: Thing) -> Scope:
        """Returns the scope in which `name` stands for `thing` from here on."""
        if self.find(name) is None:
            self.names[name] = thing
            return self
        if self.module is not None:
            self.module.rebound.add(name)
        return Scope(self, {name: thing}, self.module, self.layers + 1)


def node_of(thing: Thing) -> ast.AST:
    """Returns where a thing stands in the source."""
    while isinstance(thing, Live):
        thing = thing.thing
    return thing.node or ast.Pass()
