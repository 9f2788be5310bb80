"""What the place of a stage in its chain decides: the sign of `decay`, so that it always shrinks the weights."""

from typing import NamedTuple

from optdsl import ir
from optdsl.node import replace
from optdsl.semantics.rows import row_of


class Around(NamedTuple):
    """What stands around a chain: whether a stage before it descends, and the flips behind it."""

    descended: bool = False
    flips: int = 0


OUTSIDE = Around()


def placed(chain: ir.Chain, around: Around = OUTSIDE) -> ir.Chain:
    """Returns the chain with every `decay` signed: `+x*p` among gradients, `-x*p` among updates.

    A `maximize` behind it turns the sign once more.
    """
    flips = around.flips + sum(_is_flip(stage) for stage in chain.stages)
    descended = around.descended
    stages: list[ir.AnyStage] = []
    for stage in chain.stages:
        flips -= _is_flip(stage)
        stages.append(_placed(stage, Around(descended, flips)))
        descended = descended or descends(stage)
    return replace(chain, stages=tuple(stages))


def _is_flip(stage: ir.AnyStage) -> bool:
    return isinstance(stage, ir.Stage) and stage.word == "maximize"


def _placed(stage: ir.AnyStage, around: Around) -> ir.AnyStage:
    match stage:
        case ir.Decay():
            return replace(stage, sign=(-1 if around.descended else 1) * (-1) ** around.flips)
        case ir.Guarded(inner):
            return replace(stage, inner=placed(inner, around))
        case ir.Match(arms):
            return replace(stage, arms=tuple(_placed_arm(arm, around) for arm in arms))
        case ir.Stage(_, arguments):
            return replace(stage, arguments=tuple(_placed_argument(a, around) for a in arguments))
        case _:
            return replace(stage)  # a binding used twice gives one object twice, and paths go by identity


def _placed_arm(arm: ir.Arm, around: Around) -> ir.Arm:
    return arm if arm.chain is None else replace(arm, chain=placed(arm.chain, around))


def _placed_argument(argument: ir.Argument, around: Around) -> ir.Argument:
    inner = argument.value
    return replace(argument, value=placed(inner, around)) if isinstance(inner, ir.Chain) else argument


def descends(stage: ir.AnyStage) -> bool:
    """Returns whether the stage turns gradients into a step down: itself, or a chain inside it."""
    match stage:
        case ir.Stage(word, arguments):
            if any(isinstance(a.value, ir.Chain) and any(map(descends, a.value.stages)) for a in arguments):
                return True
            row = row_of(stage)
            traits = row.traits if row else None
            if word == "scale":
                size = stage["step_size"]
                return isinstance(size, (int, float)) and size < 0
            return word != "maximize" and traits is not None and traits.sign == -1
        case ir.Guarded(inner):
            return any(map(descends, inner.stages))
        case ir.Match(arms):
            return any(any(map(descends, arm.chain.stages)) for arm in arms if arm.chain is not None)
        case _:
            return False
