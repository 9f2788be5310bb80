"""Stage 5b, passes: adjacent stages of a bound chain -> pieces, some of which run in another way than Optax writes.

A pass says that some stages may run together or not at all, by a law of arithmetic; it changes no stage and no state.
How a piece runs is the backend's matter. Exact mode has no passes. It knows no arrays.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from optdsl import ir
from optdsl.passes import linear
from optdsl.passes.piece import Piece, Together, members
from optdsl.semantics.names import named


class Pass(NamedTuple):
    """A rewriting of pieces: its name, the law that allows it, and what it does to the pieces of one chain."""

    name: str
    law: str
    rewrite: Callable[[Sequence[Piece]], list[Piece]]


PASSES: tuple[Pass, ...] = (
    Pass(
        "clip_factor",
        "clipping g by its global norm is min(1, max_norm / norm) * g: one number, multiplied in where g is read",
        linear.clip_factor,
    ),
    Pass(
        "fused_mean",
        "a mean is a sum of sums in any order: one that is computed where g is made needs no copy of g in memory",
        linear.fused_mean,
    ),
    Pass(
        "centre_once",
        "centralize is idempotent, C(C(g)) = C(g): the second of two equal neighbours does nothing",
        linear.centre_once,
    ),
    Pass(
        "one_factor",
        "a * (b * g) = (a * b) * g, and C(a * g) = a * C(g): neighbouring scalar factors are one, multiplied in last",
        linear.one_factor,
    ),
)


class Fired(NamedTuple):
    """A pass that changed how stages run: its name, its law, and the paths of the stages."""

    name: str
    law: str
    paths: tuple[str, ...]


def pieces(stages: Sequence[ir.AnyStage]) -> tuple[Piece, ...]:
    """Returns the stages of one chain in pieces, after every pass.

    >>> clip = ir.Stage("clip_by_global_norm", (ir.Argument("max_norm", 1.0),))
    >>> [type(piece).__name__ for piece in pieces([clip, ir.Centralize(), ir.Stage("adam")])]
    ['Together', 'Stage']
    """
    found: list[Piece] = list(stages)
    for each in PASSES:
        found = each.rewrite(found)
    return tuple(found)


def fired(chain: ir.Chain) -> tuple[Fired, ...]:
    """Returns the passes that change how a program runs, chain by chain, with the stages that they concern."""
    paths = {id(stage): path for path, stage in named(chain)}
    laws = {each.name: each.law for each in PASSES}
    return tuple(
        Fired(name, laws[name], tuple(paths[id(stage)] for stage in concerned))
        for stages in _chains(chain)
        for piece in pieces(stages)
        if isinstance(piece, Together)
        for name, concerned in piece.by.items()
    )


def _chains(node: object) -> list[Sequence[ir.AnyStage]]:
    """Returns the stages of every chain inside, outer before inner."""
    own = [node.stages] if isinstance(node, ir.Chain) else []
    return [*own, *(stages for part in ir.parts(node) for stages in _chains(part))]


__all__ = ["PASSES", "Fired", "Pass", "Piece", "Together", "fired", "members", "pieces"]
