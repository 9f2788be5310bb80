"""Expressions -> values: names looked up, constants folded, what varies kept as a small tree.

A value is evaluated for a slot (`Want`), because `bfloat16`, `fan_in` and `adam` are words only where they are wanted.
Whether it fits the slot is decided in `fit`.
"""

from optdsl import ir
from optdsl.registry import Kind, Sort, lookup
from optdsl.semantics import arithmetic, guards, holes, stages
from optdsl.semantics.arithmetic import LARGEST
from optdsl.semantics.arrows import arrow, duration
from optdsl.semantics.fit import fit, is_tracer
from optdsl.semantics.functions import call
from optdsl.semantics.scope import ANYTHING, NUMBER, Closure, Context, Missing, Scope, Want
from optdsl.semantics.unknown import unknown_name
from optdsl.semantics.words import AXES_WORDS, DTYPES
from optdsl.syntax import ast, limits

_ELEMENTS = {Kind.SCHEDULES: Kind.SCHEDULABLE, Kind.NUMBERS: Kind.NUMBER, Kind.INTEGERS: Kind.INTEGER}
_LONGEST_NUMBER = 400
_TRACED = frozenset({"+", "-", "*", "/", "//", "**", "neg"})
"""What Python's own operators do, on numbers of jax too."""
_CHAINS = (ast.Chain, ast.Match, ast.Alias)


def value(node: ast.Expression, scope: Scope, want: Want, context: Context) -> ir.Value:
    """Returns what `node` means in a slot that wants `want`; UNKNOWN if that was reported as an error."""
    context.burn()
    if isinstance(node, ast.Constant) and node.value is None and want.parameter and want.parameter.optional:
        return None  # in the place of a stage too: `lbfgs(linesearch=none)`
    if want.kind is Kind.TRANSFORM or isinstance(node, _CHAINS):
        return stages.chain(node, scope, context)
    match node:
        case ast.Number():
            return _number(node, context)
        case ast.Duration():
            return duration(node, context)
        case ast.Constant():
            return node.value
        case ast.String():
            return node.text
        case ast.Name():
            return _name(node, scope, want, context)
        case ast.Hole():
            return holes.hole(node, scope, want, context)
        case ast.Group(_, inner):
            return value(inner, scope, want, context)  # pyright: ignore[reportArgumentType]
        case ast.List(_, items) | ast.Tuple(_, items):
            element = Want(_ELEMENTS.get(want.kind) if want.kind else None, want.subject)
            return tuple([value(item, scope, element, context) for item in items])
        case ast.Map(_, entries):
            return ir.Mapping(tuple([_entry(entry, scope, context) for entry in entries]))
        case ast.Call():
            return call(node, scope, want, context)
        case ast.Schedule():
            return arrow(node, scope, context)
        case ast.Where() | ast.When() if want.kind is None and stages.is_stage(node.value, scope):
            return stages.chain(node, scope, context)
        case ast.Where() | ast.When():
            return guards.guarded(node, scope, want, context)
        case _:
            return _operator(node, scope, context)


def number(node: ast.Expression, scope: Scope, context: Context) -> ir.Value:
    """Returns the number that `node` means, constant or varying, or UNKNOWN after a report."""
    return fit(value(node, scope, NUMBER, context), NUMBER, node.span, context)


def _operator(node: ast.Expression, scope: Scope, context: Context) -> ir.Value:
    match node:
        case ast.Unary(_, "+", operand):
            return number(operand, scope, context)  # pyright: ignore[reportArgumentType]
        case ast.Unary(_, "-", operand):
            inner = number(operand, scope, context)  # pyright: ignore[reportArgumentType]
            return combine("neg", (inner,), node, context)
        case ast.Unary(_, _, operand):
            inner = guards.condition(operand, scope, context)  # pyright: ignore[reportArgumentType]
            return combine("not", (inner,), node, context)
        case ast.Binary(_, "and" | "or" as operator, left, right):
            sides = [guards.condition(side, scope, context) for side in (left, right)]  # pyright: ignore
            return combine(operator, tuple(sides), node, context)
        case ast.Binary(_, operator, left, right):
            sides = [number(side, scope, context) for side in (left, right)]  # pyright: ignore
            return combine(operator, tuple(sides), node, context)
        case ast.Compare(_, operator, left, right):
            sides = [value(side, scope, ANYTHING, context) for side in (left, right)]
            return combine(operator, tuple(sides), node, context)
        case _:
            raise AssertionError(node)


