"""What a registry row is: one transform or schedule, as plain data.

Rows are generated from Optax's own signatures (`make sync-optax`) and merged with the small tables written
by hand. This module knows neither the parser nor jax.
"""

from enum import Enum, StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """What a parameter takes."""

    NUMBER = "number"
    SCHEDULABLE = "number or schedule"
    INTEGER = "integer"
    BOOL = "boolean"
    STRING = "string"
    DTYPE = "dtype"
    TRANSFORM = "transform"
    SCHEDULES = "list of schedules"
    NUMBERS = "numbers"
    INTEGERS = "integers"
    MAP = "map of step to number"
    AXES = "axes"
    AXIS_NAMES = "map of axis to mesh axis"
    MASK = "mask"
    CALLABLE = "function"
    KEY = "key"
    OBJECT = "object"


class Sort(StrEnum):
    """What a row is a row of."""

    TRANSFORM = "transform"
    SCHEDULE = "schedule"


class Missing(Enum):
    """The default of a parameter that has none."""

    REQUIRED = "required"


REQUIRED = Missing.REQUIRED


class Opaque(NamedTuple):
    """A default that is a Python object, written as Optax spells it (`scale_by_zoom_linesearch(...)`)."""

    text: str


class Bounds(NamedTuple):
    """The valid values of a number: `low <= x <= high`, each end open if it says so."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def admits(self, value: float) -> bool:
        """Returns whether `value` lies inside; a NaN never does."""
        if self.low is not None and not (value > self.low if self.low_open else value >= self.low):
            return False
        return self.high is None or (value < self.high if self.high_open else value <= self.high)

    def __str__(self) -> str:
        low = "" if self.low is None else f"{'>' if self.low_open else '>='} {self.low:g}"
        high = "" if self.high is None else f"{'<' if self.high_open else '<='} {self.high:g}"
        return " and ".join(filter(None, (low, high)))


class Parameter(NamedTuple):
    """One parameter of a row: its name, kind, default and valid values."""

    name: str
    kind: Kind
    default: Any = REQUIRED
    optional: bool = False
    """Whether `none` is a value."""
    bounds: Bounds | None = None
    choices: tuple[str, ...] = ()
    """The words that are values: of a string, of named axes, or of coefficients that have presets."""
    keyword_only: bool = False
    neutral: float | bool | None = None
    """The value that does nothing (0 for `weight_decay`), for `where` without `else`."""

    @property
    def required(self) -> bool:
        """Whether the parameter has no default."""
        return self.default is REQUIRED


class Traits(NamedTuple):
    """What a transform does to gradients, measured on the installed Optax; see `tools/measure_traits.py`."""

    sign: int | None = None
    """+1 keeps the sign of a positive gradient, -1 flips it, 0 gives zeros, None: unknown."""
    degree: int | None = None
    """What a gradient scaled by c comes out scaled by, as a power of c (0, 1); None: neither."""
    couples_leaves: bool = False
    elementwise: bool = False
    uses_params: bool = False
    needs_params: bool = False
    extras: tuple[str, ...] = ()
    """Extra arguments that `update` requires: `value`, `grad`, `value_fn`, `obj_fn`."""
    state_floats: float = 0.0
    """Numbers in the state per parameter."""
    counts: int = 0
    """Step counters in the state."""
    aliases: bool = False
    """Whether Optax's `init` returns the parameters themselves as part of the state."""
    half_state: bool = False
    """Whether the state of bfloat16 parameters is bfloat16."""
    waits: bool = False
    """Whether whole leaves wait for each other in memory in XLA's order on the CPU, which another order spares."""


class Prose(NamedTuple):
    """A sentence on what a word does, its formula where it has a short one, and where it comes from."""

    summary: str = ""
    formula: str = ""
    """The update in one line of plain mathematics, `g` the gradient, `p` the parameters, `u` the result."""
    source: str = ""
    """The paper or page it comes from."""


class Row(NamedTuple):
    """One word of the language: its Optax function, parameters, measured traits, and what is said of it."""

    name: str
    target: str
    """Where it lives, `optax:adam` or `optax.contrib:muon`; empty for words of our own."""
    sort: Sort
    parameters: tuple[Parameter, ...]
    traits: Traits | None = None
    own_prose: Prose | None = None
    """What is said of a word that is not Optax's; the prose of those is a table that few need."""
    deprecated: str = ""
    """The name to write instead, if Optax calls this one old."""

    @property
    def prose(self) -> Prose:
        """What is said of the word."""
        if self.own_prose is not None:
            return self.own_prose
        from optdsl.registry.prose import PROSE

        return PROSE[self.name]

    def parameter(self, name: str) -> Parameter | None:
        """Returns the parameter called `name`."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)
