"""Programs as text -> what resolving makes of them, in the forms that the tests of this folder compare."""

from typing import Any, NamedTuple

from optdsl import ir
from optdsl.diagnostics import Diagnostic
from optdsl.semantics.resolve import Resolved, resolve
from optdsl.source import Source
from optdsl.syntax.parser import parse


class Read(NamedTuple):
    """A text without its marks, and the half-open ranges (line, columns) that they enclosed."""

    text: str
    places: tuple[tuple[int, int, int], ...]


def resolved(text: str, **holes: Any) -> Resolved:
    program, findings = parse(Source(text))
    assert program is not None, findings
    return resolve(program, holes)


def meaning(text: str, **holes: Any) -> ir.Chain:
    """Returns the meaning of a program that has one."""
    chain, findings, _ = resolved(text, **holes)
    assert chain is not None, findings
    return chain


def stage(text: str, **holes: Any) -> ir.AnyStage:
    """Returns the one stage of a program."""
    (found,) = meaning(text, **holes).stages
    return found


def values(text: str, **holes: Any) -> dict[str, ir.Value]:
    """Returns the arguments of the one stage of a program, defaults among them."""
    return {argument.name: argument.value for argument in getattr(stage(text, **holes), "arguments", ())}


def number(expression: str, **holes: Any) -> ir.Value:
    """Returns what an expression means in the place of a number of any size and sign."""
    return values(f"scale({expression})", **holes)["step_size"]


def words(text: str, **holes: Any) -> list[str]:
    """Returns the words of the stages, in order."""
    return [getattr(found, "word", type(found).__name__) for found in meaning(text, **holes).stages]


def errors(text: str, **holes: Any) -> tuple[Diagnostic, ...]:
    return tuple(finding for finding in resolved(text, **holes).findings if finding.severity == "error")


def the_error(text: str, **holes: Any) -> Diagnostic:
    """Returns the one error of a program."""
    (finding,) = errors(text, **holes)
    return finding


def read(marked: str) -> Read:
    """Takes the marks « » out of a text and returns where they stood."""
    text, places, start = "", [], (0, 0)
    for character in marked:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        if character == "«":
            start = (line, column)
        elif character == "»":
            places.append((*start, column))
        else:
            text += character
    return Read(text, tuple(places))


def places(findings: tuple[Diagnostic, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple((found.span.line, found.span.column, found.span.end_column) for found in findings)
