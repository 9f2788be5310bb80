"""Arrows and durations: `0 -> linear(1e-3, 1k) -> cosine(0)`, `5%`, `3ep`."""

from optdsl import ir
from optdsl.diagnostics.suggest import listed, nearest
from optdsl.registry import Bounds, Kind, Parameter
from optdsl.semantics import holes, values
from optdsl.semantics.arguments import bind
from optdsl.semantics.fit import fit
from optdsl.semantics.scope import Context, Scope, Want
from optdsl.semantics.words import SEGMENTS
from optdsl.syntax import ast

_TO = Parameter("to", Kind.NUMBER)
_LENGTH = Parameter("n", Kind.NUMBER, default=None, optional=True)
_PARAMETERS = {word: (_LENGTH,) if word == "hold" else (_TO, _LENGTH) for word in SEGMENTS}
_WHOLE = Parameter("whole", Kind.INTEGER, bounds=Bounds(low=0))
OPEN = -1
"""The length of a segment that takes what is left, until that is known."""


def arrow(node: ast.Schedule, scope: Scope, context: Context) -> ir.Value:
    """Returns the schedule that an arrow means, open segments given what is left of `:total`."""
    start = values.number(node.start, scope, context)
    segments: list[ir.Segment] = []
    previous = start
    unknown = isinstance(start, ir.Unknown)
    for part in node.segments:
        found = _segment(part, previous, scope, context)
        if isinstance(found, ir.Unknown):
            unknown = True
        else:
            segments.append(found)
            previous = found.to
    return ir.UNKNOWN if unknown else _filled(node, start, segments, context)


def _segment(node: ast.Expression, previous: ir.Value, scope: Scope, context: Context) -> ir.Segment | ir.Unknown:
    """Returns one segment; `hold` stays where the last one ended."""
    call = ast.Call(node.span, node, ()) if isinstance(node, ast.Name) else node
    if not isinstance(call, ast.Call):
        message = "expected a segment behind `->`"
        return context.error(
            "E251", message, node.span, help=f"write {listed(SEGMENTS, 'or')}, as in `linear(1e-3, 1k)`"
        )
    kind = call.function.id
    if kind not in SEGMENTS:
        near = nearest(kind, SEGMENTS)
        message = f"`{kind}` is no segment; the segments are {listed(SEGMENTS)}"
        help = f"write `{near}`" if near else "write `linear(to, n)`"
        return context.error("E204", message, call.function.span, help=help, edit=near)
    given = bind(call, _PARAMETERS[kind], f"`{kind}`", context)
    if given is None:
        return ir.UNKNOWN
    to = values.number(given["to"].value, scope, context) if "to" in given else previous
    length = _length(given["n"].value, kind, scope, context) if "n" in given else OPEN
    if isinstance(to, ir.Unknown) or isinstance(length, ir.Unknown):
        return ir.UNKNOWN
    if kind == "exponential" and (to == 0 or previous == 0):
        message = "an exponential segment neither starts at 0 nor ends there"
        return context.error("E251", message, node.span, help="use `linear` or `cosine`, or a small number")
    return ir.Segment(kind, to, length)


def _length(node: ast.Expression, kind: str, scope: Scope, context: Context) -> int | ir.Unknown:
    want = Want(Kind.INTEGER, f"the duration of `{kind}`")
    length = fit(values.value(node, scope, want, context), want, node.span, context)
    if isinstance(length, ir.Unknown) or not isinstance(length, int):
        return ir.UNKNOWN
    if length < 0:
        return context.error("E222", f"a duration is {length}, and must be >= 0", node.span, help="write a value >= 0")
    return length


def _filled(node: ast.Schedule, start: ir.Value, segments: list[ir.Segment], context: Context) -> ir.Value:
    """Gives the open segment what is left of the total."""
    opened = [place for place, segment in enumerate(segments) if segment.length == OPEN]
    if len(opened) > 1:
        message = "two segments have no duration; only one may take what is left"
        first, second = (node.segments[place].span for place in opened[:2])
        return context.error("E309", message, second, labels=((first, "the other"),), help="write the duration of one")
    used = sum(segment.length for segment in segments if segment.length != OPEN)
    total = _whole("total", node, context) if opened else context.holes.get("total")
    if isinstance(total, ir.Unknown):
        return total
    relative = opened or _is_relative(node)
    if relative and isinstance(total, int) and used > total:
        message = f"the segments take {used:,} updates, and the whole is {total:,}"
        return context.error("E309", message, node.span, help="shorten a segment")
    if opened and isinstance(total, int):
        place = opened[0]
        context.lengths[node.segments[place].span] = total - used
        segments[place] = ir.Segment(segments[place].kind, segments[place].to, total - used)
    return ir.Arrow(start, tuple(segments))


def _is_relative(node: ast.Schedule) -> bool:
    """Returns whether a segment's duration is written as a share of the whole."""
    calls = [part for part in node.segments if isinstance(part, ast.Call)]
    given = [argument.value for call in calls for argument in call.arguments or ()]
    return any(isinstance(argument, ast.Duration) and argument.unit == "%" for argument in given)


def duration(node: ast.Duration, context: Context) -> ir.Value:
    """Returns a relative duration in updates, rounded half up."""
    name = "total" if node.unit == "%" else "epoch_steps"
    whole = _whole(name, node, context)
    if isinstance(whole, ir.Unknown):
        return whole
    from decimal import ROUND_HALF_UP, Decimal

    share = node.amount / 100 if node.unit == "%" else node.amount
    steps = int((share * Decimal(whole)).to_integral_value(ROUND_HALF_UP))
    context.lengths[node.span] = steps
    return steps


def _whole(name: str, node: ast.Node, context: Context) -> int | ir.Unknown:
    """Returns the hole `total` or `epoch_steps`, a whole number."""
    context.asked.setdefault(name, node.span)
    if name not in context.holes:
        context.missing.setdefault(name, node.span)
        return ir.UNKNOWN
    given = holes.host_value(name, context.holes[name])
    want = Want(Kind.INTEGER, f"the hole `:{name}`", _WHOLE)
    fitted = fit(given, want, node.span, context)
    return fitted if isinstance(fitted, int) else ir.UNKNOWN
