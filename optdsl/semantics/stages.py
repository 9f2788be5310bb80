"""Expressions in the place of a stage -> chains: names, calls, definitions, groups, guards, matches.

A chain inside a chain is written out, so the intermediate form never nests them.
"""

from optdsl import ir
from optdsl.node import replace
from optdsl.registry import Sort, lookup, registered_as
from optdsl.semantics import definitions, guards, holes, values
from optdsl.semantics.fit import fit
from optdsl.semantics.functions import filled
from optdsl.semantics.scope import ANYTHING, TRANSFORM, Closure, Context, Missing, Scope
from optdsl.semantics.selectors import selector
from optdsl.semantics.unknown import unknown_stage
from optdsl.semantics.words import shown
from optdsl.syntax import ast

Stages = tuple[ir.AnyStage, ...]
_VALUES = (
    *(ast.Number, ast.Duration, ast.Constant, ast.String, ast.List, ast.Tuple, ast.Map),
    *(ast.Unary, ast.Binary, ast.Compare, ast.Schedule),
)
"""What is written like these is no stage."""


def chain(node: ast.Expression, scope: Scope, context: Context) -> ir.Chain | ir.Unknown:
    """Returns the chain that `node` means, or UNKNOWN if an error in it was reported."""
    found = stages(node, scope, context)
    return ir.UNKNOWN if found is None else ir.Chain(found, node.span)


def stages(node: ast.Expression, scope: Scope, context: Context) -> Stages | None:
    """Returns the stages of `node` in order, None after a report; every stage is looked at in either case."""
    context.burn()
    match node:
        case ast.Chain(_, parts):
            return _joined([stages(part, scope, context) for part in parts])
        case ast.Group(_, inner):
            return stages(inner, scope, context)  # pyright: ignore[reportArgumentType]
        case ast.Name():
            return _name(node, scope, context)
        case ast.Call():
            return _call(node, scope, context)
        case ast.Hole():
            return _hole(node, scope, context)
        case ast.Alias():
            return _alias(node, scope, context)
        case ast.Where():
            return _where(node, scope, context)
        case ast.When():
            return _when(node, scope, context)
        case ast.Match():
            return _match(node, scope, context)
        case _:
            return _no_stage(node, scope, context)


def _joined(parts: list[Stages | None]) -> Stages | None:
    found = [part for part in parts if part is not None]
    return tuple(stage for part in found for stage in part) if len(found) == len(parts) else None


def _no_stage(node: ast.Expression, scope: Scope, context: Context) -> None:
    """Reports a value in the place of a stage, after the errors inside it."""
    if _joins_stages(node, context):
        return
    found = values.value(node, scope, ANYTHING, context)
    if isinstance(found, ir.Unknown):
        return
    quoted = isinstance(node, ast.String) and "(" in node.text
    listed = isinstance(node, (ast.List, ast.Tuple))
    help = "join stages with `|`" if listed else "remove the quotes" if quoted else "remove it"
    context.error("E221", f"expected a stage, found {shown(found)}", node.span, help=help)


def _joins_stages(node: ast.Expression, context: Context) -> bool:
    """Reports an operator between stages, as in `adam(1e-3) + sgd(0.1)`; returns whether there is one."""
    match node:
        case ast.Binary(_, operator, first) | ast.Compare(_, operator, first):
            pass
        case ast.Schedule(_, first):
            operator = "->"
        case _:
            return False
    named = first.function if isinstance(first, ast.Call) else first if isinstance(first, ast.Name) else None
    row = lookup(named.id) if named else None
    if row is None or row.sort is not Sort.TRANSFORM:
        return False
    context.error("E221", f"stages are not joined with `{operator}`", node.span, help="join stages with `|`")
    return True


def _name(node: ast.Name, scope: Scope, context: Context) -> Stages | None:
    bound = scope.value(node.id)
    if isinstance(bound, Missing):
        return _call(ast.Call(node.span, node, None), scope, context)
    wanted = TRANSFORM if isinstance(bound, Closure) and _may_be_stage(bound.expression) else ANYTHING
    found = values.closed(bound, wanted, context) if isinstance(bound, Closure) else bound
    if isinstance(found, ir.Chain):
        return found.stages
    if not isinstance(found, ir.Unknown):
        row = lookup(node.id)
        help = f"write `{node.id}(...)` for the stage" if row and row.sort is Sort.TRANSFORM else "remove it"
        context.error("E221", f"expected a stage, found {shown(found)}", node.span, help=help)
    return None


def is_stage(node: ast.Expression, scope: Scope) -> bool:
    """Returns whether an expression stands for stages wherever it is written, as far as its form tells."""
    match node:
        case ast.Chain() | ast.Match():
            return True
        case ast.Group(_, inner) | ast.Alias(_, inner) | ast.Where(_, inner) | ast.When(_, inner):
            return is_stage(inner, scope)  # pyright: ignore[reportArgumentType]
        case ast.Name(_, id):
            bound = scope.value(id)
            if isinstance(bound, Closure):
                return is_stage(bound.expression, bound.scope)
            return isinstance(bound, Missing) and _is_word(id, scope)
        case ast.Call(_, function):
            return _is_word(function.id, scope)
        case _:
            return False


def _is_word(name: str, scope: Scope) -> bool:
    row = lookup(name)
    return scope.function(name) is not None or (row is not None and row.sort is Sort.TRANSFORM)


def _may_be_stage(node: ast.Expression) -> bool:
    return not isinstance(node, _VALUES)


