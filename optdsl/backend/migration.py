"""From the state of one program to that of another: what stages of the same name remember is kept."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax

from optdsl import ir
from optdsl.backend.lower import Find
from optdsl.diagnostics import Diagnostic, Findings
from optdsl.semantics.names import named
from optdsl.source import Source

PyTree = Any


class Migration(NamedTuple):
    """What became of the state, stages by path."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    """Stages that start anew, because the old program had none of that name and form."""
    dropped: tuple[str, ...]
    lookalikes: tuple[str, ...]
    """Added stages for which another word had a state of the same form: it was not taken over."""
    findings: tuple[Diagnostic, ...] = ()
    """E404 for each of them, with its place in the new program."""

    def __str__(self) -> str:
        """Returns one line for each kind of fate that a stage had."""
        rows = [
            (name, getattr(self, name)) for name in ("kept", "added", "dropped", "lookalikes") if getattr(self, name)
        ]
        return "\n".join(f"{name}: {', '.join(paths)}" for name, paths in rows)


class Standing(NamedTuple):
    """A program and its state, with the way to each stage's part."""

    chain: ir.Chain
    places: Mapping[str, Find]
    state: PyTree
    source: Source

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
    alike = {path: _lookalike(after[path], before) for path in added}
    dropped = tuple(path for path in before if path not in kept)
    found = {path: other for path, other in alike.items() if other is not None}
    return state, Migration(kept, added, dropped, tuple(found), _reported(found, new))


def _lookalike(part: tuple[str, PyTree], before: Mapping[str, tuple[str, PyTree]]) -> str | None:
    """Returns the path of an old stage of another word whose state has the form of `part`."""
    return next((path for path, other in before.items() if _alike(other, part)), None)


def _reported(found: Mapping[str, str], new: Standing) -> tuple[Diagnostic, ...]:
    findings, stages = Findings(new.source), dict(named(new.chain))
    for path, other in found.items():
        message = f"`{path}` starts anew: the old `{other}` has a state of the same form, and its numbers mean others"
        findings.add("E404", message, stages[path].span, help="train on from fresh moments, or keep the stage")
    return findings.sorted()


def _same(one: tuple[str, PyTree], other: tuple[str, PyTree]) -> bool:
    return one[0] == other[0] and _form(one[1]) == _form(other[1])


def _alike(one: tuple[str, PyTree], other: tuple[str, PyTree]) -> bool:
    return one[0] != other[0] and _form(one[1]) == _form(other[1])


def _form(part: PyTree) -> tuple[Any, ...]:
    return jax.tree.structure(part), tuple((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(part))
