"""What a program's meaning tells without its parameters: one small function a rule, each over one chain."""

from collections import Counter
from collections.abc import Iterator, Sequence

from optdsl import ir
from optdsl.semantics.rules import direction, doubled, order, schedules
from optdsl.semantics.rules.finding import Found, Rule, View, views
from optdsl.source import Range

RULES: tuple[Rule, ...] = (*direction.RULES, *order.RULES, *doubled.RULES, *schedules.RULES)


def findings(chain: ir.Chain, text: str) -> Iterator[Found]:
    """Yields what the rules find in every chain of a program; `text` is its source."""
    seen = tuple(views(chain, text))
    shared = _shared(seen)
    for view in seen:
        for rule in RULES:
            for found in rule(view):
                yield found._replace(edit=None) if _touches(found.edit, shared) else found


def _shared(seen: Sequence[View]) -> tuple[Range, ...]:
    """Returns the places of stages that are meant more than once, as in a definition that is called twice."""
    counted = Counter(effect.span for view in seen for effect in view.seen)
    return tuple(place for place, times in counted.items() if times > 1)


def _touches(edit: tuple[Range, str] | None, places: Sequence[Range]) -> bool:
    return edit is not None and any(p.start < edit[0].end and edit[0].start < p.end for p in places)
