"""What a regular expression becomes: instructions that follow each other, the end of which is a match.

Distances are relative, so that code may be put together and repeated as it is. It knows no syntax.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

Condition = Literal["start", "end", "very end", "word edge", "no word edge"]


@dataclass(frozen=True, slots=True)
class Characters:
    """Goes on past one character that belongs to a set."""

    bounds: tuple[int, ...]
    """Where the code points that belong begin and end, by turns, in ascending order."""
    classes: str = ""
    """Letters of the classes that belong too: `d` for `\\d`, `D` for all but `\\d`, and so on."""
    negated: bool = False
    folded: bool = False
    """Whether a letter belongs if another of the same letters in upper or lower case does."""

    def hold(self, character: str) -> bool:
        """Returns whether `character` belongs to the set."""
        forms = _letters().get(character, character) if self.folded else character
        listed = any(bisect_right(self.bounds, ord(form)) % 2 for form in forms)
        return self.negated != (listed or any(_in_class(character, letter) for letter in self.classes))


@dataclass(frozen=True, slots=True)
class Fork:
    """Goes on both with the next instruction and `over` instructions from here."""

    over: int


@dataclass(frozen=True, slots=True)
class Jump:
    """Goes on `over` instructions from here."""

    over: int


@dataclass(frozen=True, slots=True)
class Check:
    """Goes on, past no character, where a condition holds."""

    condition: Condition


Code = tuple[Characters | Fork | Jump | Check, ...]


def bounds_of(ranges: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """Returns the bounds of the code points in `ranges`, whose ends are inclusive and which may overlap."""
    bounds: list[int] = []
    for first, last in sorted(ranges):
        if bounds and first <= bounds[-1]:
            bounds[-1] = max(bounds[-1], last + 1)
        else:
            bounds += (first, last + 1)
    return tuple(bounds)


def either(branches: list[Code]) -> Code:
    """Returns code that matches what one of `branches` does."""
    *others, last = branches
    after = len(last)
    parts = [last]
    for branch in reversed(others):
        parts.append((Fork(len(branch) + 2), *branch, Jump(after + 1)))
        after += len(branch) + 2
    return tuple(step for part in reversed(parts) for step in part)


def repeated(code: Code, least: int, most: int | None) -> Code:
    """Returns code that matches `code` from `least` to `most` times, without end if that is None."""
    if most is not None:
        return code * least + (Fork(len(code) + 1), *code) * (most - least)
    if least:
        return code * least + (Fork(-len(code)),)
    return (Fork(len(code) + 2), *code, Jump(-len(code) - 1))


def repeated_size(size: int, least: int, most: int | None) -> int:
    """Returns the length of `repeated(code, least, most)`, given that of `code`."""
    if most is not None:
        return size * least + (size + 1) * (most - least)
    return size * least + 1 if least else size + 2


def is_word(character: str) -> bool:
    """Returns whether `character` is of the class `\\w`."""
    return character == "_" or character.isalnum()


def _in_class(character: str, letter: str) -> bool:
    match letter.lower():
        case "d":
            return character.isdecimal() == letter.islower()
        case "s":
            return character.isspace() == letter.islower()
        case _:
            return is_word(character) == letter.islower()


@cache
def _letters() -> dict[str, str]:
    """Returns for each letter that has cases all the letters it is the same as without regard to case.

    They are those whose lower case has the same upper case: `k`, `K` and the kelvin sign.
    """
    # Unicode keeps all letters that have cases in its first two planes.
    characters = map(chr, range(0x20000))
    cased = [letter for letter in characters if not letter == letter.lower() == letter.upper()]
    # Only the first character, because the lower case of a dotted I carries its dot as a second one.
    keys = {letter: letter.lower()[0].upper() for letter in cased}
    same: dict[str, str] = {}
    for letter, key in keys.items():
        same[key] = same.get(key, "") + letter
    return {letter: same[key] for letter, key in keys.items()}
