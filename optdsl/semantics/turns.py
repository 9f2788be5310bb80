"""Steps at which a value over time turns: ends of segments, boundaries, numbers that the step is measured by.

In: a value. Out: steps, for those who sample it. It evaluates nothing.
"""

from collections.abc import Iterable, Iterator, Sequence

from optdsl import ir

_TIME = (ir.Step, ir.Arrow, ir.OptaxSchedule, ir.Choose)
_LENGTHS = ("warmup_steps", "decay_steps", "transition_begin", "transition_steps")
_SHARES = ("pct_start", "pct_final")
_BEHIND = 3
"""How much of an open end is worth seeing: `min(1, step / 500)` is level from 500 on, an inverse root is not."""


def over_time(value: ir.Value) -> bool:
    """Returns whether a value moves with the step; a live number alone is moved by the host."""
    return ir.contains(value, _TIME)


def turns(value: ir.Value) -> tuple[int, ...]:
    """Returns the steps at which `value` turns, the last one where its shape ends, in order, each once.

    >>> turns(ir.Arrow(0, (ir.Segment("linear", 1e-3, 100), ir.Segment("cosine", 0, 900))))
    (100, 1000)
    """
    return tuple(sorted({step for step in _turns(value) if step > 0}))


def _turns(value: object) -> Iterator[int]:
    match value:
        case ir.Arrow(_, segments):
            yield from _sums(segment.length for segment in segments)
        case ir.OptaxSchedule("join_schedules"):
            yield from _joined(value)
            return
        case ir.OptaxSchedule():
            yield from _scheduled(value)
        case ir.Apply(_, operands) if ir.Step() in operands:
            for number in operands:
                if isinstance(number, (int, float)) and abs(number) < 2**31:
                    yield from (round(number), round(_BEHIND * number))
        case _:
            pass
    for part in ir.parts(value):
        yield from _turns(part)


def _sums(lengths: Iterable[int]) -> Iterator[int]:
    end = 0
    for length in lengths:
        end += length
        yield end


def _scheduled(schedule: ir.OptaxSchedule) -> Iterator[int]:
    """Yields the turns that the arguments of one of Optax's schedules tell."""
    given = {argument.name: argument.value for argument in schedule.arguments}
    numbers = {name: value for name, value in given.items() if isinstance(value, (int, float))}
    lengths = [round(numbers[name]) for name in _LENGTHS if name in numbers]
    # `decay_steps` counts from the start, the others from where the one before ends.
    yield from lengths if "decay_steps" in numbers else _sums(lengths)
    yield from (round(numbers[share] * sum(lengths)) for share in _SHARES if share in numbers)
    pieces = given.get("boundaries_and_scales")
    if isinstance(pieces, ir.Mapping):
        yield from (round(step) for step, _ in pieces.entries if isinstance(step, (int, float)))


def _joined(schedule: ir.OptaxSchedule) -> Iterator[int]:
    """Yields the boundaries, and behind each the turns of the schedule that begins there."""
    given = {argument.name: argument.value for argument in schedule.arguments}
    schedules, boundaries = given["schedules"], given["boundaries"]
    assert isinstance(schedules, tuple)
    assert isinstance(boundaries, tuple)
    begins = [0, *(step for step in boundaries if isinstance(step, int))]
    for begin, part in zip(begins, schedules, strict=False):
        yield begin
        yield from (begin + turn for turn in _turns(part))


def watched(turning: Sequence[int], count: int, last: int | None = None) -> list[int]:
    """Returns steps from 0 to `last` (by default the last turn) to watch a value at: turns, those before, `count` more.

    >>> watched((100,), 4)
    [0, 33, 67, 99, 100]
    """
    end = max(turning, default=0) if last is None else last
    even = (round(end * place / (count - 1)) for place in range(count))
    near = (step + before for step in turning for before in (-1, 0))
    return sorted({step for step in (*even, *near) if 0 <= step <= end})
