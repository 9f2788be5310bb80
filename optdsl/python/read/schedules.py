"""Schedules of Optax -> the same by name, or an arrow where an arrow says exactly that.

In: a call. Out: a `Term`, None where the call makes no schedule.
"""

from typing import NamedTuple

from optdsl.python.read import arguments, numbers
from optdsl.python.read.follow import called, head, is_word, items
from optdsl.python.read.known import known
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.terms import ARROW, NAMED, Term, is_whole
from optdsl.python.read.things import Address, Expr, Function, Thing, Unread
from optdsl.registry import Row, Sort, lookup

_BOUND = {"cosine": "cosine", "exponential": "exponential"}
"""Snippets that are a schedule from a start, to a value, over a number of updates."""


class Segment(NamedTuple):
    """One part of an arrow."""

    kind: str
    to: Term
    length: int

    def __str__(self) -> str:
        return f"hold({self.length})" if self.kind == "hold" else f"{self.kind}({self.to.text}, {self.length})"


class Arrow(NamedTuple):
    """A start and what follows; without segments a constant."""

    start: Term
    segments: tuple[Segment, ...] = ()

    @property
    def length(self) -> int:
        """Returns the number of updates until the last value."""
        return sum(segment.length for segment in self.segments)

    @property
    def last(self) -> Term:
        """Returns the value behind the end."""
        return self.segments[-1].to if self.segments else self.start


def schedule(thing: Expr, call: Called, reading: Reading) -> Term | None:
    """Returns the schedule that a call makes, None if it makes none."""
    row = _row(call, reading)
    if row is None:
        return None
    arrow = _arrow(thing, reading)
    if arrow is None:
        return _by_name(row, call, reading)
    if not arrow.segments:
        return arrow.start
    text = " -> ".join((arrow.start.at(NAMED), *map(str, arrow.segments)))
    return Term(text, ARROW, varies=True)


def _row(call: Called, reading: Reading) -> Row | str | None:
    """Returns the row of the schedule that is called, or the name of a snippet that makes one."""
    if isinstance(call.function, Function):
        name = known(call.function, reading)
        return name if isinstance(name, str) and name in _BOUND else None
    if not (isinstance(call.function, Address) and is_word(call.function.path)):
        return None
    row = lookup(call.function.path.rpartition(".")[2])
    return row if row is not None and row.sort is Sort.SCHEDULE else None


def _by_name(row: Row | str, call: Called, reading: Reading) -> Term:
    if isinstance(row, str):
        raise Unread
    given = arguments.bound(row, call)
    return Term(f"{row.name}({', '.join(arguments.written(row, call, given, reading))})", varies=True)


def item(thing: Thing, reading: Reading) -> str:
    """Returns a schedule as an item of a list, where a constant is a schedule too."""
    term = numbers.number(thing, reading)
    return term.text if term.varies else f"constant_schedule({term.text})"


# ---- arrows


def _arrow(thing: Thing, reading: Reading) -> Arrow | None:
    """Returns a schedule as an arrow; None if it is none, or not exactly one."""
    with reading:
        found = head(thing, reading)
        if not isinstance(found, Expr):
            return None
        try:
            call = called(found, reading)
        except Unread:
            return None
        row = _row(call, reading)
        if isinstance(row, str):
            return _of_snippet(row, call, reading)
        if row is None:
            return None
        given = arguments.bound(row, call)
        match row.name, tuple(sorted(given)):
            case "constant_schedule", _:
                return Arrow(numbers.number(given["value"], reading))
            case "linear_schedule", ("end_value", "init_value", "transition_steps"):
                return _single("linear", given["init_value"], given["end_value"], given["transition_steps"], reading)
            case "cosine_decay_schedule", ("decay_steps", "init_value"):
                return _single("cosine", given["init_value"], None, given["decay_steps"], reading)
            case "warmup_cosine_decay_schedule", _ if "exponent" not in given:
                return _warmup_cosine(given, reading)
            case "join_schedules", _:
                return _joined(items(given["schedules"], reading), items(given["boundaries"], reading), reading)
            case _:
                return None


def _of_snippet(kind: str, call: Called, reading: Reading) -> Arrow | None:
    if len(call.positional) != 3 or call.keywords:
        return None
    start, to, length = call.positional
    return _single(kind, start, to, length, reading)


def _single(kind: str, start: Thing, to: Thing | None, length: Thing, reading: Reading) -> Arrow | None:
    steps = _length(length, reading)
    if steps is None:
        return None
    end = Term("0", value=0) if to is None else numbers.number(to, reading)
    begin = numbers.number(start, reading)
    return None if begin.varies or end.varies else Arrow(begin, (Segment(kind, end, steps),))


def _length(thing: Thing, reading: Reading) -> int | None:
    """Returns a number of updates that is known and not zero; others mean something else to Optax."""
    kept = reading.keep()
    value = numbers.number(thing, reading).value
    reading.restore(kept)
    return int(value) if value is not None and value > 0 and is_whole(value) else None


def _warmup_cosine(given: dict[str, Thing], reading: Reading) -> Arrow | None:
    warmup, whole = _length(given["warmup_steps"], reading), _length(given["decay_steps"], reading)
    if warmup is None or whole is None or whole <= warmup:
        return None
    peak = numbers.number(given["peak_value"], reading)
    if peak.value is None or peak.value <= 0:
        return None
    end = numbers.number(given["end_value"], reading) if "end_value" in given else Term("0", value=0)
    start = numbers.number(given["init_value"], reading)
    return Arrow(start, (Segment("linear", peak, warmup), Segment("cosine", end, whole - warmup)))


def _joined(schedules: tuple[Thing, ...], boundaries: tuple[Thing, ...], reading: Reading) -> Arrow | None:
    """Returns schedules of which each begins where and when the one before ends, as one arrow."""
    ends = [_length(boundary, reading) for boundary in boundaries]
    arrows = [_arrow(part, reading) for part in schedules]
    if len(ends) != len(arrows) - 1:
        return None
    position, whole = 0, arrows[0]
    for end, following in zip(ends, arrows[1:], strict=True):
        if whole is None or following is None or end is None or end < position + 1:
            return None
        rest = end - whole.length
        if rest < 0 or not _meet(whole.last, following.start):
            return None
        hold = (Segment("hold", whole.last, rest),) if rest else ()
        whole = Arrow(whole.start, (*whole.segments, *hold, *following.segments))
        position = end
    return whole


def _meet(end: Term, start: Term) -> bool:
    return end.text == start.text or (end.value is not None and end.value == start.value)
