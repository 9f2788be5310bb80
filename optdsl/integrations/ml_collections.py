"""Integrations, ml_collections: `Program` as a field of a `ConfigDict` that a flag such as `--config.opt=...` sets."""

from typing import Any

from absl import flags
from ml_collections import config_flags  # pyright: ignore[reportMissingTypeStubs]

from optdsl.integrations import yaml
from optdsl.integrations.field import InvalidProgram, program, shown
from optdsl.syntax.ast import Program


class _Parser(flags.ArgumentParser[Program]):
    """How absl reads a program; what it raises stands behind the name of the flag."""

    syntactic_help = "a program of optdsl"

    def parse(self, argument: str | Program) -> Program:
        """Returns the program that was given. Raises `ValueError`."""
        try:
            return program(argument)
        except InvalidProgram as error:
            raise ValueError(f"\n{shown(error)}") from None

    def flag_type(self) -> str:
        """Returns what the help calls the type."""
        return "program"


def register() -> None:
    """Makes flags of `config_flags` read fields that hold a program, and a printed `ConfigDict` show its text.

    To be called before flags are parsed.
    """
    yaml.register()
    flag_types: Any = config_flags  # not typed
    flag_types.register_flag_parser_for_type(Program, _Parser())
