"""Integrations, jsonargparse: `Program` as the type of an argument, and a `--config` whose programs know their file."""

from typing import Any

from jsonargparse import ActionConfigFile  # pyright: ignore[reportPrivateImportUsage]
from jsonargparse import typing as host_types

from optdsl.integrations.field import InvalidProgram, program, shown
from optdsl.integrations.places import reading
from optdsl.syntax.ast import Program

_config_file: Any = ActionConfigFile  # partly untyped


def register() -> None:
    """Makes jsonargparse read and write arguments of type `Program`; to be called before a parser is made."""
    types: Any = host_types  # partly untyped
    types.register_type(Program, serializer=_text, deserializer=_read)


class ConfigFile(ActionConfigFile):
    """The action for `--config` under which errors in programs point into the file."""

    @staticmethod
    def apply_config(parser: Any, cfg: Any, dest: str, value: Any) -> None:
        """Puts the values of a file over those there are."""
        with reading(*([value] if isinstance(value, str) and _is_file(value) else [])):
            _config_file.apply_config(parser, cfg, dest, value)


def _is_file(value: str) -> bool:
    from pathlib import Path

    return "\n" not in value and Path(value).is_file()


def _text(value: Program) -> str:
    return value.text


def _read(value: object) -> Program:
    try:
        return program(value)
    except InvalidProgram as error:
        raise ValueError(f"\n{shown(error)}\n") from None
