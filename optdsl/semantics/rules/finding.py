"""What rules take and give: a chain in its place, and findings that do not know their source yet."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple

from optdsl import ir
from optdsl.semantics.effects import Effect, Inside, effects, meant_sign, opened
from optdsl.source import Range


class View(NamedTuple):
    """One chain, as the rules see it."""

    seen: tuple[Effect, ...]
    span: Range
    text: str
    """The program's source, for edits that move pieces of it."""
    line: tuple[Effect, ...] = ()
    """What gradients meet from the first stage of the program to its last, through this chain, blocks opened."""
    spots: dict[int, tuple[int, int]] = {}  # noqa: RUF012
    """Where in that line each effect of `seen` starts and ends, by its identity: equal stages may stand twice."""
    inside: tuple[str, ...] = ()
    """The words of what stands around the chain: wrappers, and `match` for an arm."""
    net: int | None = 1
    """The sign of everything around the chain, `maximize` left out; None: not known."""
    rated: bool = False
    """Whether a stage around the chain applies a rate."""
    grouped: bool = False
    """Whether other leaves that learn take another arm."""

    def written(self, effect: Effect) -> str:
        """Returns the text of a stage."""
        return self.text[effect.span.start : effect.span.end]

    def before(self, effect: Effect) -> tuple[Effect, ...]:
        """Returns what gradients meet before a stage, also outside the chain."""
        return self.line[: self.spots[id(effect)][0]]

    def after(self, effect: Effect) -> tuple[Effect, ...]:
        """Returns what gradients meet behind a stage, also outside the chain."""
        return self.line[self.spots[id(effect)][1] :]

    def those(self, test: Callable[[Effect], bool]) -> "Those":
        """Returns the stages of the line that pass a test, to be asked for by place."""
        return Those(self, test)


class Those:
    """Stages of a line that pass a test, found on the first question and then only looked up."""

    __slots__ = ("_places", "_test", "_view")

    def __init__(self, view: View, test: Callable[[Effect], bool]) -> None:
        self._view = view
        self._test = test
        self._places: list[int] | None = None

    def first(self) -> Effect | None:
        """Returns the first of them."""
        places = self.places()
        return self._view.line[places[0]] if places else None

    def first_before(self, effect: Effect) -> Effect | None:
        """Returns the first of them, if it stands before `effect`."""
        places = self.places()
        return self._view.line[places[0]] if places and places[0] < self._view.spots[id(effect)][0] else None

    def last_before(self, effect: Effect) -> Effect | None:
        """Returns the one that stands closest before `effect`."""
        at = bisect_left(self.places(), self._view.spots[id(effect)][0])
        return self._view.line[self.places()[at - 1]] if at else None

    def next_behind(self, effect: Effect) -> Effect | None:
        """Returns the one that stands closest behind `effect`."""
        at = len(self.places()) - self.count_behind(effect)
        return self._view.line[self.places()[at]] if at < len(self.places()) else None

    def count_behind(self, effect: Effect) -> int:
        """Returns how many stand behind `effect`."""
        return len(self.places()) - bisect_left(self.places(), self._view.spots[id(effect)][1])

    def places(self) -> list[int]:
        """Returns where in the line they stand."""
        if self._places is None:
            self._places = [place for place, effect in enumerate(self._view.line) if self._test(effect)]
        return self._places


class Found(NamedTuple):
    """A finding of a rule; `edit` is a range and what may stand there instead."""

    code: str
    message: str
    place: Range
    help: str
    labels: tuple[tuple[Range, str], ...] = ()
    edit: tuple[Range, str] | None = None
    lacks_descent: bool = False
    """Whether it is about a step down that is missing, which a fragment may lack."""


Rule = Callable[[View], Iterator[Found]]


def views(chain: ir.Chain, text: str) -> Iterator[View]:
    """Yields every chain of a program, the outermost first."""
    yield from _views(Inside(chain, effects(chain)), View((), chain.span, text), (), ())


def _views(here: Inside, around: View, earlier: tuple[Effect, ...], later: tuple[Effect, ...]) -> Iterator[View]:
    line, spots = list(earlier), dict[int, tuple[int, int]]()
    for effect in here.seen:
        start = len(line)
        line += opened((effect,))
        spots[id(effect)] = start, len(line)
    view = around._replace(seen=here.seen, span=here.chain.span, line=(*line, *later), spots=spots)
    yield view
    for effect in here.seen:
        outer = _around(view, effect) if effect.inside else view
        for inner in effect.inside:
            if effect.wraps and inner is not effect.inside[0]:  # a second optimizer, as that of `sam`: on its own
                yield from _views(inner, outer._replace(net=None), (), ())
            else:
                yield from _views(inner, outer, view.before(effect), view.after(effect))


def _around(view: View, effect: Effect) -> View:
    """Returns what the chains inside `effect` have around them."""
    others = [other for other in view.seen if other is not effect]
    net, own = meant_sign(others), effect.traits.sign if effect.wraps else 1
    learning = [inner for inner in effect.inside if meant_sign(inner.seen) != 0]
    return view._replace(
        inside=(*view.inside, effect.word),
        net=None if net is None or own is None or view.net is None else net * own * view.net,
        rated=view.rated or any(other.rate for other in others),
        grouped=view.grouped or (isinstance(effect.stage, ir.Match) and len(learning) > 1),
    )
