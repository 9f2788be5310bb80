"""Stage 4, resolve: `Program` -> `ir.Chain`, with everything that is wrong with its names and values.

In: the syntax tree and what the host puts into the holes. Out: the meaning, or findings, all in one run.
It knows nothing of parameters, jax or how anything runs.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from optdsl import ir
from optdsl.diagnostics import Diagnostic, Findings
from optdsl.room import with_room
from optdsl.semantics import holes, stages, values
from optdsl.semantics.definitions import check_name, check_uncalled
from optdsl.semantics.fit import fit
from optdsl.semantics.holes import host_value
from optdsl.semantics.overrides import overridden
from optdsl.semantics.places import placed
from optdsl.semantics.refusals import report_refused
from optdsl.semantics.scope import ANYTHING, NUMBER, Closure, Context, Function, Scope, TooLarge
from optdsl.source import Range
from optdsl.syntax import ast


class Resolved(NamedTuple):
    """A program's meaning, None if it has errors, and what was found on the way."""

    chain: ir.Chain | None
    findings: tuple[Diagnostic, ...]
    lengths: Mapping[Range, int]
    """Relative durations and open segments by place, in updates."""


def resolve(program: ast.Program, given: Mapping[str, Any]) -> Resolved:
    """Returns the meaning of `program` with the holes filled from `given`.

    >>> from optdsl.api import parse
    >>> resolve(parse("adam(:rate)"), {"rate": 1e-3}).chain.stages[0]["learning_rate"]
    0.001
    """
    try:
        return with_room(_resolve, program, given)
    except RecursionError:
        return Resolved(None, _too_deep(program), {})


def _too_deep(program: ast.Program) -> tuple[Diagnostic, ...]:
    findings = Findings(program.source)
    help = "bind fewer names on top of one another"
    findings.add("E108", "names lean on names too deep", program.body.span, help=help)
    return findings.sorted()


def _resolve(program: ast.Program, given: Mapping[str, Any]) -> Resolved:
    findings = Findings(program.source)
    context = Context(findings, given)
    chain: ir.Chain | ir.Unknown = ir.UNKNOWN
    try:
        scope = _statements(program, context)
        chain = stages.chain(program.body, scope, context)
        _check_unused(scope, context)
        holes.report(context)
    except TooLarge as reason:
        context.error("E107", str(reason), program.body.span, help="use fewer names on top of one another")
    if isinstance(chain, ir.Chain) and not findings.has_errors:
        report_refused(chain, context)
    if not isinstance(chain, ir.Chain) or findings.has_errors:
        return Resolved(None, findings.sorted(), context.lengths)
    names = tuple(node.name.id for node in program.statements)
    final = overridden(placed(chain), dict(program.overrides), names, context)
    return Resolved(None if findings.has_errors else final, findings.sorted(), context.lengths)


def resolve_value(program: ast.Program, given: Mapping[str, Any]) -> tuple[ir.Value, tuple[Diagnostic, ...]]:
    """Returns the number or schedule that a program of that kind means, and the findings."""
    try:
        return with_room(_resolve_value, program, given)
    except RecursionError:
        return ir.UNKNOWN, _too_deep(program)


def _resolve_value(program: ast.Program, given: Mapping[str, Any]) -> tuple[ir.Value, tuple[Diagnostic, ...]]:
    findings = Findings(program.source)
    context = Context(findings, given)
    found: ir.Value = ir.UNKNOWN
    try:
        scope = _statements(program, context)
        found = fit(values.value(program.body, scope, NUMBER, context), NUMBER, program.body.span, context)
        _check_unused(scope, context)
        holes.report(context)
    except TooLarge as reason:
        context.error("E107", str(reason), program.body.span, help="use fewer names on top of one another")
    return found, findings.sorted()


def _statements(program: ast.Program, context: Context) -> Scope:
    """Returns the scope of the final expression; each statement sees only those before it."""
    scope, overrides = Scope(), dict(program.overrides)
    for node in program.statements:
        if isinstance(node, ast.Definition):
            check_name(node, scope, context)
            function = Function(node, scope)
            scope = Scope(scope, functions={node.name.id: function})
        elif isinstance(node, ast.Live):
            _check_new(node, scope, context)
            scope = Scope(scope, {node.name.id: _live(node, scope, overrides, context)})
        else:
            _check_new(node, scope, context)
            name = node.name.id
            given = host_value(name, overrides[name]) if name in overrides else Closure(node.value, scope)
            scope = Scope(scope, {name: given})
    return scope


def _check_new(node: ast.Binding | ast.Live, scope: Scope, context: Context) -> None:
    name = node.name
    if name.id in scope.names():
        context.error("E209", f"`{name.id}` is bound twice", name.span, help="choose another name")
    elif name.id == "step":
        context.error("E209", "`step` is the number of updates done so far", name.span, help="choose another name")
    elif "." in name.id:
        message = f"a name that is bound has no dots, and `{name.id}` has"
        context.error("E209", message, name.span, help=f"write `{name.id.replace('.', '_')}`")


def _live(node: ast.Live, scope: Scope, overrides: Mapping[str, Any], context: Context) -> ir.Value:
    initial = values.number(node.value, scope, context)
    if node.name.id in overrides:
        given = host_value(node.name.id, overrides[node.name.id])
        initial = fit(given, NUMBER, node.value.span, context)
    if isinstance(initial, ir.Unknown):
        return initial
    if isinstance(initial, (int, float)) or (isinstance(initial, ir.Host) and not callable(initial.value)):
        return ir.LiveNumber(node.name.id, initial)
    message = f"the live number `{node.name.id}` starts as a constant, and this varies"
    return context.error("E221", message, node.value.span, help="bind it without `live`")


def _check_unused(scope: Scope | None, context: Context) -> None:
    """Evaluates bindings and definitions that nothing uses, so that their errors are found too."""
    while scope is not None:
        for closure in scope.values.values():
            if isinstance(closure, Closure) and not closure.values:
                values.closed(closure, ANYTHING, context)
        for function in scope.functions.values():
            if not function.called:
                check_uncalled(function, context)
        scope = scope.parent
