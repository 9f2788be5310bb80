"""Stage 3, the intermediate form: what a program means, names bound, defaults filled, constants folded.

Every node is a frozen value. Equality, hashes and fingerprints leave places out, so they compare meaning.
It knows the words of the registry by name only; it knows neither how they are written nor how they run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from optdsl.node import field, fields, is_node, node
from optdsl.source import Range

if TYPE_CHECKING:
    from optdsl.registry.registered import Registered

NOWHERE = Range(0, 0)


@node
class Unknown:
    """A value that could not be found out; it was reported, and nothing is claimed about it any more."""


UNKNOWN = Unknown()


# ---- values


@node
class Dtype:
    """`bfloat16`."""

    name: str


@node
class Axes:
    """A word for axes: `fan_in`, `all`."""

    word: str


@node
class Default:
    """A default that is a Python object of Optax, as Optax spells it; it is left for Optax to fill."""

    text: str


@node
class Mapping:
    """`{1k: 0.5}`."""

    entries: tuple[tuple[Value, Value], ...]


@node
class Host:
    """A Python object that the host put into a hole; equal to itself alone."""

    hole: str
    value: Any = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Host) and self.hole == other.hole and self.value is other.value

    def __hash__(self) -> int:
        return hash((self.hole, id(self.value)))


@node
class Step:
    """The number of updates done so far."""


@node
class LiveNumber:
    """A number that lives in the state."""

    name: str
    initial: float | Host


@node
class Capture:
    """The integer that a selector found in a path."""

    name: str


@node
class Apply:
    """An operator or function over values that are not all constants."""

    function: str
    operands: tuple[Value, ...]


@node
class Segment:
    """One part of an arrow: how, to where, for how many updates."""

    kind: str
    to: Value
    length: int


@node
class Arrow:
    """`start -> segment -> ...`; each segment starts where the last one ended."""

    start: Value
    segments: tuple[Segment, ...]


@node
class OptaxSchedule:
    """A schedule of Optax by its name, all parameters filled."""

    word: str
    arguments: tuple[Argument, ...]


@node
class Choose:
    """`value when COND else other`, the condition depending on the step."""

    condition: Value
    value: Value
    otherwise: Value


@node
class Spread:
    """`value where SEL else other`; `otherwise` is None until the slot's neutral value is known."""

    selector: Selector
    value: Value
    otherwise: Value
    selector_span: Range = field(default=NOWHERE, compare=False)


@node
class PerLeaf:
    """A value of a bound program: one for each leaf, in the order of the tree, None for leaves that do not come by."""

    values: tuple[Value, ...]


@node
class PerMember:
    """A number of a population as it is told: one for each member, in their order. Nothing is computed from it."""

    values: tuple[float, ...]


@node
class Slot:
    """A number that comes with the optimizer, by its place among them: what is left of it in the structure.

    `below_one` says that it is a share of 1, such as a decay rate, whose complement counts as much as itself.
    """

    index: int
    below_one: bool = False


# ---- selectors


@node
class PathGlob:
    """`embed/**`."""

    pattern: str


@node
class PathRegex:
    """`path ~ '^head/'`."""

    pattern: str


@node
class LeafClass:
    """`bias`, `norm`, `embedding`, `kernel`."""

    name: str


@node
class LeafTest:
    """`ndim > 1`, `shape[0] == 4`."""

    subject: str
    index: int | None
    operator: str
    value: Value


@node
class Combine:
    """`and`, `or`, `not` of selectors."""

    operator: str
    operands: tuple[Selector, ...]


@node
class Decided:
    """A selector of a bound program: for each leaf, in the order of the tree, whether it is selected."""

    mask: tuple[bool, ...]


Selector = PathGlob | PathRegex | LeafClass | LeafTest | Combine | Host | Decided | Unknown
# ---- stages


@node
class Argument:
    """A parameter and its value; `given` tells what was written from what is a default."""

    name: str
    value: Value
    span: Range = field(default=NOWHERE, compare=False)
    given: bool = field(default=True, compare=False)


@node
class Stage:
    """A transform of the registry, all parameters filled, in the order of its row."""

    word: str
    arguments: tuple[Argument, ...] = ()
    alias: str | None = None
    span: Range = field(default=NOWHERE, compare=False)

    def __getitem__(self, name: str) -> Value:
        """Returns the value of parameter `name`."""
        return next(argument.value for argument in self.arguments if argument.name == name)


@node
class RegisteredStage(Stage):
    """A transform that Python registered; the function it was bound to counts for equality, not for fingerprints."""

    origin: Registered = field(kw_only=True)


