"""What a bound program does to one leaf: the learning rate and the weight decays that reach it, as values.

In: a bound chain and a place in the tree. Out: values of the intermediate form, still over time. It evaluates nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from optdsl import ir
from optdsl.registry import Traits
from optdsl.semantics.names import named
from optdsl.semantics.rows import row_of

_STEPS = {"scale": "step_size", "scale_by_schedule": "step_size_fn"}
_MASKS = ("mask", "weight_decay_mask")
_WEIGHS_ONLY = ("schedule_free",)
"""Wrappers whose `learning_rate` weighs an average; the steps are those of the chain inside."""


class Masks(NamedTuple):
    """What Python objects in holes say about the leaves, one boolean each."""

    masked: Callable[[ir.Host], Sequence[bool]]
    orthogonalized: Callable[[ir.Value], Sequence[bool]]
    """From `muon_weight_dimension_numbers` to the leaves that muon orthogonalizes; Adam has the others."""


class Applied(NamedTuple):
    """The learning rate of a leaf, None where no stage gives one, and its weight decays, each with its path."""

    rate: ir.Value = None
    decays: tuple[tuple[str, ir.Value], ...] = ()

    def times(self, factor: ir.Value) -> "Applied":
        """Returns this with the rate multiplied by the size of `factor`."""
        size = abs(factor) if isinstance(factor, (int, float)) else ir.Apply("abs", (factor,))
        return self._replace(rate=size if self.rate is None else _product(self.rate, size))


def applied(chain: ir.Chain, masks: Masks, leaves: int) -> tuple[Applied, ...]:
    """Returns for each of the `leaves` what a bound chain applies to it.

    A rate is the product of everything that scales updates by a known number: learning rates, `scale`, schedules.
    A stage whose output does not depend on the size of what comes in begins again.
    """
    paths = {id(stage): path for path, stage in named(chain)}
    return tuple(_Leaf(place, paths, masks).chain(Applied(), chain) for place in range(leaves))


class _Leaf(NamedTuple):
    place: int
    paths: Mapping[int, str]
    masks: Masks

    def chain(self, before: Applied, chain: ir.Chain) -> Applied:
        return reduce(self._stage, chain.stages, before)

    def _stage(self, before: Applied, stage: ir.AnyStage) -> Applied:
        match stage:
            case ir.Guarded(inner, None, condition):
                return _sometimes(condition, self.chain(before, inner), before)
            case ir.Guarded(inner, selector):
                return self.chain(before, inner) if self._in(selector) else before
            case ir.Match(arms):
                own = next((arm.chain for arm in arms if self._in(arm.selector)), None)
                return before if own is None else self.chain(before, own)
            case ir.Decay(weight_decay):
                return self._decayed(before, stage, "weight_decay", weight_decay)
            case ir.Stage():
                return self._transform(before, stage)
            case _:
                return before

    def _transform(self, before: Applied, stage: ir.Stage) -> Applied:
        row = row_of(stage)
        traits = (row and row.traits) or Traits()
        after = before._replace(rate=None) if traits.degree == 0 else before
        values = {argument.name: argument.value for argument in stage.arguments}
        inner = next((value for value in values.values() if isinstance(value, ir.Chain)), None)
        if inner is not None:
            after = self.chain(after, inner)
        if isinstance(stage, ir.RegisteredStage) and stage.origin.row.traits is None:
            return after  # what its numbers do, only the function knows
        if traits.sign == 0:
            return after._replace(rate=0.0)
        rate = self._value(self._rate(stage.word, values))
        after = after if rate is None else after.times(rate)
        name = self._decay_name(stage.word, values)
        masked = name.startswith("adam_") or self._unmasked(values)
        return self._decayed(after, stage, name, values.get(name)) if masked else after

    def _rate(self, word: str, values: Mapping[str, ir.Value]) -> ir.Value:
        if word in _WEIGHS_ONLY:
            return None
        own = values.get(_STEPS.get(word, "learning_rate"))
        other = values.get("adam_learning_rate")
        return own if other is None or self._orthogonalized(values) else other

    def _decay_name(self, word: str, values: Mapping[str, ir.Value]) -> str:
        if "adam_weight_decay" in values and not self._orthogonalized(values):
            return "adam_weight_decay"
        return "weight_decay_rate" if "weight_decay_rate" in values else "weight_decay"

    def _orthogonalized(self, values: Mapping[str, ir.Value]) -> bool:
        return self.masks.orthogonalized(values.get("muon_weight_dimension_numbers"))[self.place]

    def _unmasked(self, values: Mapping[str, ir.Value]) -> bool:
        mask = next((values[name] for name in _MASKS if name in values), None)
        return self.masks.masked(mask)[self.place] if isinstance(mask, ir.Host) else self._in(mask, absent=True)

    def _decayed(self, before: Applied, stage: ir.AnyStage, name: str, value: ir.Value) -> Applied:
        own = self._value(value)
        if own is None or own == 0:
            return before
        return before._replace(decays=(*before.decays, (f"{self.paths[id(stage)]}.{name}", own)))

    def _value(self, value: ir.Value) -> ir.Value:
        return value.values[self.place] if isinstance(value, ir.PerLeaf) else value

    def _in(self, selector: ir.Value | ir.Selector, absent: bool = False) -> bool:
        """Returns whether a decided selector has the leaf; `absent` is what none at all says."""
        if isinstance(selector, ir.Decided):
            return selector.mask[self.place]
        return absent if selector is None else bool(selector)


def _product(one: ir.Value, other: ir.Value) -> ir.Value:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one * other
    return ir.Apply("*", (one, other))


def _sometimes(condition: ir.Value, holds: Applied, otherwise: Applied) -> Applied:
    """Returns what is applied where a stage is passed at some steps only."""
    rate = holds.rate
    if rate != otherwise.rate:
        rate = ir.Choose(condition, rate, 1.0 if otherwise.rate is None else otherwise.rate)
    new = tuple((path, ir.Choose(condition, value, 0.0)) for path, value in holds.decays[len(otherwise.decays) :])
    return Applied(rate, (*otherwise.decays, *new))
