"""The numbers of a program apart from its structure: programs that differ in numbers alone share everything else.

In: a chain. Out: the chain with slots for the numbers that may be traced, and the numbers; and back. Which numbers
may be traced is a fact of the rows. It knows no arrays: a number may be any object of the host.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from optdsl import ir
from optdsl.node import fields, is_node, replace
from optdsl.registry import Kind, Row, lookup
from optdsl.registry.traced import COMPLEMENTS, STRUCTURAL
from optdsl.semantics.rows import row_of

_COMPLEMENTS = COMPLEMENTS | {("average", "decay")}
_LARGEST_SHARE = 0.999
"""Beyond it `1 - b` loses too many digits when `b` is rounded to float32; such a number stays structure."""


class Taken(NamedTuple):
    """A program taken apart: what it is without its numbers, and the numbers in the order of the text."""

    structure: ir.Chain
    numbers: tuple[Any, ...]


def taken(chain: ir.Chain) -> Taken:
    """Returns the structure of a program, and its numbers in the order of the text.

    >>> taken(ir.Chain((ir.Decay(0.1),))).numbers
    (0.1,)
    """
    numbers: list[Any] = []
    structure = _Taker(numbers).chain(chain)
    return Taken(structure, tuple(numbers))


class _Taker(NamedTuple):
    """Puts slots where numbers stand, and the numbers into a list."""

    numbers: list[Any]

    def chain(self, chain: ir.Chain) -> ir.Chain:
        return replace(chain, stages=tuple([self.stage(stage) for stage in chain.stages]))

    def stage(self, stage: ir.AnyStage) -> ir.AnyStage:
        match stage:
            case ir.Guarded(inner):
                return replace(stage, inner=self.chain(inner))
            case ir.Match(arms):
                taken_arms = [arm if arm.chain is None else replace(arm, chain=self.chain(arm.chain)) for arm in arms]
                return replace(stage, arms=tuple(taken_arms))
            case ir.Decay(weight_decay):
                return replace(stage, weight_decay=self.value(weight_decay))
            case ir.Stage(_, arguments):
                return replace(stage, arguments=tuple([self.stage_argument(stage, each) for each in arguments]))
            case _:
                return stage

    def stage_argument(self, stage: ir.Stage, argument: ir.Argument) -> ir.Argument:
        if isinstance(argument.value, ir.Chain):
            return replace(argument, value=self.chain(argument.value))
        row = row_of(stage)
        if row is None or isinstance(stage, ir.RegisteredStage):  # only its function could tell what it reads
            return argument
        return self.argument(row, argument)

    def argument(self, row: Row, argument: ir.Argument) -> ir.Argument:
        parameter, key = row.parameter(argument.name), (row.name, argument.name)
        if parameter is None or parameter.kind not in (Kind.NUMBER, Kind.SCHEDULABLE) or key in STRUCTURAL:
            return argument
        return replace(argument, value=self.value(argument.value, share=key in _COMPLEMENTS))

    def value(self, value: Any, share: bool = False) -> Any:
        """Returns a value with slots for its numbers; selectors, captures and durations are structure."""
        match value:
            case bool():
                return value
            case int() | float():
                return value if share and value > _LARGEST_SHARE else self.slot(value, share)
            case ir.Host(_, held) if hasattr(held, "dtype") and getattr(held, "ndim", None) == 0:
                return self.slot(held, share)
            case ir.Spread(_, one, other):
                # A value that is 0 elsewhere is taken for one number, so the 0 is structure.
                first = self.value(one, share)
                return replace(value, value=first, otherwise=other if other == 0 else self.value(other, share))
            case _ if share:  # over time its complement has the digits of float32, in any order of operations
                return value
            case ir.Arrow(start, segments):
                return ir.Arrow(self.value(start), tuple([replace(each, to=self.value(each.to)) for each in segments]))
            case ir.OptaxSchedule(word, arguments):
                row = lookup(word)
                taken_ones = [self.argument(row, each) for each in arguments] if row else arguments
                return replace(value, arguments=tuple(taken_ones))
            case ir.Apply("*" | "+" | "-" | "/", operands) if not ir.contains(value, ir.Capture):
                return replace(value, operands=tuple([self.value(operand) for operand in operands]))
            case _:
                return value

    def slot(self, number: Any, share: bool) -> ir.Slot:
        self.numbers.append(number)
        return ir.Slot(len(self.numbers) - 1, share)


def are_plain(numbers: Sequence[Any]) -> bool:
    """Returns whether all are numbers of Python, which the host can compute with."""
    return all(isinstance(number, (int, float)) for number in numbers)


def slots(node: Any) -> tuple[ir.Slot, ...]:
    """Returns the slots inside a structure, in order."""
    if isinstance(node, ir.Slot):
        return (node,)
    return tuple(slot for part in ir.parts(node) for slot in slots(part))


def given(structure: Any, numbers: Sequence[Any]) -> Any:
    """Returns the program that `taken` took apart, with these numbers; what is no plain one becomes a `Host`."""
    if isinstance(structure, ir.Slot):
        number = numbers[structure.index]
        return number if isinstance(number, (int, float)) or is_node(number) else ir.Host("number", number)
    if type(structure) is tuple:
        items = [given(part, numbers) for part in structure]  # pyright: ignore[reportUnknownVariableType]
        same = all(new is old for new, old in zip(items, structure, strict=True))  # pyright: ignore
        return structure if same else tuple(items)  # pyright: ignore[reportUnknownVariableType]
    if not is_node(structure) or isinstance(structure, (ir.Host, ir.PathGlob, ir.PathRegex)):
        return structure
    parts = {part.name: getattr(structure, part.name) for part in fields(structure) if part.compare}
    changed = {name: new for name, old in parts.items() if (new := given(old, numbers)) is not old}
    return replace(structure, **changed) if changed else structure
