"""Passes over linear stages: what multiplies all updates by one number, and centring, which commutes with that."""

from collections.abc import Sequence
from typing import NamedTuple

from optdsl import ir
from optdsl.passes.piece import Piece, Together, members


class Factor(NamedTuple):
    """What a stage multiplies every update by: a number that does not vary, with this sign."""

    number: ir.Value
    sign: int


class Clip(NamedTuple):
    """What a stage clips the global norm to: one number for all leaves and steps."""

    max_norm: ir.Value


Linear = Factor | Clip | ir.Centralize
"""What a stage is as a linear map; centring that no other device and no zero row has a part in is one."""


def linear(stage: ir.AnyStage) -> Linear | None:
    """Returns what a stage is as a linear map, None for what is none.

    >>> linear(ir.Stage("lr", (ir.Argument("learning_rate", 0.1),)))
    Factor(number=0.1, sign=-1)
    """
    match stage:
        case ir.Centralize():
            return None if stage.sparse_rows or stage.axis_name else stage
        case ir.Stage(word="maximize"):
            return Factor(1.0, -1)
        case ir.Stage(word="scale"):
            return _factor(stage["step_size"], 1)
        case ir.Stage(word="lr"):
            return _factor(stage["learning_rate"], -1)
        case ir.Stage(word="scale_by_learning_rate"):
            return _factor(stage["learning_rate"], -1 if stage["flip_sign"] else 1)
        case ir.Stage(word="clip_by_global_norm" | "clip_norm"):
            return Clip(stage["max_norm"]) if _is_number(stage["max_norm"]) else None
        case _:
            return None


def _factor(number: ir.Value, sign: int) -> Factor | None:
    return Factor(number, sign) if _is_number(number) else None


def _is_number(value: ir.Value) -> bool:
    if isinstance(value, ir.Host):
        return not callable(value.value)
    return isinstance(value, (int, float, ir.Slot)) and not isinstance(value, bool)


def clip_factor(pieces: Sequence[Piece]) -> list[Piece]:
    """Returns the pieces with every clip by the global norm as a factor."""
    return [_alone(piece, "clip_factor") if _is_one(piece, Clip) else piece for piece in pieces]


def fused_mean(pieces: Sequence[Piece]) -> list[Piece]:
    """Returns the pieces with every plain centralize fused."""
    return [_alone(piece, "fused_mean") if _is_one(piece, ir.Centralize) else piece for piece in pieces]


def _is_one(piece: Piece, kind: type[Linear]) -> bool:
    return not isinstance(piece, Together) and isinstance(linear(piece), kind)


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
    return linear(after) is not None and (before.axes, before.min_ndim) == (after.axes, after.min_ndim)


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
    return isinstance(piece, Together) or isinstance(linear(piece), Factor)


def _multiplies(stage: ir.AnyStage) -> bool:
    return isinstance(linear(stage), (Factor, Clip))


def _joined(one: Piece, other: Piece, by: str, *, idle: bool = False) -> Together:
    left, right = (piece if isinstance(piece, Together) else Together((piece,), (False,), {}) for piece in (one, other))
    stages = (*left.stages, *right.stages)
    found = {name: (*left.by.get(name, ()), *right.by.get(name, ())) for name in (*left.by, *right.by)}
    return Together(stages, (*left.idle, *(idle or was for was in right.idle)), {**found, by: stages})
