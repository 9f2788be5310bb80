"""The schedules of a program: every number in it that moves with the step, by path.

In: a chain, or one value. Out: curves without selectors, each a value of the step alone. It evaluates nothing.
"""

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import islice
from typing import Any, NamedTuple

from optdsl import ir
from optdsl.node import fields
from optdsl.semantics.names import named
from optdsl.semantics.show import show, show_selector
from optdsl.semantics.turns import over_time

_MOST_BRANCHES = 16


class Curve(NamedTuple):
    """A value over time, and the parameters that have it: `adamw.learning_rate`, `adam.b1 where embed/**`."""

    names: tuple[str, ...]
    value: ir.Value


class Curves(NamedTuple):
    """The distinct curves in the order of the program, and a line about each that cannot be drawn."""

    curves: tuple[Curve, ...]
    left_out: tuple[str, ...]


def curves(chain: ir.Chain) -> Curves:
    """Returns the schedules of a program.

    A value that varies over leaves as well gives a curve for each branch; one that is computed from a path gives none.
    """
    return _distinct(
        (f"{path}.{argument.name}", argument.value)
        for path, stage in named(chain)
        for argument in getattr(stage, "arguments", ())
        if not isinstance(argument.value, ir.Chain)
    )


def curves_of_value(value: ir.Value) -> Curves:
    """Returns the curves of a schedule that stands by itself."""
    return _distinct([("schedule", value)])


def _distinct(values: Iterable[tuple[str, ir.Value]]) -> Curves:
    found: dict[ir.Value, list[str]] = {}
    left_out: list[str] = []
    for path, value in values:
        if not over_time(value):
            continue
        branches = list(islice(_branches(value, ()), _MOST_BRANCHES + 1))
        if len(branches) > _MOST_BRANCHES:
            left_out.append(f"{path}: more than {_MOST_BRANCHES} combinations of selectors")
            continue
        for place, branch in branches:
            name = f"{path}{place}"
            if ir.contains(branch, ir.Capture):
                left_out.append(f"{name}: each leaf has its own, from a number in its path")
            elif not over_time(branch):
                left_out.append(f"{name}: {show(branch)} at every step")
            else:
                found.setdefault(branch, []).append(name)
    return Curves(tuple(Curve(tuple(names), value) for value, names in found.items()), tuple(left_out))


def _branches(value: ir.Value, held: tuple[ir.Selector, ...]) -> Iterator[tuple[str, ir.Value]]:
    """Yields the value on each kind of leaf, with the selectors that hold there: ` where embed/**`, ` elsewhere`."""
    spread = _first_spread(value)
    if spread is None:
        yield _where(held), value
        return
    yield from _branches(_decided(value, spread.selector, True), (*held, spread.selector))
    for place, branch in _branches(_decided(value, spread.selector, False), held):
        yield place or " elsewhere", branch


def _where(held: tuple[ir.Selector, ...]) -> str:
    if not held:
        return ""
    one, *others = held
    return f" where {show_selector(reduce(lambda left, right: ir.Combine('and', (left, right)), others, one))}"


def _first_spread(node: Any) -> ir.Spread | None:
    if isinstance(node, ir.Spread):
        return node
    return next(filter(None, map(_first_spread, ir.parts(node))), None)


def _decided(node: Any, selector: ir.Selector, holds: bool) -> Any:
    """Returns a value on leaves that `selector` selects, or does not."""
    match node:
        case ir.Spread(own, chosen, otherwise) if own == selector:
            return _decided(chosen if holds else otherwise, selector, holds)
        case tuple():
            return tuple([_decided(part, selector, holds) for part in node])  # pyright: ignore[reportUnknownVariableType]
        case ir.Spread() | ir.Apply() | ir.Arrow() | ir.Segment() | ir.Choose() | ir.OptaxSchedule() | ir.Argument():
            parts = {part.name: _decided(getattr(node, part.name), selector, holds) for part in fields(node)}
            return type(node)(**parts)
        case _:
            return node
