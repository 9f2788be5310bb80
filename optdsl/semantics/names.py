"""Names of stages by path: `adam`, `adam_2`, `accumulate.adam`, `match.0.adamw`.

In: a chain. Out: its stages, those inside others too, each with its path and its guards. It prints nothing.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from optdsl import ir

Guard = ir.Guarded | ir.Arm


class Found(NamedTuple):
    """A stage where it stands: its path, how many stages it is inside of, and when it is passed."""

    path: str
    stage: ir.AnyStage
    depth: int
    guards: tuple[Guard, ...]
    """Conditions around the stage that no stage outside it has already, outermost first."""


def named(chain: ir.Chain, prefix: str = "") -> tuple[tuple[str, ir.AnyStage], ...]:
    """Returns every stage with its path, outer before inner, in the order of the program.

    The default name is the word, a second one in the same chain gets `_2`; names given with `as` are
    never taken by others. Guards are transparent, and `freeze` is no stage here.
    """
    return tuple((found.path, found.stage) for found in walk(chain, prefix) if not _is_freeze(found.stage))


def walk(chain: ir.Chain, prefix: str = "", depth: int = 0) -> Iterator[Found]:
    """Yields every stage with what surrounds it, `freeze` included, in the order of `named`."""
    return _walk(chain, _Names(prefix, chain), depth, ())


def _walk(chain: ir.Chain, names: "_Names", depth: int, guards: tuple[Guard, ...]) -> Iterator[Found]:
    for stage in chain.stages:
        if isinstance(stage, ir.Guarded):
            yield from _walk(stage.inner, names, depth, (*guards, stage))
            continue
        path = names.path(stage)
        yield Found(path, stage, depth, guards)
        yield from _inside(stage, path, depth + 1)


def _inside(stage: ir.AnyStage, path: str, depth: int) -> Iterator[Found]:
    if isinstance(stage, ir.Match):
        for place, arm in enumerate(stage.arms):
            if arm.chain is not None:
                yield from _walk(arm.chain, _Names(f"{path}.{place}.", arm.chain), depth, (arm,))
        return
    arguments = () if isinstance(stage, (ir.Freeze, ir.Guarded)) else stage.arguments
    first = True
    for argument in arguments:
        if isinstance(argument.value, ir.Chain):
            # Only a second chain must say which one it is: `sam.sgd`, `sam.adv_optimizer.sgd`.
            yield from walk(argument.value, f"{path}." if first else f"{path}.{argument.name}.", depth)
            first = False


class _Names:
    """Hands out the names of one chain, those inside its guards included."""

    def __init__(self, prefix: str, chain: ir.Chain) -> None:
        self._prefix = prefix
        self._aliases = frozenset(_aliases(chain))
        self._used: set[str] = set()
        self._counts: Counter[tuple[str, bool]] = Counter()

    def path(self, stage: ir.AnyStage) -> str:
        """Returns the path of the next stage of the chain."""
        name, is_alias = _name(stage), _alias(stage) is not None
        path = self._next(name, is_alias)
        while path in self._used or (not is_alias and path in self._aliases):
            path = self._next(name, is_alias)
        self._used.add(path)
        return f"{self._prefix}{path}"

    def _next(self, name: str, is_alias: bool) -> str:
        self._counts[name, is_alias] += 1
        number = self._counts[name, is_alias]
        return name if number == 1 else f"{name}_{number}"


def _aliases(chain: ir.Chain) -> Iterator[str]:
    for stage in chain.stages:
        if isinstance(stage, ir.Guarded):
            yield from _aliases(stage.inner)
        elif (alias := _alias(stage)) is not None:
            yield alias


def _name(stage: ir.AnyStage) -> str:
    if isinstance(stage, (ir.Freeze, ir.Guarded)):
        return "freeze"
    return stage.alias or stage.word


def _alias(stage: ir.AnyStage) -> str | None:
    return None if isinstance(stage, (ir.Freeze, ir.Guarded)) else stage.alias


def _is_freeze(stage: ir.AnyStage) -> bool:
    return isinstance(stage, ir.Freeze)
