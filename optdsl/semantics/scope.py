"""What names mean at a place of a program: bindings, definitions, captures; and what the host put into the holes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from optdsl import ir
from optdsl.diagnostics import Findings
from optdsl.registry import Kind, Parameter
from optdsl.semantics.growth import Measure
from optdsl.source import Range
from optdsl.syntax import ast, limits

FUEL = 400_000
"""Nodes that one program may evaluate: bindings and definitions that multiply end in an error, not in a hang."""


class Want(NamedTuple):
    """What a slot takes, and how a message speaks of it."""

    kind: Kind | None
    subject: str = "the value"
    parameter: Parameter | None = None


ANYTHING = Want(None)
NUMBER = Want(Kind.NUMBER, "the operand")
TRANSFORM = Want(Kind.TRANSFORM, "the stage")


class TooLarge(Exception):
    """The program multiplies itself past all limits, for which the sentence says; caught where resolving begins."""


@dataclass(slots=True)
class Context:
    """What one run of the resolver carries along: findings, holes, and the fuel that is left."""

    findings: Findings
    holes: Mapping[str, Any]
    asked: dict[str, Range] = field(default_factory=dict[str, Range])
    """Holes by name, with the first place of each."""
    missing: dict[str, Range] = field(default_factory=dict[str, Range])
    lengths: dict[Range, int] = field(default_factory=dict[Range, int])
    """Durations and open segments by place, in updates."""
    fuel: int = FUEL
    stages: int = 0
    measure: Measure = field(default_factory=Measure)

    def burn(self, nodes: int = 1) -> None:
        """Counts evaluations, and nodes of values that are used once more."""
        self.fuel -= nodes
        if self.fuel < 0:
            raise TooLarge("the program grows too large when its names are written out")

    def count_stages(self, number: int = 1) -> None:
        """Counts stages, also those that a name stands for once more."""
        self.stages += number
        if self.stages > limits.STAGES:
            raise TooLarge(f"the program has more than {limits.STAGES:,} stages")

    def error(self, code: str, message: str, place: Range, **more: Any) -> ir.Unknown:
        """Reports an error and returns the value about which nothing more is said."""
        self.findings.add(code, message, place, **more)
        return ir.UNKNOWN


@dataclass(slots=True, eq=False)
class Closure:
    """An expression with the scope it was written in; evaluated once for each kind of slot that asks."""

    expression: ast.Expression
    scope: "Scope"
    values: dict[tuple[object, object], ir.Value] = field(default_factory=dict[tuple[object, object], ir.Value])


@dataclass(slots=True, eq=False)
class Function:
    """A `def` with the scope it was written in."""

    node: ast.Definition
    scope: "Scope"
    called: bool = False


@dataclass(slots=True, eq=False)
class Scope:
    """Names that can be seen, innermost first. Values and definitions are named apart, as a call tells them apart."""

    parent: "Scope | None" = None
    values: dict[str, Closure | ir.Value] = field(default_factory=dict[str, "Closure | ir.Value"])
    functions: dict[str, Function] = field(default_factory=dict[str, Function])

    def value(self, name: str) -> "Closure | ir.Value | Missing":
        """Returns what a bare name means."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        return MISSING

    def function(self, name: str) -> Function | None:
        """Returns what a called name means."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.functions:
                return scope.functions[name]
            scope = scope.parent
        return None

    def names(self) -> list[str]:
        """Returns every name of a value that can be seen."""
        return [*self.values, *(self.parent.names() if self.parent else [])]

    def function_names(self) -> list[str]:
        """Returns every definition that can be seen."""
        return [*self.functions, *(self.parent.function_names() if self.parent else [])]


class Missing:
    """The answer for a name that is not there; `None` is a value."""


MISSING = Missing()
