"""What rules take and give: a chain in its place, and findings that do not know their source yet."""

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

    def descent_before(self, effect: Effect) -> Effect | None:
        """Returns the last stage before `effect` that descends."""
        return next((e for e in reversed(self.before(effect)) if e.descends), None)


class Found(NamedTuple):
    """A finding of a rule; `edit` is a range and what may stand there instead."""

    code: str
    message: str
    place: Range
    help: str
    labels: tuple[tuple[Range, str], ...] = ()
    edit: tuple[Range, str] | None = None


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
        for inner in effect.inside:
            outer = _around(view, effect)
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
