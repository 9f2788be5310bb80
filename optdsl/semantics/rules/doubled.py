"""The same thing twice, or the wrong thing for what is meant: W502, W505, W506, W510 to W514, W516, N601, N603."""

import re
from collections.abc import Iterator
from math import isinf

from optdsl import ir
from optdsl.node import replace
from optdsl.registry import lookup
from optdsl.semantics.effects import Effect, descends
from optdsl.semantics.rules.edits import removed
from optdsl.semantics.rules.finding import Found, View
from optdsl.semantics.rules.schedules import first_value
from optdsl.source import Range

_DECAYS = ("add_decayed_weights", "decay")
_RATES = ("scale_by_schedule", "scale_by_learning_rate", "lr")
_MOMENTA = ("b1", "momentum", "beta")
_NO_MOMENTUM = ("acprop", "scale_by_acprop", "optimistic_gradient_descent", "scale_by_optimistic_gradient")
_ADDED = re.compile(r"add_decayed_weights\((?:\s*weight_decay\s*=)?\s*(-?)\s*([\w.]+(?:e-\w+)?)\s*\)")
_SCALE_1 = re.compile(r"scale\s*\(\s*1(?:\.0*)?\s*\)")


def two_rates(view: View) -> Iterator[Found]:
    """W502: a second learning rate behind an optimizer that has one; what acts is their product."""
    with_rate = view.those(lambda effect: descends(effect) and effect.value("learning_rate") is not None)
    for effect in view.seen:
        first = with_rate.last_before(effect) if effect.word in _RATES else None
        if first is None:
            continue
        rates = (first.value("learning_rate"), _rate(effect))
        message = f"`{first.word}` has applied a learning rate already, and the two multiply{_product(*rates)}"
        one = "the schedule as the rate of" if ir.over_time(rates[1]) else "one rate, in"
        yield Found("W502", message, effect.span, f"write {one} `{first.word}`", ((first.span, "the first rate"),))


def _rate(effect: Effect) -> ir.Value:
    return effect.value("step_size_fn" if effect.word == "scale_by_schedule" else "learning_rate")


def _product(first: ir.Value, second: ir.Value) -> str:
    """Returns the number that acts, where it is known and says something: a warmup starts at 0."""
    one, two = first_value(first), first_value(second)
    if not one or not two:
        return ""
    when = " at step 0" if ir.over_time(first) or ir.over_time(second) else ""
    return f": {one:g} * {two:g} = {one * two:g}{when}"


def decay_twice(view: View) -> Iterator[Found]:
    """W505: a decay stage beside an optimizer that decays."""
    decaying = view.those(_decays)
    for effect in view.seen:
        other = decaying.first() if effect.word in _DECAYS else None
        if other is not None:
            message = f"`{other.word}` decays the weights already, by {_amount(other)}"
            help = f"remove `{view.written(effect)}`, or write `weight_decay=0` in `{other.word}`"
            yield Found("W505", message, effect.span, help, ((other.span, "decays too"),))


def _decays(effect: Effect) -> bool:
    value = effect.value("weight_decay") if effect.word not in _DECAYS else None
    return value is not None and value != 0 and effect.sign == -1 and not effect.wraps


def _amount(effect: Effect) -> str:
    number = effect.number("weight_decay")
    return "a schedule" if number is None else f"{number:g}"


def growing_weights(view: View) -> Iterator[Found]:
    """W506: decay of the wrong sign, so that weights grow."""
    descending, flipping = view.those(descends), view.those(lambda effect: effect.sign == -1)
    unknown = view.those(lambda effect: effect.sign is None or effect.sign == 0)
    for effect in view.seen:
        number = effect.number("weight_decay") if effect.word == "add_decayed_weights" else None
        if not number or descending.first() is None or unknown.next_behind(effect) is not None:
            continue
        if number * (-1) ** flipping.count_behind(effect) > 0:
            where = "behind the step down" if descending.last_before(effect) else "before the step down"
            message = f"weights grow: {number:g} * parameters is added {where}"
            help, edit = f"write `decay({abs(number):g})`, which always shrinks", _shrinking(view, effect, number)
            yield Found("W506", message, effect.span, help, edit=edit)


def _shrinking(view: View, effect: Effect, number: float) -> tuple[Range, str] | None:
    """Returns the edit that writes `decay`, where the sign is a character of the text."""
    added = _ADDED.fullmatch(view.written(effect))
    plain = added is not None and bool(added[1]) == (number < 0)
    return (effect.span, f"decay({added[2]})") if added and plain else None


def averaged_updates(view: View) -> Iterator[Found]:
    """W510: an average behind the descent step averages updates, not weights."""
    descending = view.those(descends)
    for effect in view.seen:
        step = descending.last_before(effect) if effect.word in ("ema", "trace") else None
        if step is not None:
            number = effect.number("decay")
            form = "average(d)" if number is None else f"average({number:g})"
            message = f"`{effect.word}` averages the updates of `{step.word}`, not the weights"
            yield Found(
                "W510", message, effect.span, f"write `{form}` to average weights", ((step.span, "the step down"),)
            )


