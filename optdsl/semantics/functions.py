"""Calls in the place of a value: functions of the language, and schedules of Optax by their names."""

from optdsl import ir
from optdsl.registry import Kind, Opaque, Parameter, Row, Sort, lookup
from optdsl.semantics import stages, values
from optdsl.semantics.arguments import bind
from optdsl.semantics.arithmetic import ARITY
from optdsl.semantics.fit import fit
from optdsl.semantics.scope import NUMBER, Context, Scope, Want
from optdsl.semantics.unknown import unknown_function
from optdsl.syntax import ast

_N = (Parameter("n", Kind.NUMBER),)


def call(node: ast.Call, scope: Scope, want: Want, context: Context) -> ir.Value:
    """Returns the value of a call: a folded constant, something that varies, or a schedule of Optax."""
    name = node.function.id
    if name in ARITY:
        return _function(node, scope, context)
    if name in ("warmup", "rsqrt"):
        return _ramp(node, scope, context)
    row = lookup(name)
    if row is not None and row.sort is Sort.SCHEDULE:
        return schedule(row, node, scope, context)
    if scope.function(name) is not None or row is not None:
        if want.kind is None:
            return stages.chain(node, scope, context)
        return ir.Chain((ir.Stage(name, span=node.span),))
    if want.kind is None:
        return stages.chain(node, scope, context)
    return unknown_function(node.function, scope, context)


def _function(node: ast.Call, scope: Scope, context: Context) -> ir.Value:
    name, arguments = node.function.id, node.arguments or ()
    fewest, most = ARITY[name]
    if not fewest <= len(arguments) <= most:
        message = f"`{name}` takes {'one value' if most == 1 else 'one value or more'}"
        return context.error("E213" if arguments else "E211", message, node.span, help=f"write `{name}(x)`")
    named = next((argument.name for argument in arguments if argument.name), None)
    if named is not None:
        return context.error("E202", f"`{name}` takes its values by place", named.span, help="remove the name")
    if node.block is not None:
        return context.error("E214", f"`{name}` takes no chain", node.span, help="remove the block")
    operands = tuple([values.number(argument.value, scope, context) for argument in arguments])
    return values.combine(name, operands, node, context)


def _ramp(node: ast.Call, scope: Scope, context: Context) -> ir.Value:
    """`warmup(n)` is `min(1, step / n)`; `rsqrt(n)` is `sqrt(n / max(step, n))`."""
    name = node.function.id
    given = bind(node, _N, f"`{name}`", context)
    if given is None:
        return ir.UNKNOWN
    length = fit(values.value(given["n"].value, scope, NUMBER, context), NUMBER, given["n"].span, context)
    if isinstance(length, ir.Unknown):
        return length
    if isinstance(length, (int, float)) and length <= 0:
        return context.error(
            "E222", f"`n` of `{name}` is {length:g}, and must be > 0", given["n"].span, help="write a value > 0"
        )
    if name == "warmup":
        return ir.Apply("min", (1, ir.Apply("/", (ir.Step(), length))))
    return ir.Apply("sqrt", (ir.Apply("/", (length, ir.Apply("max", (ir.Step(), length)))),))


def schedule(row: Row, node: ast.Call, scope: Scope, context: Context) -> ir.Value:
    """Returns a schedule of Optax with all its parameters filled."""
    arguments = filled(row, node, scope, context)
    if arguments is None or any(isinstance(argument.value, ir.Unknown) for argument in arguments):
        return ir.UNKNOWN
    return ir.OptaxSchedule(row.name, arguments)


def filled(row: Row, node: ast.Call, scope: Scope, context: Context) -> tuple[ir.Argument, ...] | None:
    """Returns the arguments of a row in its order, defaults filled, each checked against its parameter."""
    given = bind(node, row.parameters, f"`{row.name}`", context, row)
    if given is None:
        _check_known(node, row, scope, context)
        return None
    return tuple([_argument(p, given.get(p.name), row, node, scope, context) for p in row.parameters])


def _check_known(node: ast.Call, row: Row, scope: Scope, context: Context) -> None:
    """Checks the values of arguments whose names are right, so that all findings come at once."""
    places = [p for p in row.parameters if not p.keyword_only and not (node.block and p.kind is Kind.TRANSFORM)]
    for argument in node.arguments or ():
        by_place = places.pop(0) if argument.name is None and places else None
        parameter = row.parameter(argument.name.id) if argument.name else by_place
        if parameter is not None and parameter.kind is not Kind.TRANSFORM:
            _argument(parameter, argument, row, node, scope, context)


def _argument(
    parameter: Parameter, given: ast.Argument | None, row: Row, node: ast.Call, scope: Scope, context: Context
) -> ir.Argument:
    if given is None:
        return ir.Argument(parameter.name, default(parameter), node.function.span, given=False)
    want = Want(parameter.kind, f"`{parameter.name}` of `{row.name}`", parameter)
    found = values.value(given.value, scope, want, context)
    needs_python = parameter.kind is Kind.CALLABLE
    if needs_python and not isinstance(found, (ir.Host, ir.Unknown)) and not (found is None and parameter.optional):
        message = f"`{parameter.name}` of `{row.name}` is a Python object, which comes in through a hole"
        by_place = parameter is row.parameters[0] and not isinstance(given.value, ast.Hole)
        place = node.function.span if by_place else given.value.span
        unknown = context.error(
            "E221", message, place, help=f"write `:{parameter.name}` and pass `{parameter.name}=...`"
        )
        return ir.Argument(parameter.name, unknown, given.value.span)
    return ir.Argument(parameter.name, fit(found, want, given.value.span, context), given.value.span)


def default(parameter: Parameter) -> ir.Value:
    """Returns a row's default as a value of the intermediate form."""
    if isinstance(parameter.default, Opaque):
        return ir.Default(parameter.default.text)
    if parameter.kind is Kind.DTYPE and isinstance(parameter.default, str):
        return ir.Dtype(parameter.default)
    if isinstance(parameter.default, dict):
        return ir.Mapping(tuple(parameter.default.items()))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType, reportUnknownMemberType]
    return parameter.default
