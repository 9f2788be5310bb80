"""Assist, signature help: an unfinished text and a cursor in, the call around it and the argument it stands in out."""

from typing import NamedTuple

from optdsl.assist.calls import parameter_of, row_of
from optdsl.assist.outline import outline
from optdsl.assist.places import Frame, Shape
from optdsl.registry import Row
from optdsl.semantics.facts import described, label
from optdsl.source import Range


class SignatureParameter(NamedTuple):
    """One parameter: its name, where the label has it, and what it takes."""

    name: str
    span: Range
    documentation: str


class Signature(NamedTuple):
    """How the call around the cursor is written; `active` is the parameter there, None where there is none."""

    label: str
    parameters: tuple[SignatureParameter, ...]
    active: int | None
    documentation: str


def signature(text: str, offset: int) -> Signature | None:
    """Returns the signature of the innermost call around `offset`, None outside of calls; never raises.

    >>> found = signature("adam(1e-3, b2=", 14)
    >>> found.label[found.parameters[found.active].span.start :][:8]
    'b2=0.999'
    """
    found = outline(text, offset)
    frame, argument = found.place.frame, found.place.argument
    while frame.shape is not Shape.CALL:
        if frame.parent is None:
            return None
        frame, argument = frame.parent, frame.within
    row = row_of(frame.callee, text, found.visible(frame.start), segment=frame.segment)
    return None if row is None else _signature(row, frame, argument)


def _signature(row: Row, frame: Frame, argument: int) -> Signature:
    shown = label(row)
    parameters = tuple(
        SignatureParameter(parameter.name, span, described(parameter))
        for parameter, span in zip(row.parameters, shown.spans, strict=True)
    )
    here = parameter_of(row, frame, argument)
    active = None if here is None else row.parameters.index(here)
    return Signature(shown.text, parameters, active, row.prose.summary)
