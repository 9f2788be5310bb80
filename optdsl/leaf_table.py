"""The table of leaves in a report: what a program does to each, as text, HTML and plain data.

In: what the backend found about the leaves. Out: lines. It knows no programs and computes nothing but sums.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

_HEADINGS = ("shape", "dtype", "arm", "lr", "factor", "decay", "state", "path")
_RIGHT = ("lr", "factor", "decay", "state")
_LEGEND = "lr, decay: learning rate and weight decay at the first update. state: bytes that the optimizer keeps."


@dataclass(frozen=True, slots=True)
class DecayReport:
    """A weight decay that reaches a leaf: the path of its parameter, and its value at the first update."""

    path: str
    value: float


@dataclass(frozen=True, slots=True)
class LeafReport:
    """A leaf of the parameters, and what the program does to it; `size` counts its numbers."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    arm: str | None
    """The arm of `match` that the leaf belongs to, such as `match.0`."""
    frozen: bool
    learning_rate: float | None
    """The product of the learning rates and scales that reach the leaf, at the first update; None if none does."""
    factor: float | None
    """The highest learning rate of the leaf over time, as a share of the highest of all leaves."""
    weight_decay: tuple[DecayReport, ...]
    state_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as plain data."""
        decays = [asdict(decay) for decay in self.weight_decay]
        return {**asdict(self), "shape": list(self.shape), "weight_decay": decays}

    def cells(self) -> tuple[str, ...]:
        """Returns the row of the leaf, a text for each heading; of a frozen leaf, what it has no part in is a dash."""
        rate = "frozen" if self.frozen else _number(self.learning_rate)
        decay = " + ".join(_number(decay.value) for decay in self.weight_decay)
        path = self.path if self.path.isprintable() else ascii(self.path)
        numbers = (rate, _number(self.factor), decay, f"{self.state_bytes:,}")
        return tuple(cell or "-" for cell in (str(self.shape), self.dtype, self.arm, *numbers, path))


@dataclass(frozen=True, slots=True)
class Leaves:
    """The leaves in the order of the tree, and the bytes of the whole state, counters included."""

    leaves: tuple[LeafReport, ...]
    state_bytes: int
    highest_rate: float | None
    """The highest learning rate that any leaf has over time, which factors are shares of."""

    @property
    def totals(self) -> dict[str, int]:
        """Returns the sums: of leaves, of the numbers in them by whether they train, of bytes of state."""
        frozen = [leaf.size for leaf in self.leaves if leaf.frozen]
        parameters = sum(leaf.size for leaf in self.leaves)
        return {
            "leaves": len(self.leaves),
            "frozen_leaves": len(frozen),
            "parameters": parameters,
            "trainable_parameters": parameters - sum(frozen),
            "frozen_parameters": sum(frozen),
            "state_bytes": self.state_bytes,
        }

    def to_dict(self) -> dict[str, Any]:
        """Returns `{"leaves": [...], "totals": {...}}`, the fields of each leaf by name."""
        totals = {**self.totals, "highest_learning_rate": self.highest_rate}
        return {"leaves": [leaf.to_dict() for leaf in self.leaves], "totals": totals}

    def lines(self) -> Iterator[str]:
        """Yields the table, a line for each leaf; paths come last, so that they may be as long as they are."""
        rows = [_HEADINGS, *(leaf.cells() for leaf in self.leaves)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield "leaves"
        for row in rows:
            yield f"    {_aligned(row, widths)}"
        yield "totals"
        yield from (f"    {line}" for line in self._notes())

    def _notes(self) -> Iterator[str]:
        sums = self.totals
        still = f", {sums['frozen_leaves']:,} of them frozen" if sums["frozen_leaves"] else ""
        parts = f" ({sums['trainable_parameters']:,} trainable, {sums['frozen_parameters']:,} frozen)" if still else ""
        leaves = "leaf" if sums["leaves"] == 1 else "leaves"
        yield f"{sums['leaves']:,} {leaves}{still}; {sums['parameters']:,} parameters{parts}"
        shared = self.state_bytes - sum(leaf.state_bytes for leaf in self.leaves)
        yield f"{self.state_bytes:,} bytes of state" + (f", {shared:,} of them counters and the like" if shared else "")
        yield _LEGEND
        if self.highest_rate is not None:
            yield f"factor: the leaf's highest learning rate over time, as a share of {_number(self.highest_rate)}"

    def html(self) -> str:
        """Returns the table as HTML, every text escaped."""
        heads = "".join(f"<th>{head}</th>" for head in _HEADINGS)
        rows = "".join(map(_html_row, self.leaves))
        notes = "<br>".join(map(escape, self._notes()))
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table><p><small>{notes}</small></p>"


def _number(number: float | None) -> str:
    """Returns a number as a person reads it, to four digits."""
    return "" if number is None else f"{number:.4g}"


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    columns = zip(_HEADINGS, row, widths, strict=True)
    cells = (cell.rjust(width) if name in _RIGHT else cell.ljust(width) for name, cell, width in columns)
    return "  ".join(cells).rstrip()


def _html_row(leaf: LeafReport) -> str:
    columns = zip(_HEADINGS, leaf.cells(), strict=True)
    cells = (
        f'<td style="text-align:{"right" if name in _RIGHT else "left"}">{escape(cell)}</td>' for name, cell in columns
    )
    style = ' style="opacity:0.55"' if leaf.frozen else ""
    return f"<tr{style}>{''.join(cells)}</tr>"
