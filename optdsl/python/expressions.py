"""Numbers of a program -> Python expressions: on the host, or with jnp inside a function of the step."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from optdsl import ir
from optdsl.python.layout import flat
from optdsl.python.literals import literal
from optdsl.python.writer import Writer

CHOICE = "choice"
"""An `Apply` of ours: its second operand if the first, a Python boolean, holds, else its third."""

_TERNARY, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_OPERATORS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARE),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "//"), _PRODUCT),
    "**": _POWER,
    "and": _AND,
    "or": _OR,
}
_OF_JNP = {"min": "minimum", "max": "maximum", "and": "logical_and", "or": "logical_or", "not": "logical_not"}
_OF_PYTHON = ("min", "max", "abs")
_WHOLE = frozenset({"+", "-", "*", "//", "**", "min", "max", "abs", "neg"})


class Part(NamedTuple):
    """What was computed from the step on a line before, under a name."""

    name: str


class Text(NamedTuple):
    """Source of an expression, and how tightly it binds."""

    source: str
    level: int = _ATOM

    def at(self, level: int) -> str:
        """Returns the source, in parentheses if it binds less tightly than `level`."""
        return self.source if self.level >= level else f"({self.source})"


def parts(value: Any) -> Iterator[Any]:
    """Yields the values inside a value; selectors and chains are none."""
    match value:
        case ir.Apply(_, operands):
            yield from operands
        case ir.Choose(condition, one, other):
            yield from (condition, one, other)
        case ir.Spread(_, one, other):
            yield from (one, other)
        case ir.Arrow(start, segments):
            yield from (start, *(segment.to for segment in segments))
        case ir.OptaxSchedule(_, arguments):
            yield from (argument.value for argument in arguments if argument.given)
        case ir.Mapping(entries):
            yield from (part for entry in entries for part in entry)
        case ir.LiveNumber(_, initial):
            yield initial
        case tuple() if not isinstance(value, Part):
            yield from value  # pyright: ignore[reportUnknownVariableType]
        case _:
            return


def holds(value: Any, *kinds: type) -> bool:
    """Returns whether `value` is of one of these kinds or has such a value inside."""
    return isinstance(value, kinds) or any(holds(part, *kinds) for part in parts(value))


def varies_in_time(value: Any) -> bool:
    """Returns whether `value` depends on the step."""
    if isinstance(value, (ir.Step, ir.Arrow, ir.OptaxSchedule, ir.Choose, Part)):
        return True
    return (isinstance(value, ir.Host) and callable(value.value)) or any(map(varies_in_time, parts(value)))


def expression(value: Any, writer: Writer) -> str:
    """Returns Python source for a number; what depends on the step reads the variable `step`."""
    return _text(value, writer).source


def _text(value: Any, writer: Writer) -> Text:
    match value:
        case bool() | None | str():
            return Text(literal(value))
        case int() | float():
            return Text(literal(value), _SIGN if value < 0 else _ATOM)
        case ir.Step():
            return Text("step")
        case ir.Capture(name) | Part(name):
            return Text(name)
        case ir.LiveNumber():
            return Text(writer.live(value))
        case ir.Host():
            name = writer.host(value)
            return Text(f"{name}(step)" if callable(value.value) else name)
        case ir.Arrow() | ir.OptaxSchedule():
            return Text(f"{_schedule_name(value, writer)}(step)")
        case ir.Choose(condition, one, other):
            sides = ", ".join(_text(side, writer).source for side in (condition, one, other))
            return Text(f"jnp.where({sides})")
        case ir.Apply():
            return _apply(value, writer)
        case _:
            raise AssertionError(value)


def _schedule_name(value: ir.Arrow | ir.OptaxSchedule, writer: Writer) -> str:
    """Returns a name or an expression for a schedule that stands inside arithmetic."""
    from optdsl.python.schedules import schedule

    code = schedule(value, writer)
    if any(varies_in_time(part) for part in _settings(value)) or holds(value, ir.Capture):
        return flat(code)
    return define_schedule(value, writer)


def define_schedule(value: ir.Arrow | ir.OptaxSchedule, writer: Writer) -> str:
    """Returns the name of a schedule that is written once, above the chain."""
    from optdsl.python.layout import render
    from optdsl.python.schedules import schedule

    source = f"NAME = {render(schedule(value, writer), used=len('schedule = '))}"
    return writer.define(("schedule", value), "schedule", source)


def _settings(value: ir.Arrow | ir.OptaxSchedule) -> Iterator[Any]:
    """Yields the numbers that a schedule is made from; schedules among them are no obstacle."""
    for part in parts(value):
        for item in part if isinstance(part, tuple) else (part,):  # pyright: ignore[reportUnknownVariableType]
            if isinstance(item, (ir.Arrow, ir.OptaxSchedule)) and isinstance(value, ir.OptaxSchedule):
                yield from _settings(item)
            else:
                yield item


def _apply(value: ir.Apply, writer: Writer) -> Text:
    traced = varies_in_time(value) or holds(value, ir.Host)
    function, operands = value.function, _without_overflow(value) if traced else value.operands
    if function == CHOICE:
        return _choice(operands, writer)
    texts = [_text(operand, writer) for operand in operands]
    if function == "neg":
        return Text(f"-{texts[0].at(_SIGN)}", _SIGN)
    if traced and function in _OF_JNP:
        return _nested(f"jnp.{_OF_JNP[function]}", texts)
    if function == "not":
        return Text(f"not {texts[0].at(_NOT)}", _NOT)
    if function in _OPERATORS:
        return _binary(function, *texts)
    if not traced and function in _OF_PYTHON:
        return texts[0] if len(texts) == 1 and function != "abs" else _called(function, texts)
    return _called(f"{'jnp' if traced else 'math'}.{function}", texts)


def _choice(operands: tuple[Any, ...], writer: Writer) -> Text:
    held, one, other = (_text(operand, writer) for operand in operands)
    return Text(f"{one.at(_OR)} if {held.at(_OR)} else {other.at(_TERNARY)}", _TERNARY)


def _binary(function: str, left: Text, right: Text) -> Text:
    level = _OPERATORS[function]
    if function == "**":
        return Text(f"{left.at(_ATOM)} ** {right.at(_SIGN)}", level)
    tight = level if function in ("and", "or") else level + 1
    return Text(f"{left.at(tight if level == _COMPARE else level)} {function} {right.at(tight)}", level)


def _called(function: str, texts: list[Text]) -> Text:
    return Text(f"{function}({', '.join(text.source for text in texts)})")


def _nested(function: str, texts: list[Text]) -> Text:
    """Returns a function of two, applied to as many operands as there are."""
    first, *rest = texts
    for text in rest:
        first = Text(f"{function}({first.source}, {text.source})")
    return first if rest or function.endswith(("minimum", "maximum")) else _called(function, texts)


def _without_overflow(value: ir.Apply) -> tuple[Any, ...]:
    """Returns the operands with one of them made a float where whole numbers could grow past 32 bits.

    A quotient of whole numbers gets one too, since Python's float keeps the precision of what it meets.
    """
    operands = value.operands
    if value.function not in ("*", "/", "**") or not all(map(_is_whole, operands)):
        return operands
    left, right = operands
    if isinstance(left, int):
        return float(left), right
    if isinstance(right, int) and value.function != "**":
        return left, float(right)
    return ir.Apply("*", (1.0, left)), right


def _is_whole(value: Any) -> bool:
    if isinstance(value, ir.Apply):
        return value.function in _WHOLE and all(map(_is_whole, value.operands))
    return isinstance(value, (ir.Step, int)) and not isinstance(value, bool)