def momentum_twice(view: View) -> Iterator[Found]:
    """W511: `trace` beside a stage that has momentum."""
    descending, moving = view.those(descends), view.those(has_momentum)
    for effect in view.seen:
        other = moving.next_behind(effect) if effect.word == "trace" else None
        if other is not None and descending.last_before(effect) is None:
            gain = effect.number("decay")
            size = (
                "" if gain is None or gain >= 1 else f", and `trace` multiplies a steady gradient by {1 / (1 - gain):g}"
            )
            message = f"`{other.word}` has momentum of its own{size}"
            yield Found("W511", message, effect.span, "remove `trace`", ((other.span, "momentum again"),))


def has_momentum(effect: Effect) -> bool:
    """Returns whether a stage goes on after the gradient has stopped; measured with the other tables."""
    if effect.word in _NO_MOMENTUM or not effect.known:
        return False
    return effect.word == "trace" or any((effect.number(name) or 0) > 0 for name in _MOMENTA)


def sums_updates(view: View) -> Iterator[Found]:
    """W512: `apply_every`, which sums, and lets the stages around it work at every micro-step."""
    moving = view.those(lambda effect: effect.known and not effect.stateless and effect.word != "apply_every")
    for effect in view.seen:
        if effect.word != "apply_every":
            continue
        k = effect.number("k")
        if k == 1:
            message = "`apply_every(1)` lets every update pass, and keeps a copy of it that nothing reads"
            yield Found("W512", message, effect.span, f"remove `{view.written(effect)}`", edit=removed(view, effect))
            continue
        times = "k" if k is None else f"{k:g}"
        beside = _beside(moving.next_behind(effect), moving.last_before(effect))
        message = f"`apply_every` adds {times} updates up, {beside}"
        yield Found("W512", message, effect.span, f"write `accumulate({times}) {{ ... }}` around the chain")


def _beside(behind: Effect | None, before: Effect | None) -> str:
    """Returns what a sum of updates does to the nearest stages with a state."""
    if behind is not None:
        return f"and `{behind.word}` takes the zeros that it passes in between for gradients"
    if before is not None:
        return f"and the state of `{before.word}` moves with each of them"
    return "where an average is usually meant"


def norm_of_an_arm(view: View) -> Iterator[Found]:
    """W513: a global norm inside an arm is the norm of that arm, where other arms learn too."""
    for effect in view.seen if view.grouped else ():
        if effect.traits.couples_leaves and effect.stateless and effect.sign == 1 and not effect.inside:
            message = f"`{effect.word}` inside an arm takes the norm of that arm's leaves alone"
            yield Found("W513", message, effect.span, "put it before `match` for the norm of all leaves")


def gives_up(view: View) -> Iterator[Found]:
    """W514: a guard that gives up after n bad steps."""
    for effect in view.seen:
        number = effect.number("max_consecutive_errors")
        if effect.word in ("apply_if_finite", "skip_nonfinite") and number is not None and not isinf(number):
            message = f"after {number:g} bad steps in a row every NaN is applied"
            place = effect.argument_span("max_consecutive_errors")
            yield Found("W514", message, place, "write `inf` to skip them all", edit=(place, "inf"))


def old_name(view: View) -> Iterator[Found]:
    """W516: a name that Optax calls old; the edit is safe where only the rate was written."""
    for effect in view.seen:
        row = lookup(effect.word)
        if row is not None and row.deprecated:
            named = Range(effect.span.start, effect.span.start + len(effect.word))
            place = named if view.text[named.start : named.end] == effect.word else effect.span
            edit = (place, row.deprecated) if place == named and effect.given() == ("learning_rate",) else None
            message = f"`{effect.word}` is an old name in Optax"
            yield Found("W516", message, place, f"write `{row.deprecated}`", edit=edit)


def implicit_decay(view: View) -> Iterator[Found]:
    """N601: weight decay that nobody wrote."""
    for effect in view.seen:
        number = effect.number("weight_decay")
        if number and isinstance(effect.stage, ir.Stage) and not effect.wraps and "weight_decay" not in effect.given():
            message = f"`{effect.word}` decays weights by {number:g} unless told otherwise"
            yield Found("N601", message, effect.span, f"write `weight_decay={number:g}`, or another value")


def redundant(view: View) -> Iterator[Found]:
    """N603: a stage that changes nothing."""
    for effect in view.seen:
        if effect.word == "identity" or (effect.word == "scale" and effect.number("step_size") == 1):
            if len(view.seen) > 1:
                message = f"`{view.written(effect)}` changes nothing"
                yield Found("N603", message, effect.span, "remove it", edit=_dropped(view, effect))
        elif isinstance(effect.stage, ir.Centralize) and _centred_already(view, effect.stage, effect):
            message = "the gradient has been centred already"
            help = "remove the second `centralize`"
            yield Found("N603", message, effect.span, help, edit=removed(view, effect))


def _dropped(view: View, effect: Effect) -> tuple[Range, str] | None:
    plain = effect.word == "identity" or _SCALE_1.fullmatch(view.written(effect))
    return removed(view, effect) if plain else None


def _centred_already(view: View, stage: ir.Centralize, effect: Effect) -> bool:
    for earlier in reversed(view.before(effect)):
        if earlier.guarded:
            return False
        if isinstance(earlier.stage, ir.Centralize):
            return replace(earlier.stage, alias=None) == replace(stage, alias=None)
        if not (earlier.known and earlier.traits.degree == 1 and earlier.traits.elementwise):
            return False
    return False


RULES = (
    *(two_rates, decay_twice, growing_weights, averaged_updates, momentum_twice, sums_updates),
    *(norm_of_an_arm, gives_up, old_name, implicit_decay, redundant),
)
