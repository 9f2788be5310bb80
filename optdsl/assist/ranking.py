"""Assist, the order of proposals: first what begins with the word, then what only resembles it."""

from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


def ranked(typed: str, items: Iterable[tuple[str, Item]]) -> list[Item]:
    """Returns the items whose name fits `typed`, best first; of equals, those that came first.

    >>> ranked("de", [("decay", 1), ("scale_by_adadelta", 2), ("adam", 3), ("add_decayed_weights", 4)])
    [1, 4, 2]
    """
    wanted = typed.lower()
    scored = [(score, item) for name, item in items if (score := _score(wanted, name.lower())) is not None]
    return [item for _, item in sorted(scored, key=lambda pair: pair[0])]


def _score(typed: str, name: str) -> int | None:
    """Returns how far a name is from what was typed: begins so, a word of it does, contains it, its letters."""
    if name.startswith(typed):
        return 0
    if any(f"{mark}{typed}" in name for mark in "_/."):
        return 1
    if typed in name:
        return 2
    letters = iter(name)
    return 3 if len(typed) > 1 and name[:1] == typed[0] and all(letter in letters for letter in typed) else None
