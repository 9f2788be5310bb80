"""Assist, what is called: the row of a call, whatever defines it, and which argument goes to which parameter."""

from optdsl.assist.places import TRANSPARENT, Bound, Frame, Shape
from optdsl.assist.words import FUNCTIONS, SEGMENTS
from optdsl.registry import REQUIRED, Kind, Opaque, Parameter, Prose, Row, Sort, lookup


def row_of(name: str, text: str, names: dict[str, Bound], *, segment: bool = False) -> Row | None:
    """Returns the row of a word where it is called: a segment, a definition of the text, a stage, a schedule."""
    if segment and name in SEGMENTS:
        return SEGMENTS[name]
    bound = names.get(name)
    if bound is not None and bound.form == "def":
        return _definition(bound, text)
    return lookup(name) or FUNCTIONS.get(name) or SEGMENTS.get(name)


def _definition(bound: Bound, text: str) -> Row:
    """Returns the row of a `def`, whose sentence is its body."""
    parameters = tuple(
        Parameter(formal.name, Kind.OBJECT, _default(text[formal.value.start : formal.value.end].strip()))
        for formal in bound.formals
    )
    return Row(bound.name, "", Sort.TRANSFORM, parameters, own_prose=Prose())


def _default(written: str) -> object:
    return Opaque(written) if written else REQUIRED


def enclosing(frame: Frame, argument: int) -> tuple[Frame, int] | None:
    """Returns the call that a place is an argument of, and which: through parentheses, lists and maps, no further."""
    while frame.shape in TRANSPARENT and frame.parent is not None:
        frame, argument = frame.parent, frame.within
    return (frame, argument) if frame.shape is Shape.CALL else None


def parameter_of(row: Row, frame: Frame, argument: int) -> Parameter | None:
    """Returns the parameter that an argument of a call goes to, None where it goes to none."""
    return _assigned(row, frame, argument)[-1]


def taken(row: Row, frame: Frame, argument: int) -> frozenset[str]:
    """Returns the parameters that other arguments of a call, or its block, already give."""
    assigned = _assigned(row, frame, len(frame.arguments) - 1)
    others = {
        parameter.name
        for number, parameter in enumerate(assigned)
        if parameter and number != argument and _is_written(frame, number)
    }
    block = block_parameter(row, frame) if frame.block else None
    return frozenset(others | {block.name} if block else others)


def _is_written(frame: Frame, number: int) -> bool:
    written = frame.arguments[number]
    return written.name is not None or written.first is not None


def _assigned(row: Row, frame: Frame, last: int) -> list[Parameter | None]:
    """Returns the parameters of the arguments up to `last`, as the checker binds them."""
    block = block_parameter(row, frame)
    places = [p for p in row.parameters if not p.keyword_only and p is not block]
    found: list[Parameter | None] = []
    for written in frame.arguments[: last + 1]:
        if written.name is None:
            found.append(places.pop(0) if places else None)
            continue
        named = row.parameter(written.name)
        found.append(named)
        places = [p for p in places if p is not named]
    return found


def block_parameter(row: Row, frame: Frame) -> Parameter | None:
    """Returns the parameter that the block binds, or will: people write it last, and numbers before it."""
    inner = next((p for p in row.parameters if p.kind is Kind.TRANSFORM), None)
    if inner is None or frame.block:
        return inner
    return inner if inner.required and frame.arguments[0].first != "stage" else None
