"""`value where SEL else other`, `value when COND else other`, and conditions."""

from optdsl import ir
from optdsl.semantics import values
from optdsl.semantics.scope import ANYTHING, Context, Scope, Want
from optdsl.semantics.selectors import captures, selector
from optdsl.semantics.words import shown
from optdsl.syntax import ast

_LOGIC = frozenset({"==", "!=", "<", "<=", ">", ">=", "and", "or", "not"})


def guarded(node: ast.Where | ast.When, scope: Scope, want: Want, context: Context) -> ir.Value:
    """Returns a value that depends on the leaf (`where`), the configuration or the step (`when`)."""
    if isinstance(node, ast.Where):
        chosen = selector(node.selector, scope, context)
        other = _otherwise(node, scope, want, context)
        if isinstance(chosen, ir.Unknown):
            return chosen  # what it captures is not known either
        found = Scope(scope, {name: ir.Capture(name) for name in captures(chosen)})
        kept = values.value(node.value, found, want, context)
        unknown = any(isinstance(part, ir.Unknown) for part in (kept, other))
        return ir.UNKNOWN if unknown else ir.Spread(chosen, kept, other, node.selector.span)
    held = condition(node.condition, scope, context)
    kept = values.value(node.value, scope, want, context)
    other = _otherwise(node, scope, want, context)
    if isinstance(held, bool):
        return kept if held else other
    unknown = any(isinstance(part, ir.Unknown) for part in (held, kept, other))
    return ir.UNKNOWN if unknown else ir.Choose(held, kept, other)


def _otherwise(node: ast.Where | ast.When, scope: Scope, want: Want, context: Context) -> ir.Value:
    """Returns what the value is elsewhere: as written, else the slot's neutral value."""
    if node.otherwise is not None:
        return values.value(node.otherwise, scope, want, context)
    if want.kind is None:
        return None
    neutral = want.parameter.neutral if want.parameter else None
    if neutral is not None:
        return neutral
    word = "where" if isinstance(node, ast.Where) else "when"
    message = f"{want.subject} has no neutral value, so `{word}` must say what holds elsewhere"
    return context.error("E241", message, node.span, help="write `else` and the other value")


def condition(node: ast.Expression, scope: Scope, context: Context) -> ir.Value:
    """Returns a bool, or a condition on the step that is decided in the graph."""
    found = values.value(node, scope, ANYTHING, context)
    decided = isinstance(found, (bool, ir.Unknown))
    if decided or (isinstance(found, ir.Apply) and found.function in _LOGIC and not _varies_over_leaves(found)):
        return found
    if isinstance(found, ir.Host) and hasattr(found.value, "dtype"):
        return found
    message = f"expected a condition, found {shown(found)}"
    return context.error("E221", message, node.span, help="compare two values, or use a hole that holds a boolean")


def _varies_over_leaves(value: ir.Value) -> bool:
    return ir.contains(value, (ir.Spread, ir.Capture))
