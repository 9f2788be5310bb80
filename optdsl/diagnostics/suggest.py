"""The nearest name: what was probably meant by a word that is not known."""

from collections.abc import Iterable


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Returns the name closest to `word`, or None where nothing is close enough to be a slip.

    >>> nearest("adma", ["adam", "adamax", "sgd"])
    'adam'
    """
    folded = {name.lower(): name for name in names}
    typed = word.lower()
    if typed in folded:
        return folded[typed]
    most = max(1, len(typed) // 3)
    near = [name for name in folded if abs(len(name) - len(typed)) <= most]
    ranked = sorted((distance(typed, name), _unlike(typed, name), -len(name), name) for name in near)
    if ranked and ranked[0][0] <= most and ranked[0][0] < len(typed):
        return folded[ranked[0][3]]
    return folded.get(_extended(typed, folded))


def _unlike(word: str, name: str) -> int:
    """Returns how unlikely a slip is among those of one distance: first two letters swapped, then one doubled."""
    if sorted(word) == sorted(name):
        return 0
    return 1 if set(word) == set(name) else 2


def _extended(word: str, names: Iterable[str]) -> str:
    """Returns the shortest name that begins or ends with a word of three letters or more."""
    longer = [name for name in names if len(word) > 2 and (name.startswith(word) or name.endswith(word))]
    return min(longer, key=len, default="")


def distance(one: str, other: str) -> int:
    """Returns how many slips lie between two words: letters missing, added, changed, or two of them swapped."""
    before, row = list[int](), list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row, above = row, [i], before
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]


def listed(names: Iterable[str], last: str = "and") -> str:
    """Returns names in backquotes as a sentence lists them: `a`, `b` and `c`."""
    *rest, end = [f"`{name}`" for name in names] or [""]
    return f"{', '.join(rest)} {last} {end}" if rest else end
