"""Edits of a program's text that are safe where they stand, None where they are not.

Safe is what neither comments, names, guards nor brackets tie to its place: a stage in a plain run of `|`.
"""

import re
from functools import lru_cache

from optdsl.semantics.effects import Effect
from optdsl.semantics.rules.finding import View
from optdsl.source import Range

Edit = tuple[Range, str]

_BAR = re.compile(r"\s*\|\s*")
_OPENS = frozenset("|({;=>")
_CLOSES = frozenset("|)},;")
_STRING_OR_COMMENT = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*")


def in_front(view: View, first: Effect, second: Effect) -> Edit | None:
    """Returns the edit that moves `second` in front of `first`; what stands between them stays in order."""
    if id(second) not in view.spots:
        return None
    start, end = first.span.start, view.line[view.spots[id(second)][0] - 1].span.end
    between = view.text[end : second.span.start]
    if start > end or not _BAR.fullmatch(between) or not (_opens(view, first) and _closes(view, second)):
        return None
    moved = view.text[start:end]
    if any(moved.count(one) != moved.count(other) for one, other in ("()", "{}")):
        return None
    return Range(start, second.span.end), f"{view.written(second)}{between}{moved}"


def merged(view: View, first: Effect, second: Effect, written: str) -> Edit | None:
    """Returns the edit that puts `written` in the place of two stages that stand next to each other."""
    adjacent = _BAR.fullmatch(view.text[first.span.end : second.span.start])
    if not adjacent or not (_opens(view, first) and _closes(view, second)):
        return None
    return Range(first.span.start, second.span.end), written


def removed(view: View, effect: Effect) -> Edit | None:
    """Returns the edit that takes a stage out of its chain, with the bar that joins it."""
    start, end = effect.span
    bar = _BAR.match(view.text, end)
    if bar is not None and _opens(view, effect):
        return Range(start, bar.end()), ""
    place = _last(view.text, start)
    if place < 0 or view.text[place] != "|" or not _closes(view, effect):
        return None
    left = _last(view.text, place) + 1
    after_comment = "#" in view.text[view.text.rfind("\n", 0, left) + 1 : left]
    return None if after_comment else (Range(left, end), "")


def _opens(view: View, effect: Effect) -> bool:
    """Returns whether the stage stands at the start of a chain or behind a bar."""
    plain = _without_comments(view.text)
    place = _last(plain, effect.span.start)
    return place < 0 or plain[place] in _OPENS


def _closes(view: View, effect: Effect) -> bool:
    """Returns whether neither a name nor a guard follows the stage."""
    plain = _without_comments(view.text)
    place = effect.span.end
    while place < len(plain) and plain[place].isspace():
        place += 1
    return not effect.guarded and (place == len(plain) or plain[place] in _CLOSES)


def _last(text: str, end: int) -> int:
    """Returns where the last character before `end` stands that is no space, -1 if there is none."""
    while end > 0 and text[end - 1].isspace():
        end -= 1
    return end - 1


@lru_cache(maxsize=1)
def _without_comments(text: str) -> str:
    """Returns the text with spaces for its comments, every other character in its place."""
    return _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0][0] != "#" else " " * len(found[0]), text)
