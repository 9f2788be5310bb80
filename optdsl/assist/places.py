"""Assist, where a word may stand: brackets, what is wanted between them, and the names that a text binds.

Types only. A frame is what one bracket opens; the program itself is the outermost one.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal, NamedTuple

from optdsl.source import Range

TokenKind = Literal[
    "stage",
    "schedule",
    "parameter",
    "number",
    "keyword",
    "operator",
    "string",
    "comment",
    "selector",
    "hole",
    "binding",
    "path",
    "punctuation",
]


class Slot(Enum):
    """What a place wants."""

    STAGE = auto()
    VALUE = auto()
    EITHER = auto()
    """A stage or a value: behind the `=` of a binding."""
    SELECTOR = auto()
    CONDITION = auto()
    SEGMENT = auto()
    NAME = auto()
    """A new name: behind `as`, `live` and `def`."""


class Shape(Enum):
    """What a bracket opens."""

    PROGRAM = auto()
    CALL = auto()
    GROUP = auto()
    LIST = auto()
    MAP = auto()
    BLOCK = auto()
    MATCH = auto()
    FORMALS = auto()
    INDEX = auto()


TRANSPARENT = frozenset({Shape.GROUP, Shape.LIST, Shape.MAP})
"""Brackets inside which an argument goes on."""


class Token(NamedTuple):
    """A word or mark of a text, where it stands, and what it is there."""

    span: Range
    kind: TokenKind


@dataclass(slots=True)
class Argument:
    """An argument of a call as far as it is written: its name, and what its first word is."""

    name: str | None = None
    first: TokenKind | None = None


@dataclass(slots=True, eq=False)
class Frame:
    """An open bracket, and where the reader stands inside it."""

    shape: Shape
    start: int
    base: Slot
    """What each of its items wants at first."""
    parent: "Frame | None" = None
    within: int = 0
    """Which argument of the parent it stands in, from 0."""
    callee: str = ""
    segment: bool = False
    """Whether what is called stands behind `->`."""
    arguments: list[Argument] = field(default_factory=lambda: [Argument()])
    block: bool = False
    """Whether a block follows the call."""
    slot: Slot = Slot.STAGE
    back: Slot = Slot.STAGE
    """What was wanted before a guard or a name, and is again behind it."""
    ready: bool = True
    """Whether an operand may stand next, rather than an operator."""
    fresh: bool = True
    """Whether an item begins next."""
    compared: bool = False
    """Whether a selector's comparison has begun, which goes on with a number."""
    subject: str = ""
    """The last word of a selector."""
    equals: int = 0
    """Where the default of a definition's parameter begins, 0 where it has none."""

    def __post_init__(self) -> None:
        self.slot = self.back = self.base

    @property
    def selects(self) -> bool:
        """Returns whether a selector's operand may stand next."""
        return self.slot is Slot.SELECTOR and self.ready and not self.compared


class Bound(NamedTuple):
    """A name that the text binds: where the name stands, its statement, and where its value begins."""

    name: str
    place: Range
    form: Literal["binding", "live", "def", "formal"]
    value: Range
    """From behind the `=` up to the `;`; empty where there is none."""
    scope: Range
    """Where the name can be seen."""
    formals: tuple["Bound", ...] = ()


class Place(NamedTuple):
    """Where the cursor stands: the word before it begins at `start`, and this is wanted there."""

    start: int
    frame: Frame
    slot: Slot
    ready: bool
    fresh: bool
    compared: bool
    subject: str
    argument: int
    """Which argument of the frame's call it is, from 0."""
    quoted: bool = False
    """Whether it stands inside a string that began at `start`."""
    dead: bool = False
    """Whether nothing is proposed there: in a comment, behind a number."""


@dataclass(frozen=True, slots=True)
class Outline:
    """All that can be told of a text without parsing it."""

    text: str
    tokens: tuple[Token, ...]
    bounds: tuple[Bound, ...]
    place: Place

    def visible(self, offset: int) -> dict[str, Bound]:
        """Returns the names that can be seen at `offset`, of equal ones the last."""
        return {bound.name: bound for bound in self.bounds if bound.scope.start <= offset <= bound.scope.end}
