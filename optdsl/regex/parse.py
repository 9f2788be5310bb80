"""The syntax of regular expressions: text -> `Code`. It follows Python's `re` in all that is regular.

Open groups are kept on a list instead of in the calls of functions, and nothing grows past a limit.
"""

import re
from dataclasses import dataclass, field

from optdsl.regex.characters import ANY, one, read_class, read_escape
from optdsl.regex.code import Characters, Check, Code, either, repeated, repeated_size
from optdsl.regex.read import Reader

STATES = 10_000
"""Instructions, after counted repetitions are written out."""
NESTING = 64
"""Groups inside groups."""

_COUNTS = re.compile(r"\{([0-9]*)(?:(,)([0-9]*))?\}")
_NAME = re.compile(r"[^>]*")
_UNSUPPORTED = {
    "(?P=": "a backreference is not regular, and is not supported",
    "(?=": "a lookahead is not supported",
    "(?!": "a lookahead is not supported",
    "(?<=": "a lookbehind is not supported",
    "(?<!": "a lookbehind is not supported",
    "(?(": "a conditional group is not regular, and is not supported",
    "(?>": "an atomic group is not supported",
    "(?#": "a comment is not supported",
    **{f"(?{flag}": "a flag other than `(?i)` at the start is not supported" for flag in "aiLmsux-"},
}


@dataclass(slots=True)
class _Group:
    """A group that is not closed yet: the pieces of its last branch, and the branches before."""

    start: int
    branches: list[Code] = field(default_factory=list[Code])
    pieces: list[Code] = field(default_factory=list[Code])
    repeatable: bool = False
    """Whether a repetition may follow: not at the start of a branch, nor after `^` or a repetition."""
    repeats: bool = False
    """Whether the last piece is a repetition."""

    def add(self, code: Code, *, repeatable: bool = True, repeats: bool = False) -> None:
        self.pieces.append(code)
        self.repeatable, self.repeats = repeatable, repeats

    def begin_branch(self) -> None:
        self.branches.append(tuple(step for piece in self.pieces for step in piece))
        self.pieces = []
        self.repeatable = self.repeats = False


def parse(text: str) -> Code:
    """Returns the code of a regular expression; raises `RegexError` if it is none, or not supported."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.reader = Reader(text)
        self.folded = False
        self.open = [_Group(0)]
        self.names: set[str] = set()
        self.states = 0

    def parse(self) -> Code:
        while self.reader.skip("(?i)"):
            self.folded = True
        while self.reader.peek():
            self._read_piece()
        if len(self.open) > 1:
            self.reader.fail("the group is not closed", self.open[-1].start)
        return self._closed(self.open[0])

    def _read_piece(self) -> None:
        start = self.reader.at
        match self.reader.peek():
            case "(":
                self._open_group()
            case ")":
                self._close_group()
            case "|":
                self.reader.take()
                self._grow(2, start)
                self.open[-1].begin_branch()
            case "*" | "+" | "?":
                least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self.reader.take()]
                self._repeat(least, most, start)
            case "{":
                self._read_counts()
            case _:
                self._add(self._read_one(), start)

    def _read_one(self) -> Characters | Check:
        """Returns the one instruction that the next characters stand for."""
        match self.reader.peek():
            case "[":
                return read_class(self.reader, folded=self.folded)
            case "\\":
                return read_escape(self.reader, folded=self.folded)
            case _:
                character = self.reader.take()
        match character:
            case "^":
                return Check("start")
            case "$":
                return Check("end")
            case ".":
                return ANY
            case _:
                return one(character, folded=self.folded)

    def _add(self, step: Characters | Check, start: int) -> None:
        self._grow(1, start)
        self.open[-1].add((step,), repeatable=isinstance(step, Characters))

    def _read_counts(self) -> None:
        """Reads `{2}`, `{2,}`, `{,3}` or `{2,3}`; any other brace stands for itself."""
        start = self.reader.at
        found = _COUNTS.match(self.reader.text, start)
        if found is None or found[0] == "{}":
            self._add(one(self.reader.take(), folded=self.folded), start)
            return
        self.reader.skip(found[0])
        least = _count(found[1] or "0")
        most = _count(found[3]) if found[3] else None if found[2] else least
        if most is not None and most < least:
            self.reader.fail(f"the repetition `{found[0]}` runs backwards", start)
        self._repeat(least, most, start)

    def _repeat(self, least: int, most: int | None, start: int) -> None:
        """Repeats the last piece; `start` is where the repetition is written."""
        written = self.reader.since(start)
        group = self.open[-1]
        if group.repeats:
            self.reader.fail(f"`{written}` repeats a repetition", start)
        if not group.repeatable:
            self.reader.fail(f"`{written}` has nothing to repeat", start)
        if not self.reader.skip("?") and self.reader.peek() == "+":
            self.reader.fail("a possessive repetition is not supported", start)
        code = group.pieces.pop()
        self._grow(repeated_size(len(code), least, most) - len(code), start)
        group.add(repeated(code, least, most), repeatable=False, repeats=True)

    def _open_group(self) -> None:
        reader, start = self.reader, self.reader.at
        if reader.skip("(?P<"):
            self._read_name(start)
        elif reader.skip("(?:"):
            pass
        elif reader.text.startswith("(?", start):
            self._refuse_group(start)
        else:
            reader.skip("(")
        if len(self.open) > NESTING:
            reader.fail(f"groups are nested more than {NESTING} deep", start)
        self.open.append(_Group(start))

    def _read_name(self, start: int) -> None:
        found = _NAME.match(self.reader.text, self.reader.at)
        name = found[0] if found else ""
        self.reader.skip(name)
        if not self.reader.skip(">"):
            self.reader.fail("the name of the group is not closed by `>`", start)
        if not name.isidentifier():
            self.reader.fail(f"`{name}` is no name for a group", start)
        if name in self.names:
            self.reader.fail(f"two groups are named `{name}`", start)
        self.names.add(name)

    def _refuse_group(self, start: int) -> None:
        text = self.reader.text
        if text.startswith("(?i)", start):
            self.reader.fail("`(?i)` may stand only at the start", start)
        known = (why for opening, why in _UNSUPPORTED.items() if text.startswith(opening, start))
        self.reader.fail(next(known, f"`{text[start : start + 3]}` begins no known group"), start)

    def _close_group(self) -> None:
        start = self.reader.at
        self.reader.take()
        if len(self.open) == 1:
            self.reader.fail("`)` closes no group", start)
        self.open[-2].add(self._closed(self.open.pop()))

    def _closed(self, group: _Group) -> Code:
        group.begin_branch()
        return either(group.branches)

    def _grow(self, states: int, start: int) -> None:
        """Counts states that are about to be added, before they are."""
        self.states += states
        if self.states > STATES:
            self.reader.fail(f"the regular expression has more than {STATES:,} states", start)


def _count(digits: str) -> int:
    """Returns the number, or one that is past the limit too; Python does not read thousands of digits."""
    return int(digits.lstrip("0")[: len(str(STATES)) + 1] or "0")
