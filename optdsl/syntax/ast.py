"""The syntax tree: what was written, every node with its place, nothing resolved.

Equality of nodes ignores places, so texts that differ in layout alone have equal trees. It knows no names of stages.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from optdsl.node import field, fields, node
from optdsl.source import Range
from optdsl.syntax.program import Program as Program

if TYPE_CHECKING:
    from decimal import Decimal


@node
class Node:
    """What every node has: the characters it came from."""

    span: Range = field(compare=False)


# ---- atoms


@node
class Number(Node):
    """`1e-3`, `10_000`, `1.5k`."""

    text: str

    @property
    def value(self) -> int | float:
        """Returns the number: an int if it is written as one or its suffix makes it one (`1.5k`), else a float."""
        digits = self.text.rstrip("kM").replace("_", "")
        if digits == self.text.replace("_", ""):
            return int(digits) if digits.isdigit() else float(digits)
        from decimal import Decimal

        scaled = Decimal(digits) * (1000 if self.text.endswith("k") else 1_000_000)
        return int(scaled) if scaled == scaled.to_integral_value() else float(scaled)


@node
class Duration(Node):
    """`5%` of `:total`, `3ep` times `:epoch_steps`."""

    text: str

    @property
    def unit(self) -> Literal["%", "ep"]:
        """Returns what the amount counts."""
        return "%" if self.text.endswith("%") else "ep"

    @property
    def amount(self) -> "Decimal":
        """Returns the number before the unit, exactly."""
        from decimal import Decimal

        return Decimal(self.text.removesuffix(self.unit).replace("_", ""))


@node
class Constant(Node):
    """`true`, `false`, `none`, `inf`, in either spelling; equal trees for equal meaning."""

    text: str = field(compare=False)
    word: str
    """The text in lower case."""

    @property
    def value(self) -> bool | float | None:
        """Returns what the word stands for."""
        return {"true": True, "false": False, "none": None, "inf": float("inf")}[self.word]


@node
class String(Node):
    """`'cosine'`: `text` is what stands between the quotes."""

    text: str


@node
class Name(Node):
    """`adam`, `optax.adam`."""

    id: str


@node
class Hole(Node):
    """`:rate ?? 3e-4`."""

    name: str
    default: "Expression | None" = None


@node
class List(Node):
    """`[a, b]`."""

    items: tuple["Expression", ...]


@node
class Tuple(Node):
    """`(a, b)`."""

    items: tuple["Expression", ...]


@node
class Entry(Node):
    """`1k: 0.5`."""

    key: "Expression"
    value: "Expression"


@node
class Map(Node):
    """`{1k: 0.5}`."""

    entries: tuple[Entry, ...]


@node
class Argument(Node):
    """`value` or `name=value`."""

    name: Name | None
    value: "Expression"


@node
class Block(Node):
    """`{ chain }` behind a call."""

    body: "Expression"


@node
class Call(Node):
    """`adam(1e-3)`, `flatten { ... }`; `arguments` is None where there are no parentheses."""

    function: Name
    arguments: tuple[Argument, ...] | None
    block: Block | None = None


@node
class Group(Node):
    """Parentheses."""

    inner: "Expression | Selector"


# ---- operators


@node
class Unary(Node):
    """`-x`, `+x`, `not x`; among selectors too."""

    operator: str
    operand: "Expression | Selector"


@node
class Binary(Node):
    """Arithmetic, `and`, `or`; among selectors the last two."""

    operator: str
    left: "Expression | Selector"
    right: "Expression | Selector"


@node
class Compare(Node):
    """`step < 1k`."""

    operator: str
    left: "Expression"
    right: "Expression"


@node
class Alias(Node):
    """`stage as name`."""

    value: "Expression"
    name: Name


@node
class Where(Node):
    """`value where SEL`, `value where SEL else other`."""

    value: "Expression"
    selector: "Selector"
    otherwise: "Expression | None" = None


@node
class When(Node):
    """`stage when COND`, `value when COND else other`."""

    value: "Expression"
    condition: "Expression"
    otherwise: "Expression | None" = None


@node
class Schedule(Node):
    """`start -> segment -> segment`."""

    start: "Expression"
    segments: tuple["Expression", ...]


@node
class Arm(Node):
    """`SEL => chain`; `selector` is None for `else`."""

    selector: "Selector | None"
    body: "Expression"


@node
class Match(Node):
    """`match { SEL => chain, else => chain }`."""

    arms: tuple[Arm, ...]


@node
class Chain(Node):
    """Two stages or more, joined by `|`."""

    stages: tuple["Expression", ...]


# ---- selectors


@node
class Glob(Node):
    """A path pattern, unquoted or quoted."""

    pattern: str


@node
class LeafClass(Node):
    """A named class: `bias`, `norm`, `embedding`, `kernel`."""

    id: str


@node
class PathMatch(Node):
    """`path ~ 'regex'`."""

    subject: Name
    pattern: String


@node
class LeafTest(Node):
    """`ndim > 1`, `shape[0] == 4`."""

    subject: Name
    index: "Expression | None"
    operator: str
    value: "Expression"


# ---- programs


@node
class Binding(Node):
    """`name = expression;`"""

    name: Name
    value: "Expression"


@node
class Live(Node):
    """`live name = number;`"""

    name: Name
    value: "Expression"


@node
class Formal(Node):
    """A parameter of a definition."""

    name: Name
    default: "Expression | None" = None


@node
class Definition(Node):
    """`def name(p, q=default) = expression;`"""

    name: Name
    parameters: tuple[Formal, ...]
    body: "Expression"


@node
class Comment(Node):
    """`# to the end of the line`, with the `#`."""

    text: str


Expression = (
    Number
    | Duration
    | Constant
    | String
    | Name
    | Hole
    | List
    | Tuple
    | Map
    | Call
    | Group
    | Match
    | Unary
    | Binary
    | Compare
    | Alias
    | Where
    | When
    | Schedule
    | Chain
)
Selector = Glob | LeafClass | PathMatch | LeafTest | Hole | Group | Unary | Binary
Statement = Binding | Live | Definition


def walk(*roots: Node) -> Iterator[Node]:
    """Yields every node, each before what it consists of; a loop, so that no depth is too great."""
    pending: list[object] = [*roots]
    while pending:
        part = pending.pop()
        if isinstance(part, tuple):
            pending.extend(part)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(part, Node):
            yield part
            pending.extend(getattr(part, each.name) for each in fields(part) if each.name != "span")


def hole_names(program: Program) -> frozenset[str]:
    """Returns the names of the holes of a program."""
    return frozenset(node.name for node in walk(*program.statements, program.body) if isinstance(node, Hole))
