"""Assist, completion: an unfinished text and a cursor in, what may be written there out, best first."""

from collections.abc import Iterable, Iterator, Sequence

from optdsl.assist.calls import enclosing, parameter_of, row_of
from optdsl.assist.outline import outline
from optdsl.assist.places import Outline, Slot
from optdsl.assist.proposals import Completion, CompletionKind, Proposals, paths
from optdsl.assist.ranking import ranked


def complete(text: str, offset: int, leaves: Sequence[str] = ()) -> tuple[Completion, ...]:
    """Returns what may be written at `offset`, what begins with the word there first; never raises.

    `leaves` are the paths of the parameters, if they are known.
    >>> complete("clip(1.0) | adamw(1e-3, we", 26)[0].label
    'weight_decay='
    """
    offset = max(0, min(offset, len(text)))
    found = outline(text, offset)
    place = found.place
    if place.dead:
        return ()
    typed = text[place.start : offset]
    if place.quoted:
        return _strings(found, typed, leaves)
    word = typed.rpartition(".")[2] if place.slot is not Slot.SELECTOR else typed
    return tuple(ranked(word, _named(Proposals(found, offset, leaves).all(), word)))


def _named(proposals: Iterable[Completion], typed: str) -> Iterator[tuple[str, Completion]]:
    """Yields proposals by what is typed for them, each label once: a hole also without its colon."""
    seen: set[str] = set()
    for one in proposals:
        if one.label in seen:
            continue
        seen.add(one.label)
        yield (one.label if typed.startswith(":") else one.label.removeprefix(":")), one


def _strings(found: Outline, typed: str, leaves: Sequence[str]) -> tuple[Completion, ...]:
    """Returns what a string that was begun may be: a path in a selector, a word that its parameter knows."""
    place, quote = found.place, typed[:1]
    words: Iterator[tuple[str, CompletionKind]]
    if place.slot is Slot.SELECTOR and not place.compared:
        words = ((path.label, "path") for path in paths(leaves, 0))
    else:
        words = ((word, "value") for word in _choices(found))
    made = ((word, Completion(word, f"{quote}{word}{quote}", kind, "", "", place.start)) for word, kind in words)
    return tuple(ranked(typed[1:], made))


def _choices(found: Outline) -> tuple[str, ...]:
    place = found.place
    call = enclosing(place.frame, place.argument)
    row = None if call is None else row_of(call[0].callee, found.text, found.visible(place.start))
    parameter = None if row is None or call is None else parameter_of(row, *call)
    return parameter.choices if parameter is not None else ()
