"""What a page about a code is made of. In: nothing. Out: types of the tables beside it. It renders nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Found = Literal["text", "parameters", "python", "machine"]
Shapes = Mapping[str, tuple[tuple[int, ...], str]]
"""Path -> shape and dtype, as `optdsl check --params` reads them."""


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about a code: what it means, a program that has it, and the same one repaired."""

    title: str
    explanation: str
    failing: str | None = None
    repaired: str | None = None
    holes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the host puts into the holes of both programs."""
    found: Found = "text"
    """What shows the mistake: the text, the parameters, a call from Python, or nothing that was written."""
    why: str = ""
    """Why it matters, beside what was measured."""
    params: Shapes = field(default_factory=dict[str, tuple[tuple[int, ...], str]])
    """The parameters, where they or a call from Python show the mistake."""
    repaired_params: Shapes | None = None
    """The parameters of the repaired program, where they are what was repaired."""
    call: str = ""
    """The call from Python that shows the mistake."""


class StandIn(NamedTuple):
    """What a page puts into a hole that takes a transform of Python: it prints as one, and never runs."""

    text: str

    def init(self, params: object) -> object:
        """Returns no state."""
        del params
        return ()

    def update(self, updates: object, state: object, params: object = None) -> object:
        """Returns the updates as they are."""
        del params
        return updates, state

    def __repr__(self) -> str:
        return self.text


class Consequence(NamedTuple):
    """One quantity, measured on a tiny problem with the failing and with the repaired program of a page."""

    quantity: str
    failing: float
    repaired: float
    start: float | None = None
    """The quantity before the first step."""
