"""Values over parameters -> functions of a leaf, `(path, leaf) -> number`, and what is left for the step."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from optdsl import ir
from optdsl.globs import compile_glob
from optdsl.python.expressions import CHOICE, expression, holds, parts, varies_in_time
from optdsl.python.masks import define_function
from optdsl.python.patterns import match_of
from optdsl.python.selectors import capturing, condition, decision, hosts
from optdsl.python.writer import Writer

_SHORT = 70


class LeafNumber(NamedTuple):
    """A number that each leaf has its own of: the variable that stands for it, and its value."""

    name: str
    value: Any


class Leaves:
    """Takes what varies over leaves out of the arguments of one stage."""

    def __init__(self) -> None:
        self.numbers: list[LeafNumber] = []

    def lift(self, value: Any, wish: str) -> Any:
        """Returns `value` with variables for the parts that vary over leaves and not in time."""
        if not holds(value, ir.Spread, ir.Capture):
            return value
        return self._lift(value, wish, lambda inner: inner)

    def _lift(self, value: Any, wish: str, within: Callable[[Any], Any]) -> Any:
        """Lifts a part of a value; `within` puts it back under the selectors that bind its captures."""
        if not holds(value, ir.Spread, ir.Capture):
            return value
        if not varies_in_time(value) and not holds(value, ir.Host):
            return self._variable(within(value), wish)
        if isinstance(value, ir.Spread):
            held = self._variable(within(ir.Spread(value.selector, True, False)), "chosen")
            one = self._lift(value.value, "factor", lambda inner: within(ir.Spread(value.selector, inner, 0)))
            other = self._lift(value.otherwise, "factor", within)
            return ir.Apply(CHOICE, (held, one, other))
        return _rebuilt(value, lambda part: self._lift(part, "factor", within))

    def _variable(self, value: Any, wish: str) -> ir.Capture:
        for number in self.numbers:
            if number.value == value:
                return ir.Capture(number.name)
        taken = {number.name for number in self.numbers}
        names = (wish if count == 1 else f"{wish}_{count}" for count in range(1, len(taken) + 2))
        name = next(name for name in names if name not in taken)
        self.numbers.append(LeafNumber(name, value))
        return ir.Capture(name)


def _rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """Returns a value with its parts changed."""
    match value:
        case ir.Apply(function, operands):
            return ir.Apply(function, tuple(map(change, operands)))
        case ir.Choose(condition, one, other):
            return ir.Choose(change(condition), change(one), change(other))
        case ir.Arrow(start, segments):
            changed = tuple(replace(segment, to=change(segment.to)) for segment in segments)
            return ir.Arrow(change(start), changed)
        case ir.OptaxSchedule(word, arguments):
            changed = tuple(replace(argument, value=change(argument.value)) for argument in arguments)
            return ir.OptaxSchedule(word, changed)
        case ir.Mapping(entries):
            return ir.Mapping(tuple((change(key), change(item)) for key, item in entries))
        case tuple():
            return tuple(map(change, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            raise AssertionError(value)


def masks_of(numbers: list[LeafNumber], writer: Writer) -> tuple[str, ...]:
    """Returns the names of the host's masks that leaf numbers ask."""
    found = (host for number in numbers for chosen in _selectors(number.value) for host in hosts(chosen))
    return tuple(dict.fromkeys(map(writer.host, found)))


def _selectors(value: Any) -> Iterator[ir.Selector]:
    if isinstance(value, ir.Spread):
        yield value.selector
    for part in parts(value):
        yield from _selectors(part)


def leaf_function(number: LeafNumber, masks: tuple[str, ...], writer: Writer) -> str:
    """Returns the name of the function that says the number of a leaf, defined above the chain."""
    lines = _statements(number.value, "return ", _Locals(), writer)
    return define_function(("leaf", number.value, masks), f"{number.name}_of", masks, lines, writer)


class _Locals:
    """Names of variables inside one function."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def new(self, wish: str) -> str:
        name, count = wish, 1
        while name in self.taken:
            count += 1
            name = f"{wish}_{count}"
        self.taken.add(name)
        return name


def _statements(value: Any, target: str, names: _Locals, writer: Writer) -> list[str]:
    """Returns lines that end in `target value`."""
    if isinstance(value, ir.Spread):
        return _branches(value, target, names, writer)
    lines: list[str] = []

    def named(part: Any) -> Any:
        if isinstance(part, ir.Spread):
            factor = names.new("factor")
            lines.extend(_statements(part, f"{factor} = ", names, writer))
            return ir.Capture(factor)
        return _rebuilt(part, named) if holds(part, ir.Spread) else part

    outer = named(value)
    return [*lines, f"{target}{expression(outer, writer)}"]


def _branches(value: ir.Spread, target: str, names: _Locals, writer: Writer) -> list[str]:
    globs = list(dict.fromkeys(capturing(value.selector)))
    if not any(_uses(value.value, name) for glob in globs for name in compile_glob(glob).captures):
        globs = []
    short = None if globs else _one_line(value, writer)
    if short is not None and (len(short) <= _SHORT or value.value is True):
        return [f"{target}{short}"]
    found = {glob: names.new("found") for glob in globs}
    lines = [f"{variable} = {match_of(glob)}" for glob, variable in found.items()]
    inside = [*_captured(found, value.value), *_statements(value.value, target, names, writer)]
    lines += [*decision("if", value.selector, ":", writer, found), *_indented(inside)]
    other = _statements(value.otherwise, target, names, writer)
    if target == "return ":
        return [*lines, *other]
    if other[0].startswith("if "):
        return [*lines, f"el{other[0]}", *other[1:]]
    return [*lines, "else:", *_indented(other)]


def _one_line(value: ir.Spread, writer: Writer) -> str | None:
    """Returns `a if condition else b` if neither side branches again."""
    if holds(value.value, ir.Spread) or holds(value.otherwise, ir.Spread):
        return None
    held = condition(value.selector, writer)
    if value.value is True and value.otherwise is False:
        return f"bool({held})"
    return f"{expression(value.value, writer)} if {held} else {expression(value.otherwise, writer)}"


def _captured(found: dict[str, str], value: Any) -> list[str]:
    """Returns lines that bind the captured integers that `value` uses.

    Where several globs bind a name, it comes from the first that matched.
    """
    by_name: dict[str, list[str]] = {}
    for glob, variable in found.items():
        for name in compile_glob(glob).captures:
            by_name.setdefault(name, []).append(variable)
    sources = {name: " or ".join(variables) for name, variables in by_name.items() if _uses(value, name)}
    return [f'{name} = int({s if " or " not in s else f"({s})"}["{name}"])' for name, s in sources.items()]


def _uses(value: Any, name: str) -> bool:
    return value == ir.Capture(name) or any(_uses(part, name) for part in parts(value))


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
