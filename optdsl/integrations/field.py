"""Integrations, the field: text in, a checked program out, and back.

What every host shares. It knows no host, and says what is wrong in the words of the findings.
"""

from argparse import ArgumentTypeError
from pathlib import Path

from optdsl.api import check
from optdsl.diagnostics import Diagnostic, OptdslError
from optdsl.diagnostics.render import render
from optdsl.embedded import find
from optdsl.embedded.find import HOSTS
from optdsl.integrations.places import host_text, place
from optdsl.semantics.printed import printed
from optdsl.semantics.resolve import resolve
from optdsl.source import Source
from optdsl.syntax import parser
from optdsl.syntax.ast import Program
from optdsl.syntax.format import format_program

DESCRIPTION = "An optimizer, written as a chain of stages: each takes the gradients that the one before hands on."
EXAMPLES = (
    "adam(1e-3)",
    "clip(1.0) | centralize | adamw(3e-4, weight_decay=0.1 where kernel)",
    "clip_norm(1.0) | adam(0 -> linear(3e-4, 5%) -> cosine(0))",
)
_UNFILLED = "E205"


class InvalidProgram(OptdslError, ArgumentTypeError, ValueError):
    """Raised for a field that holds no program; of the types by which hosts know that a value is wrong."""

    def __repr__(self) -> str:
        """Returns the findings too, since some hosts show this form; over several lines, as carets need them."""
        return f"InvalidProgram:\n{shown(self)}"


def program(text: object, key: str = "") -> Program:
    """Returns the program that a host read; `key` is the way to it as far as the host says, for messages.

    Raises `InvalidProgram` with all errors but holes, which are filled later, and `TypeError` on what is no text.
    """
    if isinstance(text, Program):
        return text
    if not isinstance(text, str):
        raise TypeError(not_text(text))
    return checked(place(text, key))


def checked(source: Source) -> Program:
    """Returns a program that has no errors but unfilled holes. Raises `InvalidProgram`."""
    found, findings = parser.parse(source)
    if found is None:
        raise InvalidProgram(findings)
    errors = [each for each in check(found) if each.severity == "error" and each.code != _UNFILLED]
    if errors:
        raise InvalidProgram(errors)
    return found


def load(file: str | Path, key: str) -> Program:
    """Returns the program at `key` of a YAML, TOML or JSON file; its findings point into the file, later ones too.

    `key` is the way to the value, joined by dots: `optimizer.spec`. Raises `InvalidProgram`, `ValueError` where there
    is no such string, `OSError` where there is no such file.

        opt = optdsl.compile(load("config.yaml", "optimizer.spec"), total=10_000)
    """
    if Path(file).suffix not in HOSTS:
        raise ValueError(f"`{file}` ends in none of {', '.join(HOSTS)}, so it is not known how to read it")
    found = find(host_text(file), key)
    if isinstance(found, str):
        raise ValueError(found)
    return checked(found)


def text_with_overrides(program: Program) -> str:
    """Returns what a program means with values put over it. Raises `ValueError` where holes or errors prevent it."""
    resolved = resolve(program, {})
    errors: list[Diagnostic] = [each for each in resolved.findings if each.severity == "error"]
    if resolved.chain is None or errors:
        first = errors[0].message if errors else "it has no meaning"
        raise ValueError(f"values were put over this program, and no text says the same: {first}")
    again, _ = parser.parse(Source(printed(resolved.chain)))
    assert again is not None, "what is printed parses"
    return format_program(again)


def shown(error: OptdslError, indent: str = "") -> str:
    """Returns the findings of an error as lines, the later ones indented, as hosts put words before the first."""
    lines = "\n".join(render(finding) for finding in error.diagnostics).rstrip().split("\n")
    return f"\n{indent}".join(lines)


def not_text(value: object) -> str:
    """Returns what to say of a value that is no text, as YAML makes one of `a: b` and `{a}`."""
    return f"a program is one string, not a {type(value).__name__}: put it in quotes"
