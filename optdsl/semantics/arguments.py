"""Which argument goes to which parameter: by place, by name, and the block."""

from collections.abc import Sequence

from optdsl.diagnostics.suggest import listed, nearest
from optdsl.registry import Kind, Parameter, Row, meant_parameter
from optdsl.semantics.scope import Context
from optdsl.source import Range
from optdsl.syntax import ast

_NO_CHAIN = (ast.Number, ast.Duration, ast.Constant, ast.String, ast.List, ast.Map, ast.Unary, ast.Binary)


def bind(
    call: ast.Call, parameters: Sequence[Parameter], subject: str, context: Context, row: Row | None = None
) -> dict[str, ast.Argument] | None:
    """Returns the written arguments by parameter, or None after reports.

    The block binds the first parameter of kind transform; positional arguments fill the rest in order.
    """
    given: dict[str, ast.Argument] = {}
    sound = _bind_block(call, parameters, subject, given, context)
    places = [p for p in parameters if not p.keyword_only and p.name not in given]
    names = {p.name for p in parameters}
    for argument in call.arguments or ():
        if argument.name is None:
            sound &= _bind_by_place(argument, places, parameters, subject, given, context)
        elif argument.name.id not in names:
            sound = False
            _report_unknown(argument.name, parameters, subject, context, row)
        elif argument.name.id in given:
            sound = False
            _report_doubled(argument, given[argument.name.id], context)
        else:
            given[argument.name.id] = argument
            places = [p for p in places if p.name != argument.name.id]
    if not sound:
        return None
    missing = [p for p in parameters if p.required and p.name not in given]
    return given if not missing else _report_missing(call, missing, subject, context)


def _bind_block(
    call: ast.Call,
    parameters: Sequence[Parameter],
    subject: str,
    given: dict[str, ast.Argument],
    context: Context,
) -> bool:
    transform = next((p for p in parameters if p.kind is Kind.TRANSFORM), None)
    if call.block is None:
        first = next(iter(call.arguments or ()), None)
        lacks = transform is not None and transform.required and first is not None and transform is parameters[0]
        if lacks and first is not None and first.name is None and isinstance(first.value, _NO_CHAIN):
            word = call.function.id
            context.error("E214", f"{subject} takes a chain", call.span, help=f"write `{word}(...) {{ chain }}`")
            return False
        return True
    if transform is None:
        place = Range(call.function.span.start, call.block.span.end)
        context.error("E214", f"{subject} takes no chain", place, help="join stages with `|`")
        return False
    given[transform.name] = ast.Argument(call.block.body.span, None, call.block.body)
    return True


def _bind_by_place(
    argument: ast.Argument,
    places: list[Parameter],
    parameters: Sequence[Parameter],
    subject: str,
    given: dict[str, ast.Argument],
    context: Context,
) -> bool:
    if places:
        given[places.pop(0).name] = argument
        return True
    named = [p.name for p in parameters if p.keyword_only and p.name not in given]
    most = sum(not p.keyword_only for p in parameters)
    message = f"{subject} takes {most} argument{'s' if most != 1 else ''} by place, and this is one more"
    help = f"write `{named[0]}=...`" if named else "remove it"
    context.error("E213", message, argument.span, help=help)
    return False


def _report_unknown(
    name: ast.Name, parameters: Sequence[Parameter], subject: str, context: Context, row: Row | None
) -> None:
    known = [p.name for p in parameters]
    meant = meant_parameter(row, name.id) if row else None
    near = nearest(name.id, known)
    message = f"{subject} has no parameter `{name.id}`"
    if meant is not None:
        help = f"write {listed(meant.write)}" if meant.write else meant.reason
        edit = meant.write[0] if len(meant.write) == 1 and meant.write[0] in known else None
        context.error("E202", message, name.span, help=help, edit=edit)
    elif near is not None:
        context.error("E202", message, name.span, help=f"write `{near}`", edit=near)
    else:
        help = f"its parameters are {listed(known)}" if known else "remove it: there are no parameters"
        context.error("E202", message, name.span, help=help)


def _report_doubled(argument: ast.Argument, first: ast.Argument, context: Context) -> None:
    name = argument.name.id if argument.name else ""
    context.error(
        "E212",
        f"`{name}` is given twice",
        argument.span,
        labels=((first.span, "the first time"),),
        help="remove one",
    )


def _report_missing(call: ast.Call, missing: list[Parameter], subject: str, context: Context) -> None:
    if len(missing) == 1 and missing[0].kind is Kind.TRANSFORM and call.block is None:
        help = f"write `{call.function.id}(...) {{ chain }}`"
        context.error("E214", f"{subject} takes a chain", call.span, help=help)
        return
    names = [p.name for p in missing]
    verb = "is" if len(names) == 1 else "are"
    message = f"{listed(names)} of {subject} {verb} missing"
    arguments = ", ".join(f":{p.name}" if p.kind is Kind.CALLABLE else f"{p.name}=..." for p in missing)
    context.error("E211", message, call.span, help=f"write `{call.function.id}({arguments})`")
