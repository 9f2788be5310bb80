"""A row in words: its signature, what each parameter takes, its defaults as the language writes them.

In: rows. Out: text, and where in it each parameter stands. It has no facts of its own.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from optdsl import ir
from optdsl.diagnostics.suggest import listed
from optdsl.registry import Opaque, Parameter, Row, is_builtin
from optdsl.registry.row import Kind
from optdsl.semantics.show import show
from optdsl.source import Range


class Label(NamedTuple):
    """A signature, and where in it each parameter stands."""

    text: str
    spans: tuple[Range, ...]


def default_text(parameter: Parameter) -> str:
    """Returns the default of a parameter as the language writes it.

    >>> from optdsl.registry import lookup
    >>> default_text(lookup("adam").parameter("b1"))
    '0.9'
    """
    default: Any = parameter.default
    if isinstance(default, Opaque):
        return default.text
    if parameter.kind is Kind.DTYPE and isinstance(default, str):
        return default
    return show(ir.Mapping(tuple(default.items()))) if isinstance(default, dict) else show(default)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


def label(row: Row) -> Label:
    """Returns how a word is called, a star before the parameters that only a name reaches.

    >>> from optdsl.registry import lookup
    >>> label(lookup("clip_norm")).text
    'clip_norm(max_norm)'
    """
    spans: list[Range] = []
    text, by_place = f"{row.name}(", True
    for number, parameter in enumerate(row.parameters):
        text += ", " if number else ""
        if parameter.keyword_only and by_place:
            text, by_place = f"{text}*, ", False
        shown = parameter.name if parameter.required else f"{parameter.name}={default_text(parameter)}"
        spans.append(Range(len(text), len(text) + len(shown)))
        text += shown
    return Label(f"{text})", tuple(spans)) if row.parameters else Label(row.name, ())


def described(parameter: Parameter) -> str:
    """Returns what a parameter takes: `number, >= 0 and < 1, default 0.9`."""
    default = "required" if parameter.required else f"default {default_text(parameter)}"
    facts = (takes(parameter), default, "by name only" if parameter.keyword_only else "")
    return ", ".join(filter(None, facts))


def takes(parameter: Parameter) -> str:
    """Returns the values of a parameter: `number, >= 0 and < 1`."""
    return ", ".join(_facts(parameter))


def _facts(parameter: Parameter) -> Iterator[str]:
    if parameter.kind is Kind.OBJECT:  # which is anything, none too
        return
    yield parameter.kind.value
    if parameter.choices:
        yield listed(parameter.choices, "or")
    if parameter.bounds:
        yield str(parameter.bounds)
    if parameter.optional:
        yield "or none"


def needs(row: Row) -> str:
    """Returns what a stage wants of each step beside gradients; empty where that is nothing."""
    if row.traits is None:
        return ""
    extras = row.traits.extras
    plural = "s" if len(extras) > 1 else ""
    found = [f"{listed(extras)} as extra argument{plural} of each step"] if extras else []
    found += ["the parameters"] if row.traits.needs_params else []
    return "; ".join(found)


def home(row: Row) -> str:
    """Returns where Optax has a word, empty for what is not Optax's: `optax.contrib.muon`."""
    return row.target.replace(":", ".") if row.target and is_builtin(row.name) else ""
