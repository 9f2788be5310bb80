"""Stages in an order that undoes them: E305 to E308, W501, W503, W504, W507 to W509."""

import re
from collections.abc import Iterator

from optdsl import ir
from optdsl.semantics.effects import SIGNS, Effect, descends
from optdsl.semantics.rules.edits import in_front, merged
from optdsl.semantics.rules.finding import Found, View
from optdsl.source import Range

BY_NORM = ("dog", "lars", "scale_by_distance_over_gradients")
"""Stages that divide a whole leaf by one number, which is how their authors regularise; measured in the same test."""

_ADDITIONS = frozenset({"decay", "add_decayed_weights", "add_noise", "noisy_sgd", "keep_params_nonnegative"})
_KEEPING = frozenset({"identity", "average", "keep_params_nonnegative"})
_DECAYS = ("add_decayed_weights", "decay")
_SCALARS = ("scale", "scale_by_schedule", "reduce_on_plateau")
_ONE_NUMBER = re.compile(r"\w+\(\s*(?:weight_decay\s*=\s*)?([\w.]+(?:e-\w+)?)\s*\)")
_ADAM = re.compile(r"adam\(([^#]+)\)")
_SHAPED = "flatten makes one vector of all leaves, and `{word}` works by their shapes"


def late_guard(view: View) -> Iterator[Found]:
    """E305: `zero_nans` behind a stage through which one NaN has reached other entries, or a state."""
    spreading = view.those(_spreads)
    for effect in view.seen:
        spoiled = spreading.first_before(effect) if effect.word == "zero_nans" else None
        if spoiled is None:
            continue
        message = f"`zero_nans` comes too late behind `{spoiled.word}`: one NaN has reached {_reached(spoiled)} by then"
        labels = ((spoiled.span, "NaN spreads here"),)
        yield Found("E305", message, effect.span, "put `zero_nans` first", labels, in_front(view, spoiled, effect))


def _spreads(effect: Effect) -> bool:
    if not effect.known or effect.word in ("maximize", "zero_nans"):
        return False
    return not (effect.traits.elementwise and effect.stateless and effect.sign != -1)


def _reached(effect: Effect) -> str:
    if not effect.traits.elementwise:
        return "other entries"
    return "the update" if effect.stateless else "its state"


def shaped_in_flatten(view: View) -> Iterator[Found]:
    """E306: a stage that works by the shape of leaves, inside `flatten`."""
    if "flatten" not in view.inside:
        return
    for effect in view.seen:
        shaped = effect.known and not effect.traits.elementwise and not effect.traits.couples_leaves
        if isinstance(effect.stage, ir.Centralize) or (shaped and not isinstance(effect.stage, ir.Match)):
            message = _SHAPED.format(word=effect.word)
            yield Found("E306", message, effect.span, f"put `{effect.word}` outside the block")


def spoiled_search(view: View) -> Iterator[Found]:
    """E307: a stage before or behind a line search, so that the step it tries is not the step that is taken."""
    search = next(filter(_searches, view.seen), None)
    if search is None:
        return
    label = ((search.span, "the line search"),)
    for effect in view.before(search):
        if _bends(effect):
            message = f"`{effect.word}` changes the gradient, and the line search compares with the loss itself"
            yield Found("E307", message, effect.span, f"remove `{effect.word}`", label)
    for effect in view.after(search):
        if effect.known and effect.word not in _KEEPING:
            message = f"`{effect.word}` changes the step that the line search has chosen"
            yield Found("E307", message, effect.span, f"remove `{effect.word}`", label)


def _searches(effect: Effect) -> bool:
    return "value_fn" in effect.traits.extras and not ("linesearch" in effect.given() and not effect.inside)


def _bends(effect: Effect) -> bool:
    plain = effect.word in ("identity", "scale", "zero_nans", "decay", "add_decayed_weights")
    return effect.stateless and effect.sign == 1 and not plain


def constraint_last(view: View) -> Iterator[Found]:
    """E308: anything behind `keep_params_nonnegative`."""
    changing = view.those(lambda effect: effect.word not in _KEEPING)
    for effect in view.seen:
        changed = changing.next_behind(effect) if effect.word == "keep_params_nonnegative" else None
        if changed is not None:
            message = f"the parameters may become negative again: `{changed.word}` changes the update"
            labels = ((effect.span, "held until here"),)
            yield Found("E308", message, changed.span, "put `keep_params_nonnegative` last", labels)


