"""A value over leaves, written out: for each leaf the value without selectors and captures, folded again."""

from collections.abc import Sequence
from typing import Any

from optdsl import ir
from optdsl.node import fields
from optdsl.semantics import arithmetic
from optdsl.semantics.leaves import Captures, Leaf, Masks, choose


def specialised(value: ir.Value, leaves: Sequence[Leaf], masks: Masks) -> tuple[ir.Value, ...]:
    """Returns what `value` is on each leaf."""
    decided: dict[ir.Selector, tuple[Captures | None, ...]] = {}
    return tuple(_Leafwise(place, leaves, masks, decided).value(value, {}) for place in range(len(leaves)))


class _Leafwise:
    """One leaf's view; selectors are decided once for all leaves."""

    def __init__(
        self,
        place: int,
        leaves: Sequence[Leaf],
        masks: Masks,
        decided: dict[ir.Selector, tuple[Captures | None, ...]],
    ) -> None:
        self.place = place
        self.leaves = leaves
        self.masks = masks
        self.decided = decided

    def value(self, value: Any, captured: Captures) -> Any:
        match value:
            case ir.Capture(name):
                return captured[name]
            case ir.Spread(selector, one, other):
                found = self._choose(selector)
                return self.value(other, captured) if found is None else self.value(one, {**captured, **found})
            case ir.Apply(function, operands):
                return _fold(function, tuple([self.value(operand, captured) for operand in operands]))
            case tuple():
                return tuple([self.value(item, captured) for item in value])  # pyright: ignore[reportUnknownVariableType]
            case ir.Arrow() | ir.Segment() | ir.Choose() | ir.OptaxSchedule() | ir.Argument():
                parts = {part.name: self.value(getattr(value, part.name), captured) for part in fields(value)}
                return type(value)(**parts)
            case _:
                return value

    def _choose(self, selector: ir.Selector) -> Captures | None:
        if selector not in self.decided:
            self.decided[selector] = choose(selector, self.leaves, self.masks)
        return self.decided[selector][self.place]


def _fold(function: str, operands: tuple[Any, ...]) -> ir.Value:
    """Returns constants computed, UNKNOWN for what has no value on this leaf, such as a division by zero."""
    if any(isinstance(operand, ir.Unknown) for operand in operands):
        return ir.UNKNOWN
    if not all(isinstance(operand, (int, float)) for operand in operands):
        return ir.Apply(function, operands)
    try:
        return arithmetic.apply(function, operands)
    except arithmetic.Fault:
        return ir.UNKNOWN