def _call(node: ast.Call, scope: Scope, context: Context) -> Stages | None:
    function = scope.function(node.function.id)
    if function is not None:
        return definitions.expand(function, node, scope, context)
    row = lookup(node.function.id)
    if row is None:
        bound = not isinstance(scope.value(node.function.id), Missing)
        _report_called(node, context) if bound else unknown_stage(node.function, scope, context)
        _look_inside(node, scope, context)
        return None
    if row.sort is Sort.SCHEDULE:
        message = f"`{row.name}` is a schedule, and stands where a number does"
        context.error("E221", message, node.span, help=f"write `scale_by_schedule({row.name}(...))` for a stage")
        return None
    if row.name == "freeze":
        message = "`freeze` says which leaves with `where`"
        context.error("E214", message, node.span, help="write `freeze where SELECTOR`")
        return None
    arguments = filled(row, node, scope, context)
    context.count_stages()
    if arguments is None or any(isinstance(argument.value, ir.Unknown) for argument in arguments):
        return None
    return (_stage(row.name, arguments, node),)


def _report_called(node: ast.Call, context: Context) -> None:
    name = node.function.id
    message = f"`{name}` is a binding, and takes no arguments"
    context.error("E201", message, node.function.span, help="write the name without parentheses")


def _look_inside(node: ast.Call, scope: Scope, context: Context) -> None:
    """Reports what is wrong inside a stage that is not known."""
    for argument in node.arguments or ():
        values.value(argument.value, scope, ANYTHING, context)
    if node.block is not None:
        stages(node.block.body, scope, context)


def _stage(word: str, arguments: tuple[ir.Argument, ...], node: ast.Call) -> ir.AnyStage:
    if word == "centralize":
        return _centralize(arguments, node)
    if word == "decay":
        return ir.Decay(arguments[0].value, span=node.span, value_span=arguments[0].span)
    origin = registered_as(word)
    if origin is not None:
        return ir.RegisteredStage(word, arguments, span=node.span, origin=origin)
    return ir.Stage(word, arguments, span=node.span)


def _centralize(arguments: tuple[ir.Argument, ...], node: ast.Call) -> ir.Centralize:
    by_name = {argument.name: argument.value for argument in arguments}
    axes, names = by_name["axes"], by_name["axis_name"]
    return ir.Centralize(
        axes=axes,  # pyright: ignore[reportArgumentType]
        min_ndim=by_name["min_ndim"],  # pyright: ignore[reportArgumentType]
        axis_name=names.entries if isinstance(names, ir.Mapping) else (),  # pyright: ignore[reportArgumentType]
        sparse_rows=by_name["sparse_rows"] is True,
        span=node.span,
        axes_span=arguments[0].span,
    )


def _hole(node: ast.Hole, scope: Scope, context: Context) -> Stages | None:
    found = fit(holes.hole(node, scope, TRANSFORM, context), TRANSFORM, node.span, context)
    if not isinstance(found, ir.Chain):
        return None
    return tuple(replace(stage, span=node.span) if isinstance(stage, ir.HostStage) else stage for stage in found.stages)


def _alias(node: ast.Alias, scope: Scope, context: Context) -> Stages | None:
    found = stages(node.value, scope, context)
    if found is None:
        return None
    if len(found) != 1 or isinstance(found[0], (ir.Guarded, ir.Freeze)):
        message = f"`as` names one stage, and there are {len(found)} here"
        context.error("E209", message, node.span, help="name the stages one by one")
        return None
    return (replace(found[0], alias=node.name.id),)


def _where(node: ast.Where, scope: Scope, context: Context) -> Stages | None:
    chosen = selector(node.selector, scope, context)
    if node.otherwise is not None:
        stages(node.value, scope, context)
        stages(node.otherwise, scope, context)
        message = "a stage for some leaves and another for the rest is a `match`"
        help = "write `match { SELECTOR => chain, else => chain }`"
        context.error("E243", message, node.span, help=help)
        return None
    if isinstance(node.value, (ast.Name, ast.Call)) and _is_freeze(node.value):
        return None if isinstance(chosen, ir.Unknown) else (ir.Freeze(chosen, node.selector.span),)
    inner = chain(node.value, scope, context)
    if isinstance(inner, ir.Unknown) or isinstance(chosen, ir.Unknown):
        return None
    return (ir.Guarded(inner, chosen, None, node.span, node.selector.span),)


def _is_freeze(node: ast.Expression) -> bool:
    return (isinstance(node, ast.Name) and node.id == "freeze") or (
        isinstance(node, ast.Call) and node.function.id == "freeze" and not node.arguments and node.block is None
    )


def _when(node: ast.When, scope: Scope, context: Context) -> Stages | None:
    held = guards.condition(node.condition, scope, context)
    kept = stages(node.value, scope, context)
    other = stages(node.otherwise, scope, context) if node.otherwise is not None else ()
    if kept is None or other is None or isinstance(held, ir.Unknown):
        return None
    if isinstance(held, bool):
        return kept if held else other
    if other:
        message = "a condition on the step chooses between a stage and nothing"
        context.error("E243", message, node.span, help="write `a when COND | b when not COND`")
        return None
    return (ir.Guarded(ir.Chain(kept, node.value.span), None, held, node.span),)


def _match(node: ast.Match, scope: Scope, context: Context) -> Stages | None:
    arms: list[ir.Arm] = []
    for place, arm in enumerate(node.arms):
        chosen = None if arm.selector is None else selector(arm.selector, scope, context)
        body = None if _is_freeze(arm.body) else chain(arm.body, scope, context)
        if chosen is None and place < len(node.arms) - 1:
            after = node.arms[place + 1].span
            context.error("E244", "no leaf reaches an arm behind `else`", after, help="put `else` last")
        if not isinstance(body, ir.Unknown) and not isinstance(chosen, ir.Unknown):
            arms.append(ir.Arm(chosen, body, arm.span if arm.selector is None else arm.selector.span))
    return (ir.Match(tuple(arms), span=node.span),) if len(arms) == len(node.arms) else None
