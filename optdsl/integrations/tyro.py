"""Integrations, tyro: `Program` as the type of a field or an argument, given as one word on the command line."""

from typing import Any

import tyro

from optdsl.integrations.field import InvalidProgram, program, shown
from optdsl.syntax.ast import Program


def _read(words: list[str]) -> Program:
    try:
        return program(words[0])
    except InvalidProgram as error:
        raise ValueError(f"\n{shown(error)}") from None


SPEC = tyro.constructors.PrimitiveConstructorSpec(
    nargs=1,
    metavar="PROGRAM",
    instance_from_str=_read,
    is_instance=lambda value: isinstance(value, Program),
    str_from_instance=lambda value: [value.text],
)
"""How tyro reads a program: for `Annotated[Program, SPEC]`, or for a rule of one's own registry."""


def registry() -> tyro.constructors.ConstructorRegistry:
    """Returns a registry that knows `Program`, for `tyro.cli(Config, registry=registry())`."""
    found: Any = tyro.constructors.ConstructorRegistry()  # partly untyped
    found.primitive_rule(_rule)
    return found


def _rule(info: Any) -> tyro.constructors.PrimitiveConstructorSpec[Program] | None:
    return SPEC if info.type is Program else None
