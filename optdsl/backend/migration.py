"""From the state of one program to that of another: what stages of the same name remember is kept."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax

from optdsl import ir
from optdsl.backend.lower import Find
from optdsl.semantics.names import named

PyTree = Any


class Migration(NamedTuple):
    """What became of the state, stages by path."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    """Stages that start anew, because the old program had none of that name and form."""
    dropped: tuple[str, ...]
    lookalikes: tuple[str, ...]
    """Added stages that stand where another word had a state of the same form (E404): it was not taken over."""

    def __str__(self) -> str:
        """Returns one line for each kind of fate that a stage had."""
        rows = [(name, paths) for name, paths in self._asdict().items() if paths]
        return "\n".join(f"{name}: {', '.join(paths)}" for name, paths in rows)


class Standing(NamedTuple):
    """A program and its state, with the way to each stage's part."""

    chain: ir.Chain
    places: Mapping[str, Find]
    state: PyTree

    def parts(self) -> dict[str, tuple[str, PyTree]]:
        """Returns word and state by path, of the stages that remember something."""
        found: dict[str, tuple[str, PyTree]] = {}
        for path, stage in named(self.chain):
            part = self.places[path](self.state) if path in self.places else None
            wraps = any(isinstance(a.value, ir.Chain) for a in getattr(stage, "arguments", ()))
            if part is not None and jax.tree.leaves(part) and not wraps:
                found[path] = (getattr(stage, "word", ""), part)
        return found


def migrate(old: Standing, new: Standing) -> tuple[PyTree, Migration]:
    """Returns the state of `new` with what `old` remembers, stage by stage, and a report."""
    before, after = old.parts(), new.parts()
    kept = tuple(path for path, part in after.items() if path in before and _same(before[path], part))
    moved = {id(after[path][1]): before[path][1] for path in kept}
    state = jax.tree.map(lambda node: moved.get(id(node), node), new.state, is_leaf=lambda node: id(node) in moved)
    added = tuple(path for path in after if path not in kept)
    alike = tuple(path for path in added if any(_alike(part, after[path]) for part in before.values()))
    dropped = tuple(path for path in before if path not in kept)
    return state, Migration(kept, added, dropped, alike)


def _same(one: tuple[str, PyTree], other: tuple[str, PyTree]) -> bool:
    return one[0] == other[0] and _form(one[1]) == _form(other[1])


def _alike(one: tuple[str, PyTree], other: tuple[str, PyTree]) -> bool:
    return one[0] != other[0] and _form(one[1]) == _form(other[1])


def _form(part: PyTree) -> tuple[Any, ...]:
    return jax.tree.structure(part), tuple((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(part))
