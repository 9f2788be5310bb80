"""The arms of `match` that leaves belong to, frozen leaves too, which a bound program has let go of.

In: a chain before binding, and what its selectors choose. Out: for each leaf the paths of its arms.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from optdsl import ir
from optdsl.semantics.names import named

Chosen = Callable[[ir.Selector], Sequence[bool]]


def arms(chain: ir.Chain, chosen: Chosen, leaves: int) -> tuple[tuple[str, ...], ...]:
    """Returns for each of the `leaves` the paths of the arms that take it, `match.0` or `match.0.match.1`, outer first.

    `chosen` tells for a selector which leaves it selects.
    """
    finder = _Finder({id(stage): path for path, stage in named(chain)}, chosen, [[] for _ in range(leaves)])
    finder.chain(chain, (True,) * leaves)
    return tuple(map(tuple, finder.found))


class _Finder(NamedTuple):
    paths: Mapping[int, str]
    chosen: Chosen
    found: list[list[str]]

    def chain(self, chain: ir.Chain, active: Sequence[bool]) -> None:
        for stage in chain.stages:
            self._stage(stage, active)

    def _stage(self, stage: ir.AnyStage, active: Sequence[bool]) -> None:
        match stage:
            case ir.Guarded(inner, None):
                self.chain(inner, active)
            case ir.Guarded(inner, selector) if selector is not None:
                self.chain(inner, self._taken(selector, active))
            case ir.Match():
                self._match(stage, active)
            case ir.Stage(_, arguments):
                for argument in arguments:
                    if isinstance(argument.value, ir.Chain):
                        self.chain(argument.value, active)
            case _:
                return

    def _match(self, stage: ir.Match, active: Sequence[bool]) -> None:
        left = active
        for number, arm in enumerate(stage.arms):
            taken = left if arm.selector is None else self._taken(arm.selector, left)
            left = [still and not now for still, now in zip(left, taken, strict=True)]
            for place, mine in enumerate(taken):
                self.found[place] += [f"{self.paths[id(stage)]}.{number}"] * mine
            if arm.chain is not None:
                self.chain(arm.chain, taken)

    def _taken(self, selector: ir.Selector, active: Sequence[bool]) -> list[bool]:
        return [there and one for there, one in zip(active, self.chosen(selector), strict=True)]
