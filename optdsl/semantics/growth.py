"""How large a value is when its names are written out: what keeps names that double from filling the memory.

Values share their parts, so measuring takes each part once; what is counted is the text they stand for.
"""

from typing import NamedTuple

from optdsl import ir
from optdsl.node import is_node


class Extent(NamedTuple):
    """Nodes and stages of a value when written out, and how deep it nests."""

    nodes: int
    stages: int
    depth: int


class Measure:
    """Measures values; keeps those it has measured, so that none is walked twice."""

    def __init__(self) -> None:
        self._known = dict[int, tuple[object, Extent]]()

    def __call__(self, value: object) -> Extent:
        """Returns the extent of `value`."""
        if type(value) is not tuple and not is_node(value):
            return Extent(1, 0, 1)
        place = id(value)  # pyright: ignore[reportUnknownArgumentType]
        if place not in self._known:  # the value is kept too, so that its place goes to no other
            self._known[place] = (value, self._fresh(value))  # pyright: ignore[reportUnknownArgumentType]
        return self._known[place][1]

    def _fresh(self, value: object) -> Extent:
        nodes, stages, depth = 1, int(isinstance(value, (ir.Stage, ir.Centralize, ir.Decay, ir.HostStage))), 0
        for part in ir.parts(value):
            inside = self(part)
            nodes, stages, depth = nodes + inside.nodes, stages + inside.stages, max(depth, inside.depth)
        return Extent(nodes, stages, depth if isinstance(value, tuple) else depth + 1)
