"""Values put over a program by path: `adam.b1`, or the name of a binding.

Bindings change before resolving, arguments after.
"""

from collections.abc import Mapping
from typing import Any

from optdsl import ir
from optdsl.diagnostics import Diagnostic, Findings
from optdsl.diagnostics.suggest import nearest
from optdsl.node import fields, replace
from optdsl.registry import Parameter
from optdsl.semantics.fit import fit
from optdsl.semantics.holes import host_value
from optdsl.semantics.names import named
from optdsl.semantics.rows import row_of
from optdsl.semantics.scope import Context, Want
from optdsl.source import Source


def replaced(chain: ir.Chain, values: Mapping[str, Any], source: Source) -> tuple[ir.Chain, tuple[Diagnostic, ...]]:
    """Returns `chain` with the arguments at the paths in `values` replaced, and what is wrong with them.

    A number whose sign decides whether the program descends (`scale`) keeps its sign.
    """
    context = Context(Findings(source), {})
    result = overridden(chain, values, (), context)
    for path, stage in named(chain):
        given = values.get(f"{path}.step_size")
        before = stage["step_size"] if isinstance(stage, ir.Stage) and stage.word == "scale" else None
        if _is_number(given) and _is_number(before) and (given > 0) != (before > 0):  # pyright: ignore
            message = f"`{path}.step_size` keeps its sign, which decides whether the program descends"
            context.error("E222", message, stage.span, help="write another program")
    return result, context.findings.sorted()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def overridden(chain: ir.Chain, values: Mapping[str, Any], names: tuple[str, ...], context: Context) -> ir.Chain:
    """Returns `chain` with the arguments at the paths in `values` replaced; `names` are bindings, done already.

    A path that is not there is an error that names the nearest one.
    """
    if not values:
        return chain
    stages = dict(named(chain))
    known = [
        f"{path}.{argument.name}" for path, stage in stages.items() for argument in getattr(stage, "arguments", ())
    ]
    changes: dict[int, dict[str, ir.Value]] = {}
    for path, given in values.items():
        if path in names:
            continue
        if path not in known:
            _report_unknown(path, (*names, *known), context)
            continue
        where, _, parameter = path.rpartition(".")
        stage = stages[where]
        changes.setdefault(id(stage), {})[parameter] = _fitted(stage, parameter, given, context)
    return _changed(chain, changes)


def _report_unknown(path: str, known: tuple[str, ...], context: Context) -> None:
    near = nearest(path, known)
    help = f"write `{near}`" if near else "`optdsl explain` shows the paths"
    context.error("E248", f"the program has nothing at `{path}`", ir.NOWHERE, help=help)


def _fitted(stage: ir.AnyStage, name: str, given: Any, context: Context) -> ir.Value:
    word = getattr(stage, "word", "")
    row = row_of(stage)
    parameter: Parameter | None = row.parameter(name) if row else None
    want = Want(parameter.kind if parameter else None, f"`{name}` of `{word}`", parameter)
    return fit(host_value(name, given), want, stage.span, context)


def _changed(node: Any, changes: Mapping[int, Mapping[str, ir.Value]]) -> Any:
    """Returns the node with the changes made in the stages they belong to."""
    if type(node) is tuple:
        return tuple([_changed(part, changes) for part in node])  # pyright: ignore[reportUnknownVariableType]
    if isinstance(node, ir.Stage):
        mine = changes.get(id(node), {})
        arguments = [
            replace(a, value=mine[a.name], given=True) if a.name in mine else _changed(a, changes)
            for a in node.arguments
        ]
        return replace(node, arguments=tuple(arguments))
    if isinstance(node, (ir.Centralize, ir.Decay)):
        mine = changes.get(id(node), {})
        entries = {name: value.entries if isinstance(value, ir.Mapping) else value for name, value in mine.items()}
        return replace(node, **entries)  # pyright: ignore[reportArgumentType]
    if isinstance(node, (ir.Chain, ir.Guarded, ir.Match, ir.Arm, ir.Argument)):
        parts = {part.name: _changed(getattr(node, part.name), changes) for part in fields(node)}
        return replace(node, **parts)
    return node
