"""What names mean at a place of a program: bindings, definitions, captures; and what the host put into the holes."""

from collections.abc import Mapping
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


class Context:
    """What one run of the resolver carries along: findings, holes, and the fuel that is left."""

    __slots__ = ("asked", "findings", "fuel", "holes", "lengths", "measure", "missing", "stages")

    def __init__(self, findings: Findings, holes: Mapping[str, Any]) -> None:
        self.findings = findings
        self.holes = holes
        self.asked: dict[str, Range] = {}
        """Holes by name, with the first place of each."""
        self.missing: dict[str, Range] = {}
        self.lengths: dict[Range, int] = {}
        """Durations and open segments by place, in updates."""
        self.fuel = FUEL
        self.stages = 0
        self.measure = Measure()

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


class Closure:
    """An expression with the scope it was written in; evaluated once for each kind of slot that asks."""

    __slots__ = ("expression", "scope", "values")

    def __init__(self, expression: ast.Expression, scope: "Scope") -> None:
        self.expression = expression
        self.scope = scope
        self.values: dict[tuple[object, object], ir.Value] = {}


class Function:
    """A `def` with the scope it was written in."""

    __slots__ = ("called", "node", "scope")

    def __init__(self, node: ast.Definition, scope: "Scope") -> None:
        self.node = node
        self.scope = scope
        self.called = False


class Scope:
    """Names that can be seen, innermost first. Values and definitions are named apart, as a call tells them apart."""

    __slots__ = ("functions", "parent", "values")

    def __init__(
        self,
        parent: "Scope | None" = None,
        values: dict[str, Closure | ir.Value] | None = None,
        functions: dict[str, Function] | None = None,
    ) -> None:
        self.parent = parent
        self.values: dict[str, Closure | ir.Value] = {} if values is None else values
        self.functions: dict[str, Function] = {} if functions is None else functions

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
