"""Integrations, draccus: `Program` as the type of a field, and a `parse` whose programs know their file."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from draccus import parse as draccus_parse
from draccus.parsers import decoding, encoding
from draccus.utils import DecodingError

from optdsl.integrations.field import InvalidProgram, not_text, program, shown
from optdsl.integrations.places import reading
from optdsl.syntax.ast import Program

T = TypeVar("T")


class InvalidField(DecodingError):
    """Raised for a field that holds no program; begins with the way to the field."""


def register() -> None:
    """Makes draccus read and write fields of type `Program`."""
    readers: Any = decoding  # partly untyped
    writers: Any = encoding
    readers.decode.register(Program, _read)
    writers.encode.register(Program, _text)


def parse(
    config_class: type[T],
    config_path: Path | str | None = None,
    args: Sequence[str] | None = None,
    *,
    exit_on_error: bool = True,
    **more: Any,
) -> T:
    """Returns what `draccus.parse` does; errors in programs point into the file of `config_path` or `--config_path`.

    Such an error ends the process with a message and status 2, and raises `InvalidField` where `exit_on_error` is off.
    """
    register()
    flags = ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument("--config_path", default=config_path)
    path = flags.parse_known_args(args)[0].config_path
    try:
        with reading(*([path] if path is not None and Path(path).is_file() else [])):
            return draccus_parse(config_class, config_path, args, exit_on_error=exit_on_error, **more)
    except InvalidField as error:
        if not exit_on_error:
            raise
        flags.exit(2, f"error: {error}\n")


def _text(value: Program, declared_type: Any = None) -> str:
    return value.text


def _read(value: object, path: Sequence[str] = ()) -> Program:
    if not isinstance(value, str | Program):
        raise InvalidField(path, not_text(value))
    try:
        return program(value, ".".join(path))
    except InvalidProgram as error:
        raise InvalidField(path, f"\n{shown(error)}") from None
