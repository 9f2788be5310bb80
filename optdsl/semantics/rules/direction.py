"""Whether a program goes down at all: E301 ascent, E302 no descent step, E303 raw leaves."""

import re
from collections.abc import Iterator, Sequence

from optdsl import ir
from optdsl.semantics.effects import Effect, Inside, descends, meant_sign, opened
from optdsl.semantics.rules.finding import Found, View
from optdsl.source import Range

_SCALE = re.compile(r"scale\s*\((?:\s*step_size\s*=)?")


def ascent(view: View) -> Iterator[Found]:
    """E301: two descents, or signs that end uphill although something applies a rate. `maximize` says it is meant."""
    if view.inside and view.inside[-1] != "match":
        return  # a wrapper's chain counts in the chain around it
    if view.net != 1 or view.rated or meant_sign(view.seen) != 1 or not any(effect.rate for effect in view.seen):
        return
    plain = [effect for effect in opened(view.seen) if effect.word != "maximize"]
    downs = [effect for effect in plain if descends(effect)]
    if len(downs) > 1:
        yield _two_descents(view, downs)
        return
    last = [effect for effect in plain if effect.rate][-1]
    if not isinstance(last.stage, ir.Match):  # its arms say it
        yield _uphill(view, last)


def _course(view: View) -> str:
    flips = sum(effect.word == "maximize" for effect in view.line)
    return "the loss falls, although `maximize` says that it is to climb" if flips % 2 else "the loss climbs"


def _two_descents(view: View, downs: Sequence[Effect]) -> Found:
    first, last = downs[0], downs[-1]
    twice, same = first.span == last.span, first.word == last.word  # twice: one name, used in two places
    other = "its second use" if twice else f"another `{last.word}`" if same else f"`{last.word}`"
    message = f"{_course(view)}: `{first.word}` takes the step down, and {other} turns it up again"
    help = f"use `{view.written(last)}` once" if twice else f"remove `{view.written(last)}`"
    if not any(effect.word == "maximize" for effect in view.line):
        help += ", or end with `| maximize` if uphill is meant"
    return Found("E301", message, last.span, help, () if twice else ((first.span, "the step down"),))


def _uphill(view: View, last: Effect) -> Found:
    message = f"{_course(view)}: `{last.word}` does not turn gradients into a step down"
    if last.word == "scale":
        edit = _as_rate(view, last)
        return Found(
            "E301", message, last.span, f"write `{edit[1] if edit else 'lr(...)'}`", edit=edit, lacks_descent=True
        )
    if last.word in ("scale_by_schedule", "scale_by_learning_rate"):
        return Found("E301", message, last.span, "write `lr(...)`, or end with `| scale(-1)`", lacks_descent=True)
    return Found("E301", message, last.span, f"give it a rate: `{last.word}(learning_rate=1.0)`", lacks_descent=True)


def _as_rate(view: View, scale: Effect) -> tuple[Range, str] | None:
    """Returns the edit that makes `lr(x)` of `scale(x)`."""
    head = _SCALE.match(view.written(scale))
    return (scale.span, f"lr({view.written(scale)[head.end() :].lstrip()}") if head else None


def no_descent(view: View) -> Iterator[Found]:
    """E302: nothing applies a rate, so raw gradients would be added to the parameters."""
    if view.inside or any(effect.sign is None or effect.sign == 0 or effect.rate for effect in view.seen):
        return
    message = "no stage takes the step down: raw gradients would be added to the parameters"
    yield Found("E302", message, view.span, "end with a rate, as in `| lr(1e-3)`", lacks_descent=True)


def raw_arms(view: View) -> Iterator[Found]:
    """E303: an arm that passes gradients on beside arms that descend, where nothing else descends."""
    bending = view.those(lambda effect: effect.sign != 1 and effect.word != "maximize")
    for effect in view.seen:
        if not isinstance(effect.stage, ir.Match) or effect.sign != -1:
            continue
        if bending.places() == [view.spots[id(effect)][0]]:
            for arm in effect.inside:
                yield from _raw(arm)


def _raw(arm: Inside) -> Iterator[Found]:
    if meant_sign(arm.seen) != 1 or any(effect.rate for effect in arm.seen):
        return
    place = arm.chain.span
    message = "the leaves of this arm would get their raw gradient: other arms apply a rate, and this one does not"
    edit = (place, "freeze") if all(effect.word == "identity" for effect in arm.seen) else None
    yield Found("E303", message, place, "write `freeze`, or a chain that descends", edit=edit)


RULES = (ascent, no_descent, raw_arms)
