"""REPL, what it remembers between two lines: the program that is kept, values for holes, shapes, and what failed.

It knows how a program is completed from these. It prints nothing and imports no jax.
"""

from argparse import Namespace
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from optdsl import api
from optdsl.cli.programs import hole_values, set_values
from optdsl.diagnostics import Diagnostic
from optdsl.syntax.ast import Program, hole_names

if TYPE_CHECKING:
    from optdsl.repl.running import Standing

MOST_PROGRAMS = 1000
_LENGTHS = {"total": "1000", "epoch_steps": "100"}
_TOTALS = ("1000", "10000", "100000", "1000000")
"""Lengths of a run that are tried where the user gave none and the schedules do not fit the one before."""
_MISSING_HOLE, _TOO_SHORT = "E205", "E309"


class Refused(Exception):
    """What was asked for cannot be done; the message is one line that says why."""


class Leave(Exception):
    """The user leaves."""


class Shapes(NamedTuple):
    """A model that was loaded: its file, a tree of shapes, and the paths of its leaves."""

    path: Path
    tree: Any
    leaves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A program, and the values that were put over it, as they were typed."""

    tree: Program
    sets: tuple[tuple[str, str], ...] = ()

    @property
    def whole(self) -> Program:
        """Returns the program with the values put over it."""
        return self.tree.replace(_values(self.sets)) if self.sets else self.tree

    @property
    def text(self) -> str:
        """Returns the text as it was typed; with values put over it, that of what it means."""
        return self.whole.text.strip()

    @property
    def line(self) -> str:
        """Returns the text on one line."""
        return " ".join(self.text.split())

    def setting(self, path: str, value: str) -> "Kept":
        """Returns the program with one more value put over it."""
        return replace(self, sets=(*(pair for pair in self.sets if pair[0] != path), (path, value)))


@dataclass(slots=True)
class Session:
    """What one conversation has come to."""

    kept: Kept | None = None
    waiting: Program | None = None
    """The last program if it lacks values for its holes."""
    programs: list[Program] = field(default_factory=list[Program])
    """All that were kept, in order; `:hist` counts them from 1."""
    holes: dict[str, str] = field(default_factory=dict[str, str])
    shapes: Shapes | None = None
    file: str | None = None
    """The file that was loaded or saved last."""
    standing: "Standing | None" = None
    """The kept program compiled, with a model that it runs on."""
    failed: bool = False

    @property
    def opt(self) -> Kept:
        """Returns the program that is kept; raises `Refused` if there is none yet."""
        if self.kept is None:
            raise Refused("there is no program yet: type one, such as `clip(1.0) | adam(1e-3)`")
        return self.kept

    @property
    def leaves(self) -> tuple[str, ...]:
        """Returns the paths of the model's leaves, none where no model is loaded."""
        return self.shapes.leaves if self.shapes else ()

    def keep(self, tree: Program) -> None:
        """Makes a program the one that is kept."""
        self.kept, self.waiting, self.standing = Kept(tree), None, None
        if tree in self.programs:
            self.programs.remove(tree)
        self.programs.append(tree)
        del self.programs[:-MOST_PROGRAMS]

    # ---- completing programs

    def check(self, kept: Kept) -> list[Diagnostic]:
        """Returns everything that can be said against a program, its holes filled as far as they are known."""
        holes = values_of_holes(self.filled(kept))
        return api.check(kept.whole, holes=holes, params=self.shapes.tree if self.shapes else None)

    def filled(self, kept: Kept) -> dict[str, str]:
        """Returns the values for the holes of a program, the lengths of a run among them."""
        return {**self._known(kept.tree), **self.lengths(kept)}

    def needed(self, kept: Kept) -> dict[str, str]:
        """Returns `filled` without the lengths that nobody asked for: a chart would be drawn up to them."""
        given = {name: text for name, text in self.holes.items() if name in _LENGTHS}
        return {**self._known(kept.tree), **given, **self.assumed(kept)}

    def lengths(self, kept: Kept) -> dict[str, str]:
        """Returns `total` and `epoch_steps`: the user's, else usual ones that the program's schedules fit into."""
        usual = {**_LENGTHS, **{name: text for name, text in self.holes.items() if name in _LENGTHS}}
        if "total" in self.holes or not self._count(kept, usual, _TOO_SHORT):
            return usual
        tried = ({**usual, "total": total} for total in _TOTALS)
        return next((lengths for lengths in tried if not self._count(kept, lengths, _TOO_SHORT)), usual)

    def assumed(self, kept: Kept) -> dict[str, str]:
        """Returns the lengths that the program depends on and the user did not give."""
        lengths = self.lengths(kept)
        missing = self._count(kept, lengths, _MISSING_HOLE)
        return {
            name: text
            for name, text in lengths.items()
            if name not in self.holes
            and self._count(kept, {n: t for n, t in lengths.items() if n != name}, _MISSING_HOLE) > missing
        }

    def _known(self, tree: Program) -> dict[str, str]:
        used = hole_names(tree)
        return {name: text for name, text in self.holes.items() if name in used and name not in _LENGTHS}

    def _count(self, kept: Kept, lengths: dict[str, str], code: str) -> int:
        """Returns how many findings of a code a program has."""
        holes = values_of_holes({**self._known(kept.tree), **lengths})
        return sum(finding.code == code for finding in api.check(kept.whole, holes=holes))


def values_of_holes(holes: dict[str, str]) -> dict[str, object]:
    """Returns the values of holes as the command line reads them."""
    return hole_values(Namespace(command="repl", holes=[f"{name}={text}" for name, text in holes.items()]))


def _values(sets: tuple[tuple[str, str], ...]) -> dict[str, object]:
    return set_values(Namespace(command="repl", sets=[f"{path}={text}" for path, text in sets]))
