"""`def`: transforms defined in the language; a call is replaced by the body, its arguments bound."""

from collections.abc import Iterator

from optdsl import ir
from optdsl.registry import Kind, Parameter, Sort, lookup
from optdsl.registry.row import REQUIRED
from optdsl.semantics import stages
from optdsl.semantics.arguments import bind
from optdsl.semantics.scope import Closure, Context, Function, Scope
from optdsl.syntax import ast, limits


def expand(function: Function, node: ast.Call, scope: Scope, context: Context) -> tuple[ir.AnyStage, ...] | None:
    """Returns the stages of the body with the call's arguments, None after a report."""
    function.called = True
    given = bind(node, _parameters(function.node), f"`{function.node.name.id}`", context)
    if given is None:
        return None
    inside = Scope(function.scope)
    for formal in function.node.parameters:
        name = formal.name.id
        if name in given:
            inside.values[name] = Closure(given[name].value, scope)
        elif formal.default is not None:
            inside.values[name] = Closure(formal.default, function.scope)
    found = stages.stages(function.node.body, inside, context)
    if context.measure(found).depth <= limits.TREE_DEPTH:
        return found
    message = "definitions lean on definitions too deep"
    context.error("E108", message, function.node.body.span, help="use fewer definitions on top of one another")
    return None


def check_uncalled(function: Function, context: Context) -> None:
    """Reports what is wrong in the body of a definition that nothing calls; nothing is known of its parameters."""
    inside = Scope(function.scope, {formal.name.id: ir.UNKNOWN for formal in function.node.parameters})
    stages.stages(function.node.body, inside, context)


def check_name(node: ast.Definition, scope: Scope, context: Context) -> None:
    """Reports a definition that takes the name of a stage or of an earlier one, or names a parameter twice."""
    name = node.name.id
    row = lookup(name)
    if row is not None:
        what = "stage" if row.sort is Sort.TRANSFORM else "schedule"
        message = f"`{name}` is a {what} already"
        context.error("E209", message, node.name.span, help=f"choose another name, such as `my_{name}`")
    if name in scope.functions:
        context.error("E209", f"`{name}` is defined twice", node.name.span, help="choose another name")
    seen: set[str] = set()
    for formal in node.parameters:
        if formal.name.id in seen:
            message = f"the parameter `{formal.name.id}` is named twice"
            context.error("E209", message, formal.name.span, help="choose another name")
        seen.add(formal.name.id)


def _parameters(node: ast.Definition) -> tuple[Parameter, ...]:
    """Returns the parameters of a definition; one that stands as a stage in the body takes a chain."""
    chains = set(_stage_names(node.body))
    return tuple(
        Parameter(
            formal.name.id,
            Kind.TRANSFORM if formal.name.id in chains else Kind.OBJECT,
            REQUIRED if formal.default is None else None,
        )
        for formal in node.parameters
    )


def _stage_names(node: ast.Expression) -> Iterator[str]:
    """Yields the bare names that stand in the place of a stage."""
    match node:
        case ast.Name(_, id):
            yield id
        case ast.Chain(_, parts):
            for part in parts:
                yield from _stage_names(part)
        case ast.Group(_, inner) | ast.Alias(_, inner) | ast.Where(_, inner) | ast.When(_, inner):
            yield from _stage_names(inner)  # pyright: ignore[reportArgumentType]
        case ast.Call(block=ast.Block(_, body)):
            yield from _stage_names(body)
        case ast.Match(_, arms):
            for arm in arms:
                yield from _stage_names(arm.body)
        case _:
            return
