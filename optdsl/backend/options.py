"""What the host says about the model, beside the program."""

from typing import Literal, NamedTuple


class Options(NamedTuple):
    """The layout of kernels, and the leading stacked axes by path glob."""

    layout: Literal["flax", "torch"] = "flax"
    stacked: tuple[tuple[str, int], ...] = ()
