"""Names that mean nothing: what was probably meant, from what is near and from what people write elsewhere."""

from collections.abc import Iterable

from optdsl import ir
from optdsl.diagnostics.suggest import distance, listed, nearest
from optdsl.registry import Kind, Sort, failure, lookup, meant, names, refusal
from optdsl.semantics.arithmetic import ARITY
from optdsl.semantics.scope import Context, Scope, Want
from optdsl.semantics.words import AXES_WORDS, CLASSES, DTYPES, SEGMENTS
from optdsl.syntax import ast

_SLIP = 2
"""Letters that may be wrong in a name that a machine may mend."""

FUNCTIONS = (*ARITY, "warmup", "rsqrt")


def unknown_stage(node: ast.Name, scope: Scope, context: Context) -> ir.Unknown:
    """Reports a word in the place of a stage that is none."""
    refused = refusal(node.id)
    elsewhere = meant(node.id)
    if refused is not None and (refused.write or elsewhere is None):
        help = f"write `{refused.write[0]}`" if refused.write else "remove it"
        return context.error("E208", f"`{node.id}` is not a stage here. {refused.reason}", node.span, help=help)
    broken = failure(node.id)
    if broken is not None:
        message = f"there is no stage `{node.id}`: {broken}"
        return context.error("E201", message, node.span, help="mend or remove that package")
    known = (*names(Sort.TRANSFORM), *scope.names(), *scope.function_names())
    return _unknown("E201", f"there is no stage `{node.id}`", node, known, context)


def unknown_name(node: ast.Name, scope: Scope, want: Want, context: Context) -> ir.Unknown:
    """Reports a word in the place of a value that is none."""
    words = {Kind.DTYPE: DTYPES, Kind.AXES: AXES_WORDS}.get(want.kind) if want.kind else None
    if words:
        near = nearest(node.id, (*words, *scope.names()))
        help = f"write `{near}`" if near else f"write {listed(words, 'or')}"
        message = f"expected {listed(words, 'or')} for {want.subject}, found `{node.id}`"
        return context.error("E203", message, node.span, help=help, edit=near)
    if want.parameter is not None and want.parameter.choices:
        message = f"`{node.id}` has no meaning here; strings stand in quotes"
        return context.error("E203", message, node.span, help=f"write '{node.id}'", edit=f"'{node.id}'")
    if want.kind is Kind.MASK and node.id in CLASSES:
        message = f"`{node.id}` is a class of leaves, and selects behind `where`"
        return context.error("E203", message, node.span, help=f"write `true where {node.id}`")
    known = (*scope.names(), "step", *names(Sort.SCHEDULE), *FUNCTIONS)
    return _unknown("E203", f"there is no value `{node.id}`", node, known, context)


def unknown_function(node: ast.Name, scope: Scope, context: Context) -> ir.Unknown:
    """Reports the name of a call in the place of a value that is neither a function nor a schedule."""
    if node.id in SEGMENTS:
        message = f"`{node.id}` is a segment, and stands behind `->`"
        return context.error("E204", message, node.span, help=f"write `start -> {node.id}(to, n)`")
    known = (*names(Sort.SCHEDULE), *FUNCTIONS)
    return _unknown("E204", f"there is no function or schedule `{node.id}`", node, known, context)


def _unknown(code: str, message: str, node: ast.Name, known: Iterable[str], context: Context) -> ir.Unknown:
    elsewhere = meant(node.id)
    if elsewhere is not None and elsewhere.write and (lookup(elsewhere.write[0]) is not None):
        word = elsewhere.write[0]
        return context.error(code, f"{message}. {elsewhere.reason}", node.span, help=f"write `{word}`", edit=word)
    near = nearest(node.id.rpartition(".")[2], known)
    if near is not None:
        slip = distance(node.id.lower(), near.lower()) <= _SLIP or node.id.endswith(f".{near}")
        return context.error(code, message, node.span, help=f"write `{near}`", edit=near if slip else None)
    listing = "`optdsl list` shows them all" if code != "E203" else "bind it before, as in `name = 1e-3;`"
    return context.error(code, message, node.span, help=listing)