@node
class Centralize:
    """`centralize`: the primitive has a node of its own, so that passes and checks see its axes."""

    axes: int | tuple[int, ...] | Axes | None = None
    min_ndim: int = 2
    axis_name: tuple[tuple[int, str], ...] = ()
    sparse_rows: bool = False
    alias: str | None = None
    span: Range = field(default=NOWHERE, compare=False)
    axes_span: Range = field(default=NOWHERE, compare=False)
    word = "centralize"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """Returns the parameters as other stages have them."""
        names = Mapping(self.axis_name) if self.axis_name else None
        return (
            Argument("axes", self.axes, self.axes_span, given=self.axes is not None),
            Argument("min_ndim", self.min_ndim, self.span, given=self.min_ndim != 2),
            Argument("axis_name", names, self.span, given=bool(self.axis_name)),
            Argument("sparse_rows", self.sparse_rows, self.span, given=self.sparse_rows),
        )


@node
class Decay:
    """`decay`: weight decay that always shrinks; `sign` is what its place in the chain asks for."""

    weight_decay: Value
    sign: int = 1
    alias: str | None = None
    span: Range = field(default=NOWHERE, compare=False)
    value_span: Range = field(default=NOWHERE, compare=False)
    word = "decay"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """Returns the parameters as other stages have them."""
        return (Argument("weight_decay", self.weight_decay, self.value_span),)


@node
class HostStage:
    """A GradientTransformation that the host put into a hole."""

    host: Host
    alias: str | None = None
    span: Range = field(default=NOWHERE, compare=False)

    @property
    def word(self) -> str:
        """Returns the name of the hole, which the stage goes by."""
        return self.host.hole

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """Returns the parameters as other stages have them."""
        return ()


@node
class Guarded:
    """Stages that only some leaves pass (`where`), or only at some steps (`when`)."""

    inner: Chain
    selector: Selector | None
    condition: Value
    span: Range = field(default=NOWHERE, compare=False)
    selector_span: Range = field(default=NOWHERE, compare=False)


@node
class Freeze:
    """`freeze where SEL`."""

    selector: Selector
    span: Range = field(default=NOWHERE, compare=False)


@node
class Arm:
    """One group of a match; `selector` is None for `else`, `chain` None for `freeze`."""

    selector: Selector | None
    chain: Chain | None
    span: Range = field(default=NOWHERE, compare=False)


@node
class Match:
    """Parameter groups."""

    arms: tuple[Arm, ...]
    alias: str | None = None
    span: Range = field(default=NOWHERE, compare=False)
    word = "match"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """Returns the parameters as other stages have them."""
        return ()


AnyStage = Stage | Centralize | Decay | HostStage | Guarded | Freeze | Match


@node
class Chain:
    """Stages in the order in which gradients pass them; never a chain inside a chain."""

    stages: tuple[AnyStage, ...]
    span: Range = field(default=NOWHERE, compare=False)


Value = (
    int
    | float
    | bool
    | str
    | None
    | Unknown
    | Dtype
    | Axes
    | Default
    | Mapping
    | Host
    | Step
    | LiveNumber
    | Capture
    | Apply
    | Arrow
    | OptaxSchedule
    | Choose
    | Spread
    | PerLeaf
    | PerMember
    | Decided
    | Slot
    | tuple["Value", ...]
    | Chain
)


def parts(node: Any) -> Iterator[Any]:
    """Yields what a node holds that counts for equality: nodes, values, tuples."""
    if isinstance(node, tuple):
        yield from node  # pyright: ignore[reportUnknownVariableType]
    elif is_node(node):
        yield from (getattr(node, part.name) for part in fields(node) if part.compare)


def contains(node: Any, kinds: type | tuple[type, ...]) -> bool:
    """Returns whether a node of one of these kinds stands anywhere inside."""
    return isinstance(node, kinds) or any(contains(part, kinds) for part in parts(node))


def over_time(value: Any) -> bool:
    """Returns whether a value may be another one at the next update."""
    match value:
        case Step() | Arrow() | OptaxSchedule() | LiveNumber():
            return True
        case Apply() | Choose():
            return any(map(over_time, parts(value)))
        case tuple():
            return any(map(over_time, value))  # pyright: ignore[reportUnknownArgumentType]
        case Host():
            return callable(value.value)
        case _:
            return False


def live_numbers(node: Any) -> dict[str, Value]:
    """Returns the live numbers inside by name, each with its first value."""
    if isinstance(node, LiveNumber):
        return {node.name: node.initial}
    return {name: initial for part in parts(node) for name, initial in live_numbers(part).items()}


def written(node: Any) -> str:
    """Returns a node as one line of plain text, the same in every process: the form that fingerprints hash."""
    match node:
        case bool() | None | str():
            return repr(node)
        case int() | float():
            return repr(float(node)) if abs(node) < 2**53 else repr(node)
        case Host():
            kind = getattr(node.value, "__qualname__", type(node.value).__qualname__)
            return f"Host({node.hole}, {kind})"
        case _:
            name = "" if isinstance(node, tuple) else type(node).__name__
            return f"{name}({', '.join(map(written, parts(node)))})"


def fingerprint(node: Any, *context: object) -> str:
    """Returns a short hash of what a node means, stable across processes and machines."""
    from hashlib import sha256

    return sha256(f"1 {written(node)} {context!r}".encode()).hexdigest()[:16]
