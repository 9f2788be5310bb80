"""Values over time -> Python callables of the step: Optax's own schedules, or else a function."""

from typing import Any

from optdsl import ir
from optdsl.python.expressions import Part, expression, holds, parts, varies_in_time
from optdsl.python.layout import WIDTH, Code, Node, call, flat
from optdsl.python.literals import literal
from optdsl.python.writer import Writer
from optdsl.registry import Kind, Parameter, Row, lookup

_LONG = WIDTH - len("    return ")
_WORTH_A_NAME = 24
_CALLABLES = (Kind.SCHEDULABLE, Kind.SCHEDULES)


def schedule(value: Any, writer: Writer) -> Code:
    """Returns the schedule itself, for values that Optax has one for."""
    match value:
        case ir.OptaxSchedule(word, arguments):
            row = lookup(word)
            assert row is not None
            given = [a for a in arguments if a.given]
            items = [(p, a.value) for p in row.parameters for a in given if a.name == p.name]
            return called(address(row), items, row.parameters[0], writer)
        case ir.Arrow(start, segments):
            return _arrow(start, segments, writer)
        case _:
            return call("optax.constant_schedule", expression(value, writer))


def address(row: Row) -> str:
    """Returns how a function of Optax is called in a translation: `optax.adam`, `contrib.muon`."""
    module, _, name = row.target.partition(":")
    return f"{module.rpartition('.')[2]}.{name}"


def over_time(value: Any, wish: str, writer: Writer) -> Code:
    """Returns code of a callable of the step for any value that varies with it.

    A function of our own is defined above the chain under the name `wish`, or stands where it is used if it
    reads variables of that place.
    """
    if isinstance(value, ir.Host) and callable(value.value):
        return writer.host(value)
    inner = list(parts(value))
    if isinstance(value, ir.Arrow) and not any(map(varies_in_time, inner)):
        return schedule(value, writer)
    if isinstance(value, ir.OptaxSchedule) and not _reads_step(value):
        return schedule(value, writer)
    if holds(value, ir.Capture):
        return f"lambda step: {expression(value, writer)}"
    known = writer.known(("function", value))
    if known is not None:
        return known
    before, source = _body(value, {}, writer)
    body = "\n".join(f"    {line}" for line in (*before, f"return {source}"))
    return writer.define(("function", value), wish, f"def NAME(step):\n{body}")


def _reads_step(value: ir.OptaxSchedule) -> bool:
    """Returns whether a number that the schedule is made from depends on the step."""
    row = lookup(value.word)
    assert row is not None
    for argument in value.arguments:
        parameter = row.parameter(argument.name)
        if parameter is not None and parameter.kind is Kind.SCHEDULES and isinstance(argument.value, tuple):
            continue
        if argument.given and varies_in_time(argument.value):
            return True
    return False


def _body(value: Any, names: dict[Any, str], writer: Writer) -> tuple[list[str], str]:
    """Returns the lines before, and the expression: its longer parts get lines of their own until it fits."""
    source = expression(value, writer)
    if len(source) <= _LONG or not isinstance(value, ir.Apply):
        return [], source
    lines: list[str] = []
    operands: list[Any] = []
    for operand in value.operands:
        if isinstance(operand, ir.Apply) and len(expression(operand, writer)) > _WORTH_A_NAME:
            if operand not in names:
                before, inner = _body(operand, names, writer)
                names[operand] = f"part_{len(names) + 1}"
                lines += [*before, f"{names[operand]} = {inner}"]
            operands.append(Part(names[operand]))
        else:
            operands.append(operand)
    return lines, expression(ir.Apply(value.function, tuple(operands)), writer)


def called(function: str, items: list[tuple[Parameter, Any]], first: Parameter, writer: Writer) -> Node:
    """Returns a call with the first parameter by place and the others by name."""
    by_place = {first.name} if not first.keyword_only else set[str]()
    codes = [
        (
            "" if parameter.name in by_place else f"{parameter.name}=",
            argument(parameter.kind, value, writer, parameter.name),
        )
        for parameter, value in items
    ]
    return Node(f"{function}(", tuple(codes))


