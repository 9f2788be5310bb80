"""Holes: what the host fills in, checked against the slot it fills."""

from typing import Any

from optdsl import ir
from optdsl.diagnostics.suggest import listed, nearest
from optdsl.semantics import values
from optdsl.semantics.fit import is_key, is_tracer
from optdsl.semantics.scope import Context, Scope, Want
from optdsl.source import Range
from optdsl.syntax import ast

ALWAYS = ("total", "epoch_steps")
"""Holes that every program accepts: the updates of the whole run, and of one epoch."""


def hole(node: ast.Hole, scope: Scope, want: Want, context: Context) -> ir.Value:
    """Returns what the host put into the hole, else its default, else UNKNOWN: missing holes are reported together."""
    context.asked.setdefault(node.name, node.span)
    if node.name in context.holes:
        found = host_value(node.name, context.holes[node.name])
        if isinstance(found, float) and found != found:
            message = f"the hole `:{node.name}` holds nan"
            return context.error("E222", message, node.span, help="pass a number")
        return found
    if node.default is not None:
        return values.value(node.default, scope, want, context)
    context.missing.setdefault(node.name, node.span)
    return ir.UNKNOWN


def host_value(name: str, given: Any) -> ir.Value:
    """Returns a Python value as the language has it: numbers and strings as themselves, the rest as an object."""
    if given is None or isinstance(given, (bool, str)):
        return given
    if type(given) in (list, tuple):  # not a NamedTuple, which is an object of the host
        return tuple([host_value(name, item) for item in given])
    if getattr(given, "ndim", None) == 0 and hasattr(given, "item") and not _is_abstract(given):
        return given.item()  # also numpy's float64, which is a float with a dtype that widens what it meets
    if isinstance(given, (int, float)):
        return int(given) if isinstance(given, int) else float(given)
    return ir.Host(name, given)


def _is_abstract(given: object) -> bool:
    return is_key(given) or (is_tracer(given) and type(given).__name__.endswith("Tracer"))


def report(context: Context) -> None:
    """Reports the holes that are missing, each at its first place, and those that the program has not."""
    for name, place in context.missing.items():
        others = [other for other in context.asked if other != name]
        more = f"; the program's holes are {listed([name, *others])}" if others else ""
        message = f"the hole `:{name}` is not filled{more}"
        help = f"pass `{name}=...`, or write `:{name} ?? default`"
        context.error("E205", message, place, help=help if name not in ALWAYS else f"pass `{name}=...`")
    for name in context.holes:
        if name not in context.asked and name not in ALWAYS:
            _report_unknown(name, context)


def _report_unknown(name: str, context: Context) -> None:
    known = list(context.asked)
    message = f"the program has no hole `:{name}`; " + (f"its holes are {listed(known)}" if known else "it has none")
    near = nearest(name, known)
    help = f"pass `{near}=...`" if near else f"leave out `{name}=...`"
    context.error("E206", message, Range(0, 0), help=help)