def late_clip(view: View) -> Iterator[Found]:
    """W501: a clip behind the descent step bounds the update, not the gradient."""
    descending = view.those(descends)
    for effect in view.seen:
        step = descending.last_before(effect) if effect.clips else None
        if step is None:
            continue
        message = f"`{effect.word}` clips the update that `{step.word}` made, which is small already and seldom clipped"
        labels = ((step.span, "the step down"),)
        help = f"put `{view.written(effect)}` before `{step.word}`"
        yield Found("W501", message, effect.span, help, labels, in_front(view, step, effect))


def cancelled_scale(view: View) -> Iterator[Found]:
    """W503: a scalar right before a stage that divides it out."""
    for effect in view.seen:
        following = next(iter(view.after(effect)), None) if effect.word in _SCALARS else None
        if following is None or effect.guarded or following.guarded or abs(effect.number("step_size") or 0) == 1:
            continue  # the sign is not divided out
        together = view.grouped and following.traits.couples_leaves  # then the arm is scaled against the others
        if following.known and following.traits.degree == 0 and following.sign != 0 and not together:
            message = f"`{following.word}` divides out what `{effect.word}` multiplies by"
            labels = ((following.span, "the same for every scale"),)
            yield Found("W503", message, effect.span, f"put it behind `{following.word}`", labels)


def decay_before_adaptive(view: View) -> Iterator[Found]:
    """W504: L2 regularisation inside an adaptive stage, which normalises it away."""
    adapting = view.those(adapts)
    for effect in view.seen:
        decays = effect.word in _DECAYS and effect.number("weight_decay") != 0
        adaptive = adapting.next_behind(effect) if decays else None
        if adaptive is None:
            continue
        message = f"the decay goes through `{adaptive.word}`, which divides it by the size of the gradients"
        labels = ((adaptive.span, "normalised here"),)
        help, edit = _decoupled(view, effect, adaptive)
        yield Found("W504", message, effect.span, help, labels, edit)


def adapts(effect: Effect) -> bool:
    """Returns whether a stage divides gradients entry by entry by what it remembers of them."""
    return effect.known and effect.traits.degree == 0 and effect.traits.state_floats > 0 and effect.word not in BY_NORM


def _decoupled(view: View, decay: Effect, adaptive: Effect) -> tuple[str, tuple[Range, str] | None]:
    """Returns help and edit: AdamW where Adam follows, else decay behind the preconditioner."""
    amount, rate = _ONE_NUMBER.fullmatch(view.written(decay)), _ADAM.fullmatch(view.written(adaptive))
    if amount is None or rate is None or view.after(decay)[0] is not adaptive:
        return "write `scale_by_adam | decay(...) | lr(...)`, or use `adamw`", None
    form = f"adamw({rate[1].rstrip().rstrip(',')}, weight_decay={amount[1]})"
    return f"write `{form}`", merged(view, decay, adaptive, form)


def clip_then_centre(view: View) -> Iterator[Found]:
    """W507: an elementwise clip right before centralize."""
    for effect in view.seen:
        following = next(iter(view.after(effect)), None) if effect.clips and effect.traits.elementwise else None
        if following is not None and isinstance(following.stage, ir.Centralize):
            message = "entries that were clipped to one value cancel to 0 when their mean is taken off"
            labels = ((following.span, "the mean is taken here"),)
            help = "write `centralize` first, or `clip_norm`"
            yield Found("W507", message, effect.span, help, labels, in_front(view, effect, following))


def centring_undone(view: View) -> Iterator[Found]:
    """W508, W509: a stage behind centralize after which the mean is not 0 any more."""
    breaking = view.those(_breaks_mean)
    for effect in view.seen:
        breaker = breaking.next_behind(effect) if isinstance(effect.stage, ir.Centralize) else None
        if breaker is None:
            continue
        code = "W509" if breaker.word in SIGNS else "W508"
        what = "takes the sign" if code == "W509" else "rescales entry by entry"
        message = f"`{breaker.word}` {what}, after which the mean over a unit is not 0 any more"
        help = "centre the direction: `scale_by_adam | centralize(...) | lr(...)`"
        yield Found(code, message, effect.span, help, ((breaker.span, "the mean is lost here"),))


def _breaks_mean(effect: Effect) -> bool:
    if effect.word in _ADDITIONS or not effect.known or effect.sign == 0 or effect.inside:
        return False
    return effect.traits.elementwise and effect.traits.degree != 1 and not effect.clips


RULES = (
    *(late_guard, shaped_in_flatten, spoiled_search, constraint_last, late_clip),
    *(cancelled_scale, decay_before_adaptive, clip_then_centre, centring_undone),
)
