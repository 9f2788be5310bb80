"""What a program's meaning tells without its parameters: one small function a rule, each over one chain."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from optdsl import ir
from optdsl.semantics.rules import direction, doubled, order, schedules
from optdsl.semantics.rules.finding import Found, Rule, View, views
from optdsl.source import Range

RULES: tuple[Rule, ...] = (*direction.RULES, *order.RULES, *doubled.RULES, *schedules.RULES)


def findings(chain: ir.Chain, text: str) -> Iterator[Found]:
    """Yields what the rules find in every chain of a program; `text` is its source."""
    seen = tuple(views(chain, text))
    shared = _Shared(seen)
    for view in seen:
        for rule in RULES:
            for found in rule(view):
                yield found._replace(edit=None) if shared.touch(found.edit) else found


class _Shared:
    """The places of stages that are meant more than once, as in a definition that is called twice."""

    def __init__(self, seen: Sequence[View]) -> None:
        counted = Counter(effect.span for view in seen for effect in view.seen)
        places = sorted(place for place, times in counted.items() if times > 1)
        self._starts = [place.start for place in places]
        self._ends = list(accumulate((place.end for place in places), max))

    def touch(self, edit: tuple[Range, str] | None) -> bool:
        """Returns whether an edit would change one of them."""
        before = bisect_left(self._starts, edit[0].end) if edit else 0
        return edit is not None and before > 0 and self._ends[before - 1] > edit[0].start
