"""A program whose numbers came from elsewhere -> the same, those marked as given that are no longer their defaults.

A program knows what was written in it, and leaves the rest out when it is printed. Numbers may change after that: a
tree map, an update by hypergradients, a stack of programs that wrote different ones. It knows no arrays.
"""

from typing import Any

from optdsl import ir
from optdsl.node import fields, is_node, replace
from optdsl.registry import Row, lookup
from optdsl.semantics.rows import row_of


def told(node: Any) -> Any:
    """Returns a chain or a part of one that is printed with every number that is not the default of its parameter.

    >>> from optdsl.semantics.printed import printed
    >>> printed(told(ir.Chain((ir.Stage("clip_norm", (ir.Argument("max_norm", 2.0, given=False),)),))))
    'clip_norm(max_norm=2.0)'
    """
    if type(node) is tuple:
        return tuple([told(part) for part in node])  # pyright: ignore[reportUnknownVariableType]
    if not is_node(node) or isinstance(node, (ir.Host, ir.PathGlob, ir.PathRegex)):
        return node
    found = replace(node, **{part.name: told(getattr(node, part.name)) for part in fields(node) if part.compare})
    match found:
        case ir.Stage() | ir.OptaxSchedule():
            row = row_of(found) if isinstance(found, ir.Stage) else lookup(found.word)
            return replace(found, arguments=tuple([_marked(each, row) for each in found.arguments]))
        case _:
            return found


def _marked(argument: ir.Argument, row: Row | None) -> ir.Argument:
    parameter = row.parameter(argument.name) if row else None
    if argument.given or parameter is None or not isinstance(argument.value, (int, float, ir.PerMember)):
        return argument
    return argument if argument.value == parameter.default else replace(argument, given=True)
