"""Which stages treat every leaf by itself, so that what they do to one leaf can be traced once for all of its shape."""

from optdsl import ir
from optdsl.registry import Kind
from optdsl.semantics.rows import row_of

_BY_TREE = frozenset({Kind.TRANSFORM, Kind.CALLABLE, Kind.MASK, Kind.KEY, Kind.OBJECT})
"""Kinds of parameters that may tell one leaf from another, or draw other numbers for it."""


def per_leaf(stage: ir.AnyStage) -> bool:
    """Returns whether a stage does to a leaf what it would do to it alone: as measured, and nothing of Python in it.

    >>> per_leaf(ir.Stage("scale_by_sign")), per_leaf(ir.Stage("clip_by_global_norm"))
    (True, False)
    """
    if not isinstance(stage, ir.Stage) or isinstance(stage, ir.RegisteredStage):
        return False
    row = row_of(stage)
    if row is None or row.traits is None or not row.traits.elementwise:
        return False
    by_tree = [p.name for p in row.parameters if p.kind in _BY_TREE]
    return not any(_is_given(stage[name]) for name in by_tree)


def _is_given(value: ir.Value) -> bool:
    return value is not None and not isinstance(value, ir.Default)
