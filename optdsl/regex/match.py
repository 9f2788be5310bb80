"""Matching: `Code` and a path -> whether a part of the path matches. It knows nothing of syntax.

All readings of the path are followed at once, and an instruction is visited once for each place in the path.
So time is proportional to the length of the path times that of the code, whatever they hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from optdsl.regex.code import Characters, Check, Code, Condition, Fork, Jump, is_word
from optdsl.regex.parse import parse


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled regular expression; two are equal if their texts are.

    >>> compile_regex("^(blocks_[0-9]+/attn|head)/kernel$").search("blocks_7/attn/kernel")
    True
    """

    text: str
    code: Code = field(compare=False, repr=False)

    def search(self, path: str) -> bool:
        """Returns whether some part of `path` matches, as `re.search` would."""
        readings: list[int] = []
        for at in range(len(path) + 1):
            reached = _reach(self.code, [*readings, 0], path, at)
            if len(self.code) in reached:
                return True
            readings = _step(self.code, reached, path[at : at + 1])
        return False

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=256)
def compile_regex(text: str) -> Regex:
    """Returns the regular expression that `text` describes, in the syntax of Python's `re`.

    Raises `RegexError` for what is no regular expression, for backreferences, lookaround and the like, for
    more than 10,000 states once counts are written out, and for groups more than 64 deep.
    """
    return Regex(text, parse(text))


def _reach(code: Code, pending: list[int], path: str, at: int) -> set[int]:
    """Returns where the readings in `pending` may stand without going past the character at `at`."""
    reached: set[int] = set()
    while pending:
        state = pending.pop()
        if state in reached:
            continue
        reached.add(state)
        if state < len(code):
            pending.extend(_freely(code, state, path, at))
    return reached


def _freely(code: Code, state: int, path: str, at: int) -> tuple[int, ...]:
    """Returns where `state` leads without a character."""
    match code[state]:
        case Characters():
            return ()
        case Fork(over):
            return state + 1, state + over
        case Jump(over):
            return (state + over,)
        case Check(condition):
            return (state + 1,) if _holds(condition, path, at) else ()


def _step(code: Code, reached: Iterable[int], character: str) -> list[int]:
    """Returns where the readings stand after `character`, if it is not the end of the path."""
    found = ((state, code[state]) for state in reached) if character else ()
    return [state + 1 for state, step in found if isinstance(step, Characters) and step.hold(character)]


def _holds(condition: Condition, path: str, at: int) -> bool:
    match condition:
        case "start":
            return at == 0
        case "end":
            return at == len(path) or (at == len(path) - 1 and path[at] == "\n")
        case "very end":
            return at == len(path)
        case "word edge":
            return _at_word_edge(path, at)
        case "no word edge":
            return not _at_word_edge(path, at)


def _at_word_edge(path: str, at: int) -> bool:
    before, after = path[max(at - 1, 0) : at], path[at : at + 1]
    return (before != "" and is_word(before)) != (after != "" and is_word(after))
