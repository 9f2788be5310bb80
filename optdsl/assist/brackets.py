"""Assist, the stack of brackets: what each opens, and which of them a closing one ends, also where some are missing."""

from typing import NamedTuple

from optdsl.assist.lexemes import Lexeme
from optdsl.assist.places import Frame, Shape, Slot

OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSES = {
    ")": frozenset({Shape.CALL, Shape.GROUP, Shape.FORMALS}),
    "]": frozenset({Shape.LIST, Shape.INDEX}),
    "}": frozenset({Shape.MAP, Shape.BLOCK, Shape.MATCH}),
}
CLOSING = {shape: mark for mark, shapes in _CLOSES.items() for shape in shapes}


class Before(NamedTuple):
    """What stands right before a mark, as far as it says what the mark means."""

    called: Lexeme | None = None
    """A word that a bracket behind it makes a call."""
    closed: Frame | None = None
    """The call that ended."""
    matches: bool = False
    """Whether it is the word `match`."""
    names: bool = False
    """Whether the word is that of a definition, whose parameters follow."""


class Brackets:
    """The brackets that are open; the innermost is the program itself where there are none."""

    __slots__ = ("_open", "inner")

    def __init__(self) -> None:
        self.inner = Frame(Shape.PROGRAM, 0, Slot.STAGE)
        self._open = dict.fromkeys(_CLOSES, 0)

    def push(self, found: Lexeme, before: Before) -> None:
        """Opens a bracket."""
        outer = self.inner
        shape, base = _meaning(found.text, before, outer)
        self.inner = Frame(shape, found.end, base, outer, len(outer.arguments) - 1)
        if shape is Shape.CALL and before.called is not None:
            self.inner.callee, self.inner.segment = before.called.text, outer.slot is Slot.SEGMENT
        if shape is Shape.BLOCK and before.closed is not None:
            before.closed.block = True
        outer.ready = False
        self._open[OPENING[found.text]] += 1

    def pop(self, mark: str) -> Frame | None:
        """Closes the innermost bracket that `mark` ends, and all inside it; returns the call that ended by it."""
        while self._open[mark] and self.inner.parent is not None:
            left, self.inner = self.inner, self.inner.parent
            self._open[CLOSING[left.shape]] -= 1
            if CLOSING[left.shape] == mark:
                return left if left.shape is Shape.CALL else None
        return None

    def clear(self) -> None:
        """Forgets all brackets: a statement ended, so they were never closed."""
        while self.inner.parent is not None:
            self.inner = self.inner.parent
        self._open = dict.fromkeys(_CLOSES, 0)


def _meaning(mark: str, before: Before, outer: Frame) -> tuple[Shape, Slot]:
    """Returns what a bracket opens, and what its items want."""
    if mark == "(" and before.called is not None:
        return (Shape.FORMALS if before.names else Shape.CALL), Slot.VALUE
    if mark == "(":
        takes_value = outer.compared or outer.slot in (Slot.SEGMENT, Slot.NAME)
        return Shape.GROUP, Slot.VALUE if takes_value else outer.slot
    if mark == "[":
        return (Shape.INDEX if outer.slot is Slot.SELECTOR else Shape.LIST), Slot.VALUE
    if before.matches:
        return Shape.MATCH, Slot.SELECTOR
    is_block = before.called is not None or before.closed is not None or outer.slot is Slot.STAGE
    return (Shape.BLOCK, Slot.STAGE) if is_block else (Shape.MAP, Slot.VALUE)
