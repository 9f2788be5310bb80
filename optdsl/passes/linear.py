"""Passes over linear stages: what multiplies all updates by one number, and centring, which commutes with that."""

from collections.abc import Callable, Sequence

from optdsl import ir
from optdsl.passes.piece import Piece, Together, members

_FACTORS = {"scale": "step_size", "scale_by_learning_rate": "learning_rate", "lr": "learning_rate"}
"""Words that multiply every update by one number, and the parameter that has it."""
_CLIPS = ("clip_by_global_norm", "clip_norm")


def is_clip(stage: ir.AnyStage) -> bool:
    """Returns whether a stage clips by the global norm, with one number for all leaves and steps."""
    return isinstance(stage, ir.Stage) and stage.word in _CLIPS and _is_number(stage["max_norm"])


def is_factor(stage: ir.AnyStage) -> bool:
    """Returns whether a stage multiplies every update by one number that does not vary."""
    if not isinstance(stage, ir.Stage):
        return False
    return stage.word == "maximize" or (stage.word in _FACTORS and _is_number(stage[_FACTORS[stage.word]]))


def is_centre(stage: ir.AnyStage) -> bool:
    """Returns whether a stage subtracts plain means, which no other device and no zero row has a part in."""
    return isinstance(stage, ir.Centralize) and not stage.sparse_rows and not stage.axis_name


def _is_number(value: ir.Value) -> bool:
    if isinstance(value, ir.Host):
        return not callable(value.value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def clip_factor(pieces: Sequence[Piece]) -> list[Piece]:
    """Returns the pieces with every clip by the global norm as a factor."""
    return [_alone(piece, "clip_factor") if _is_one(piece, is_clip) else piece for piece in pieces]


def fused_mean(pieces: Sequence[Piece]) -> list[Piece]:
    """Returns the pieces with every plain centralize fused."""
    return [_alone(piece, "fused_mean") if _is_one(piece, is_centre) else piece for piece in pieces]


def _is_one(piece: Piece, test: Callable[[ir.AnyStage], bool]) -> bool:
    return not isinstance(piece, Together) and test(piece)


def _alone(piece: Piece, by: str) -> Together:
    stages = members(piece)
    return Together(stages, (False,), {by: stages})


def centre_once(pieces: Sequence[Piece]) -> list[Piece]:
    """Returns the pieces with the later of two equal neighbours among centralize left out."""
    found: list[Piece] = []
    for piece in pieces:
        if found and _same_centre(found[-1], piece):
            found[-1] = _joined(found[-1], piece, "centre_once", idle=True)
        else:
            found.append(piece)
    return found


def _same_centre(one: Piece, other: Piece) -> bool:
    before, after = members(one)[-1], members(other)[0]
    if not (isinstance(one, Together) and isinstance(before, ir.Centralize) and isinstance(after, ir.Centralize)):
        return False
    return is_centre(after) and (before.axes, before.min_ndim) == (after.axes, after.min_ndim)


def one_factor(pieces: Sequence[Piece]) -> list[Piece]:
    """Returns the pieces with runs of factors, and of factors before centring, in one piece each."""
    found: list[Piece] = []
    for piece in pieces:
        if found and _is_linear(piece) and any(map(_multiplies, members(found[-1]))):
            found[-1] = _joined(found[-1], piece, "one_factor")
        else:
            found.append(piece)
    return found


def _is_linear(piece: Piece) -> bool:
    return isinstance(piece, Together) or is_factor(piece)


def _multiplies(stage: ir.AnyStage) -> bool:
    return is_factor(stage) or is_clip(stage)


def _joined(one: Piece, other: Piece, by: str, *, idle: bool = False) -> Together:
    left, right = (piece if isinstance(piece, Together) else Together((piece,), (False,), {}) for piece in (one, other))
    stages = (*left.stages, *right.stages)
    found = {name: (*left.by.get(name, ()), *right.by.get(name, ())) for name in (*left.by, *right.by)}
    return Together(stages, (*left.idle, *(idle or was for was in right.idle)), {**found, by: stages})
