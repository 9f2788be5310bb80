"""Stages of a program -> their rows. A registered stage brings its own, which outlasts the scope it was read in."""

from optdsl import ir
from optdsl.registry import Row, lookup


def row_of(stage: ir.AnyStage) -> Row | None:
    """Returns the row of a stage, None for what has none: groups, guards, transforms from holes."""
    match stage:
        case ir.RegisteredStage(origin=origin):
            return origin.row
        case ir.Stage(word) | ir.Centralize(word=word) | ir.Decay(word=word):
            return lookup(word)
        case ir.Freeze():
            return lookup("freeze")
        case _:
            return None
