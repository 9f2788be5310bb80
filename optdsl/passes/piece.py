"""What passes make of a chain: pieces, each one stage, or several that run together."""

from collections.abc import Mapping
from dataclasses import dataclass

from optdsl import ir


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Adjacent stages that run as one linear map: scalar factors and centring, the factors multiplied in last.

    `idle` tells for each stage whether it may be left out; `by` are the passes that made the piece, by name, each
    with the stages that it changes.
    """

    stages: tuple[ir.AnyStage, ...]
    idle: tuple[bool, ...]
    by: Mapping[str, tuple[ir.AnyStage, ...]]


Piece = ir.AnyStage | Together


def members(piece: Piece) -> tuple[ir.AnyStage, ...]:
    """Returns the stages of a piece, in order."""
    return piece.stages if isinstance(piece, Together) else (piece,)
