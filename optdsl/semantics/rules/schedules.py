"""Schedules that cannot be meant: E309 impossible, W515 absolute piecewise, N602 warmup from 0."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from optdsl import ir
from optdsl.diagnostics.suggest import listed
from optdsl.semantics.rules.finding import Found, View
from optdsl.source import Range

_STARTS = ("init_value", "value")
_RATES = ("learning_rate", "step_size_fn")
_PLAIN = (int, float, str, type(None), ir.Chain)
_RATE_LIKE = 0.01


def first_value(value: ir.Value) -> float | None:
    """Returns the value of a number or schedule at step 0, where it is plain to see."""
    match value:
        case bool():
            return None
        case int() | float():
            return float(value)
        case ir.Arrow(start, _):
            return first_value(start)
        case ir.OptaxSchedule(_, arguments):
            by_name = {argument.name: argument.value for argument in arguments}
            return next((first_value(by_name[name]) for name in _STARTS if name in by_name), None)
        case ir.Apply("*", (one, other)):
            sides = first_value(one), first_value(other)
            return None if sides[0] is None or sides[1] is None else sides[0] * sides[1]
        case ir.Apply("min", (1, ir.Apply("/", (ir.Step(), _)))):
            return 0.0
        case _:
            return None


def _schedules(view: View) -> Iterator[tuple[ir.Argument, ir.OptaxSchedule]]:
    for effect in view.seen:
        for argument in effect.arguments:
            if not isinstance(argument.value, _PLAIN):
                for found in _inside(argument.value):
                    yield argument, found


def _inside(node: Any) -> Iterator[ir.OptaxSchedule]:
    if isinstance(node, _PLAIN):
        return
    if isinstance(node, ir.OptaxSchedule):
        yield node
    for part in ir.parts(node):
        yield from _inside(part)


def _place(schedule: ir.OptaxSchedule, name: str, around: ir.Argument) -> Range:
    """Returns the place of an argument of a schedule, that of the schedule where it was not written."""
    return next((a.span for a in schedule.arguments if a.name == name and a.given), around.span)


def impossible(view: View) -> Iterator[Found]:
    """E309: a warmup that takes the whole schedule or more, boundaries that do not increase."""
    for argument, schedule in _schedules(view):
        by_name = {a.name: a.value for a in schedule.arguments}
        warmup, whole = by_name.get("warmup_steps"), by_name.get("decay_steps")
        if isinstance(warmup, int) and isinstance(whole, int) and warmup >= whole:
            message = f"the warmup takes {warmup:,} updates, and the whole schedule {whole:,}"
            help = "`decay_steps` counts the warmup too: make it larger"
            yield Found("E309", message, _place(schedule, "warmup_steps", argument), help)
        limits = by_name.get("boundaries")
        if isinstance(limits, tuple) and not _increase(limits):
            message = f"the boundaries of `{schedule.word}` do not increase: {listed(map(str, limits))}"
            yield Found("E309", message, _place(schedule, "boundaries", argument), "write them in order")


def _increase(limits: tuple[Any, ...]) -> bool:
    return all(one < other for one, other in pairwise(limits))


def absolute_scales(view: View) -> Iterator[Found]:
    """W515: scales of a piecewise schedule that look like rates; they multiply."""
    for argument, schedule in _schedules(view):
        scales = next((a.value for a in schedule.arguments if a.name == "boundaries_and_scales"), None)
        numbers = (
            [n for _, n in scales.entries if isinstance(n, (int, float))] if isinstance(scales, ir.Mapping) else []
        )
        if any(0 < number < _RATE_LIKE for number in numbers):
            start, end = first_value(schedule) or 1.0, first_value(schedule) or 1.0
            for number in numbers:
                end *= number
            message = f"the numbers of `{schedule.word}` multiply: the rate ends at {end:g}, from {start:g}"
            place = _place(schedule, "boundaries_and_scales", argument)
            yield Found("W515", message, place, "write factors, such as `{1k: 0.1}`")


def starts_at_zero(view: View) -> Iterator[Found]:
    """N602: a learning rate whose first value is 0."""
    for effect in view.seen:
        for name in _RATES:
            value = effect.value(name)
            if value is not None and not isinstance(value, (int, float)) and first_value(value) == 0:
                message = "the schedule starts at 0, so update 0 changes nothing"
                yield Found("N602", message, effect.argument_span(name), "start at a small value, or mean it")


RULES = (impossible, absolute_scales, starts_at_zero)