def argument(kind: Kind, value: Any, writer: Writer, wish: str = "schedule") -> Code:
    """Returns code of an argument that neither varies over leaves nor is a chain.

    Where Optax takes a schedule, what varies with the step becomes a callable, which `wish` may name;
    elsewhere it reads the variable `step`.
    """
    match value:
        case ir.Dtype(name):
            return f"jnp.{name}"
        case ir.Axes(word):
            return literal(word)
        case ir.Default(text):
            return text
        case ir.Mapping(entries):
            items = tuple(
                (f"{flat(argument(kind, key, writer))}: ", argument(kind, item, writer)) for key, item in entries
            )
            return Node("{", items, "}")
        case tuple():
            return _sequence(kind, value, writer)  # pyright: ignore[reportUnknownArgumentType]
        case ir.Host():
            return writer.host(value)
        case _ if kind in _CALLABLES and varies_in_time(value):
            return over_time(value, wish, writer)
        case _:
            return expression(value, writer)


def _sequence(kind: Kind, value: tuple[Any, ...], writer: Writer) -> Code:
    items = tuple(("", _item(kind, item, writer)) for item in value)
    if kind in (Kind.SCHEDULES, Kind.INTEGERS):
        return Node("[", items, "]")
    return f"({flat(items[0][1])},)" if len(items) == 1 else Node("(", items)


def _item(kind: Kind, value: Any, writer: Writer) -> Code:
    is_constant = kind is Kind.SCHEDULES and not varies_in_time(value)
    return schedule(value, writer) if is_constant else argument(kind, value, writer)


def _arrow(start: Any, segments: tuple[ir.Segment, ...], writer: Writer) -> Code:
    lasting: list[tuple[Any, ir.Segment]] = []
    for segment in segments:
        if segment.length > 0:
            lasting.append((start, segment))
        start = segment.to
    if lasting and lasting[-1][1].kind == "hold":
        lasting.pop()
    if _is_warmup_cosine(lasting):
        return _warmup_cosine(lasting, writer)
    codes = [_segment(begin, segment, writer) for begin, segment in lasting]
    if not lasting or lasting[-1][1].to != start:
        codes.append(call("optax.constant_schedule", expression(start, writer)))
    if len(codes) == 1:
        return codes[0]
    ends: list[str] = []
    total = 0
    for _, segment in lasting[: len(codes) - 1]:
        total += segment.length
        ends.append(str(total))
    schedules = Node("[", tuple(("", code) for code in codes), "]")
    return Node("optax.join_schedules(", (("", schedules), ("boundaries=", f"[{', '.join(ends)}]")))


def _is_warmup_cosine(lasting: list[tuple[Any, ir.Segment]]) -> bool:
    kinds = [segment.kind for _, segment in lasting]
    return kinds == ["linear", "cosine"] and _is_positive(lasting[0][1].to)


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and value > 0


def _warmup_cosine(lasting: list[tuple[Any, ir.Segment]], writer: Writer) -> Code:
    (start, warmup), (_, decay) = lasting
    items = (
        ("", expression(start, writer)),
        ("", expression(warmup.to, writer)),
        ("warmup_steps=", str(warmup.length)),
        ("decay_steps=", str(warmup.length + decay.length)),
        ("end_value=", expression(decay.to, writer)),
    )
    return Node("optax.warmup_cosine_decay_schedule(", items if decay.to != 0 else items[:-1])


def _segment(start: Any, segment: ir.Segment, writer: Writer) -> Code:
    begin, to, length = expression(start, writer), expression(segment.to, writer), str(segment.length)
    if segment.kind == "hold":
        return call("optax.constant_schedule", begin)
    if segment.kind == "linear":
        return call("optax.linear_schedule", begin, to, length)
    if segment.kind == "exponential":
        return call(writer.snippet("exponential"), begin, to, length)
    if segment.to == 0 and _is_positive(start):
        return call("optax.cosine_decay_schedule", begin, length)
    return call(writer.snippet("cosine"), begin, to, length)
