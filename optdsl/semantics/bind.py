"""Stage 5, bind: a program and the leaves of its parameters -> the program with every selector decided.

In: `ir.Chain`, leaves. Out: a chain in which selectors are masks and values over leaves are values for each leaf;
the leaves that are frozen; findings about leaves that nothing covers and selections that select nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from optdsl import ir
from optdsl.diagnostics import Findings
from optdsl.node import replace
from optdsl.registry import Kind
from optdsl.semantics.coverage import report_axes, report_dead, report_taken, report_uncovered
from optdsl.semantics.fitness import report_half_precision, report_layout, report_values
from optdsl.semantics.leaves import Leaf, Masks, choose
from optdsl.semantics.perleaf import specialised
from optdsl.semantics.rows import row_of

Mask = tuple[bool, ...]


class Bound(NamedTuple):
    """A bound program: what trains, and which leaves do not."""

    chain: ir.Chain
    frozen: Mask


class Binder(NamedTuple):
    """What binding needs to know beside the program."""

    leaves: Sequence[Leaf]
    masks: Masks
    findings: Findings
    layout: str = "flax"


def bind(chain: ir.Chain, binder: Binder) -> Bound:
    """Returns `chain` bound to the leaves; where the findings have errors, the result is of no use."""
    everything = (True,) * len(binder.leaves)
    frozen = _frozen(chain, everything, binder)
    active = tuple(not still for still in frozen)
    return Bound(_chain(chain, active, binder), frozen)


# ---- freezing: decided first, as it takes leaves out of the whole program


def _frozen(chain: ir.Chain, active: Mask, binder: Binder) -> Mask:
    """Returns the leaves that any `freeze` in the chain, also inside arms and blocks, keeps still."""
    still = (False,) * len(active)
    for stage in chain.stages:
        still = _either(still, _frozen_by(stage, active, binder))
    return still


def _frozen_by(stage: ir.AnyStage, active: Mask, binder: Binder) -> Mask:
    nothing = (False,) * len(active)
    match stage:
        case ir.Freeze(selector):
            chosen = _both(_selected(selector, binder), active)
            report_dead("`freeze`", selector, chosen, active, stage.span, binder.leaves, binder.findings)
            return chosen
        case ir.Guarded(inner, selector):
            return _frozen(inner, active if selector is None else _both(active, _selected(selector, binder)), binder)
        case ir.Match(arms):
            masks = _arm_masks(arms, active, binder)
            found = nothing
            for arm, mask in zip(arms, masks, strict=True):
                found = _either(found, mask if arm.chain is None else _frozen(arm.chain, mask, binder))
            return found
        case ir.Stage(_, arguments):
            found = nothing
            for argument in arguments:
                if isinstance(argument.value, ir.Chain):
                    found = _either(found, _frozen(argument.value, active, binder))
            return found
        case _:
            return nothing


def _arm_masks(arms: tuple[ir.Arm, ...], active: Mask, binder: Binder) -> list[Mask]:
    """Returns which leaves each arm takes: the first arm that selects a leaf has it."""
    left, masks = active, list[Mask]()
    for arm in arms:
        taken = left if arm.selector is None else _both(left, _selected(arm.selector, binder))
        masks.append(taken)
        left = tuple(still and not now for still, now in zip(left, taken, strict=True))
    return masks


# ---- stages


def _chain(chain: ir.Chain, active: Mask, binder: Binder) -> ir.Chain:
    stages = [_stage(stage, active, binder) for stage in chain.stages if not isinstance(stage, ir.Freeze)]
    return replace(chain, stages=tuple(stages))


def _stage(stage: ir.AnyStage, active: Mask, binder: Binder) -> ir.AnyStage:
    match stage:
        case ir.Guarded(inner, None):
            return replace(stage, inner=_chain(inner, active, binder))
        case ir.Guarded(inner, selector) if selector is not None:
            chosen = _both(active, _selected(selector, binder))
            report_dead("`where`", selector, chosen, active, stage.selector_span, binder.leaves, binder.findings)
            return replace(stage, inner=_chain(inner, chosen, binder), selector=ir.Decided(chosen))
        case ir.Match():
            return _match(stage, active, binder)
        case ir.Centralize():
            report_axes(stage, active, binder.leaves, binder.findings)
            report_layout(stage, active, binder.leaves, binder.layout, binder.findings)
            return stage
        case ir.Decay(weight_decay):
            return replace(stage, weight_decay=_value(weight_decay, active, binder))
        case ir.Stage():
            report_half_precision(stage, active, binder.leaves, binder.findings)
            return _arguments(stage, active, binder)
        case _:
            return stage


def _match(stage: ir.Match, active: Mask, binder: Binder) -> ir.Match:
    reached = active
    arms: list[ir.Arm] = []
    # A leaf that an arm freezes is not active any more, but it still belongs to its arm and to no later one.
    for arm, mask in zip(stage.arms, _arm_masks(stage.arms, (True,) * len(active), binder), strict=True):
        taken = _both(mask, active)
        selected = arm.selector is not None and any(_selected(arm.selector, binder))
        if not any(mask) and selected:
            report_taken(arm.span, binder.findings)
        elif not any(mask):
            report_dead("the arm", arm.selector, mask, active, arm.span, binder.leaves, binder.findings)
        reached = tuple(left and not now for left, now in zip(reached, taken, strict=True))
        inner = None if arm.chain is None else _chain(arm.chain, taken, binder)
        arms.append(replace(arm, selector=ir.Decided(taken), chain=inner))
    report_uncovered(reached, stage.span, binder.leaves, binder.findings)
    return replace(stage, arms=tuple(arms))


def _arguments(stage: ir.Stage, active: Mask, binder: Binder) -> ir.Stage:
    """Returns the stage with its chains bound, masks decided, and values over leaves written out for each leaf."""
    arguments = {argument.name: argument for argument in stage.arguments}
    for argument in stage.arguments:
        mask = _mask_of(argument, stage)
        if mask is not None and isinstance(argument.value, ir.Spread):
            _report_spreads(argument.value, active, binder)
            chosen = _both(active, _selected(argument.value.selector, binder))
            arguments[argument.name] = replace(argument, value=argument.value.value)
            arguments[mask] = replace(arguments[mask], value=ir.Decided(chosen))
        elif not isinstance(arguments[argument.name].value, ir.Decided):
            row = row_of(stage)
            parameter = row.parameter(argument.name) if row else None
            found = _value(argument.value, active, binder)
            report_values(found, argument, parameter, binder.leaves, binder.findings)
            arguments[argument.name] = replace(argument, value=found)
    return replace(stage, arguments=tuple(arguments[argument.name] for argument in stage.arguments))


def _mask_of(argument: ir.Argument, stage: ir.Stage) -> str | None:
    """Returns the parameter of Optax that says the same as `x where SEL` on this one, if there is one.

    That is `mask` beside `weight_decay`, for one value with the neutral one elsewhere.
    """
    value, row = argument.value, row_of(stage)
    if not isinstance(value, ir.Spread) or row is None or value.otherwise != 0 or isinstance(value.otherwise, bool):
        return None
    if not argument.name.startswith("weight_decay") or ir.contains(value.value, (ir.Spread, ir.Capture)):
        return None
    masks = ("mask", "weight_decay_mask")
    return next((p.name for p in row.parameters if p.kind is Kind.MASK and p.name in masks), None)


def _value(value: ir.Value, active: Mask, binder: Binder) -> ir.Value:
    if isinstance(value, ir.Chain):
        return _chain(value, active, binder)
    if not ir.contains(value, (ir.Spread, ir.Capture)):
        return value
    _report_spreads(value, active, binder)
    if isinstance(value, ir.Spread) and isinstance(value.value, bool) and isinstance(value.otherwise, bool):
        chosen = _selected(value.selector, binder)
        return ir.Decided(tuple(value.value if one else value.otherwise for one in chosen))
    found = specialised(value, binder.leaves, binder.masks)
    return ir.PerLeaf(tuple(one if there else None for one, there in zip(found, active, strict=True)))


def _report_spreads(value: ir.Value, active: Mask, binder: Binder) -> None:
    """Reports each `where` in a value that none of the leaves it could still take is in."""
    if isinstance(value, ir.Spread):
        found = _selected(value.selector, binder)
        chosen = _both(active, found)
        report_dead("`where`", value.selector, chosen, active, value.selector_span, binder.leaves, binder.findings)
        _report_spreads(value.value, chosen, binder)
        left = tuple(there and not taken for there, taken in zip(active, found, strict=True))
        _report_spreads(value.otherwise, left, binder)
    elif isinstance(value, ir.Apply):
        for operand in value.operands:
            _report_spreads(operand, active, binder)


def _selected(selector: ir.Selector, binder: Binder) -> Mask:
    return tuple(found is not None for found in choose(selector, binder.leaves, binder.masks))


def _both(one: Mask, other: Mask) -> Mask:
    return tuple(a and b for a, b in zip(one, other, strict=True))


def _either(one: Mask, other: Mask) -> Mask:
    return tuple(a or b for a, b in zip(one, other, strict=True))