def combine(function: str, operands: tuple[ir.Value, ...], node: ast.Node, context: Context) -> ir.Value:
    """Returns `function` of the operands: computed now if they are constants, else kept to be computed at each step."""
    if any(isinstance(operand, ir.Unknown) for operand in operands):
        return ir.UNKNOWN
    if function in _TRACED and any(isinstance(operand, ir.Host) for operand in operands):
        return _traced(function, operands)
    if not all(operand is None or isinstance(operand, (int, float, str, ir.Dtype)) for operand in operands):
        return ir.Apply(function, operands)
    try:
        return arithmetic.apply(function, operands)
    except arithmetic.Fault as fault:
        return context.error("E231", str(fault), node.span, help="check the numbers of this expression")
    except TypeError:
        message = f"`{function}` does not compare these values"
        return context.error("E221", message, node.span, help="compare numbers with numbers")


def _traced(function: str, operands: tuple[ir.Value, ...]) -> ir.Value:
    """Returns an operation on numbers of the host that have no value yet, done by the host itself."""
    hosts = [operand for operand in operands if isinstance(operand, ir.Host)]
    known = all(isinstance(operand, (int, float, ir.Host)) for operand in operands)
    if not known or not all(is_tracer(host.value) for host in hosts):
        return ir.Apply(function, operands)
    plain = [operand.value if isinstance(operand, ir.Host) else operand for operand in operands]
    return ir.Host(hosts[0].hole, arithmetic.apply(function, plain))


def _number(node: ast.Number, context: Context) -> ir.Value:
    if len(node.text) > _LONGEST_NUMBER or abs(node.value) > LARGEST:
        return context.error("E103", "the number is too large", node.span, help="write `inf`, or a smaller number")
    return node.value


def _entry(entry: ast.Entry, scope: Scope, context: Context) -> tuple[ir.Value, ir.Value]:
    return value(entry.key, scope, ANYTHING, context), value(entry.value, scope, ANYTHING, context)


def _name(node: ast.Name, scope: Scope, want: Want, context: Context) -> ir.Value:
    found = scope.value(node.id)
    if isinstance(found, Closure):
        return closed(found, want, context)
    if not isinstance(found, Missing):
        return found
    if node.id == "step":
        return ir.Step()
    if node.id in DTYPES and want.kind in (Kind.DTYPE, None):
        return ir.Dtype(node.id)
    if node.id in AXES_WORDS and want.kind in (Kind.AXES, None):
        return ir.Axes(node.id)
    row = lookup(node.id)
    if row is not None and row.sort is Sort.TRANSFORM:
        return ir.Chain((ir.Stage(row.name, span=node.span),)) if want.kind else stages.chain(node, scope, context)
    if row is not None:
        return call(ast.Call(node.span, node, ()), scope, want, context)
    return unknown_name(node, scope, want, context)


def closed(closure: Closure, want: Want, context: Context) -> ir.Value:
    """Returns what a binding or an argument means in this slot; evaluated once for each kind of slot."""
    neutral = want.parameter.neutral if want.parameter else None
    key = (want.kind, neutral)
    if key not in closure.values:
        closure.values[key] = ir.UNKNOWN
        closure.values[key] = _shallow(value(closure.expression, closure.scope, want, context), closure, context)
        return closure.values[key]
    extent = context.measure(closure.values[key])
    context.burn(extent.nodes)
    context.count_stages(extent.stages)
    return closure.values[key]


def _shallow(found: ir.Value, closure: Closure, context: Context) -> ir.Value:
    """Returns a value that is not nested deeper than any text may be, UNKNOWN after a report."""
    extent = context.measure(found)
    context.burn(extent.nodes)
    if extent.depth <= limits.TREE_DEPTH:
        return found
    message = "names lean on names too deep"
    return context.error("E108", message, closure.expression.span, help="bind fewer names on top of one another")
