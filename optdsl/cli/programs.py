"""Command line, the programs it is given: files, texts and standard input in, text out; values for holes."""

import re
import sys
from argparse import Namespace
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from optdsl.cli.arguments import Usage
from optdsl.diagnostics import Diagnostic
from optdsl.source import Origin, Source
from optdsl.syntax.ast import Program

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 1 << 20
"""More of a file is not read; a program this long is refused for its length anyway."""

_INSIDE = re.compile(r"(?P<file>.+?\.(?:ya?ml|toml|json))(?::(?P<key>.*))?", re.DOTALL)
"""A file that can hold programs, and behind a colon the way to one; a colon may stand in a path before."""

_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "none": None, "inf": float("inf"), "-inf": float("-inf")}


class Given(NamedTuple):
    """A program as text, what messages call it, the file it came from, if any, and its place if it is a value there."""

    text: str
    name: str
    path: "Path | None" = None
    origin: Origin | None = None

    @property
    def source(self) -> Source:
        """Returns the text with what is known of its places."""
        return Source(self.text, self.name, self.origin)

    @property
    def file_text(self) -> str:
        """Returns the text of the whole file."""
        return self.text if self.origin is None else self.origin.host.text

    @property
    def file_name(self) -> str:
        """Returns the name of the file, without the way to a value in it."""
        return self.name if self.origin is None else self.origin.host.name


class Read(NamedTuple):
    """The programs that could be read, and a line for each that could not."""

    programs: tuple[Given, ...]
    problems: tuple[str, ...]


def read(given: Namespace) -> Read:
    """Returns the programs behind a command, files before texts; raises `Usage` if it names none."""
    if not given.files and not given.texts:
        raise Usage(f"optdsl {given.command}: a program is missing: name a FILE, or write -e TEXT")
    programs: list[Given] = []
    problems: list[str] = []
    for name in given.files:
        found = _read_file(name)
        if isinstance(found, Given):
            programs.append(found)
        else:
            problems.append(f"optdsl {given.command}: {found}")
    for number, text in enumerate(given.texts, 1):
        if is_file_name(text):
            raise Usage(f"optdsl {given.command}: files stand before -e: write `optdsl {given.command} {text} ...`")
        programs.append(Given(text, "<program>" if len(given.texts) == 1 else f"<program {number}>"))
    return Read(tuple(programs), tuple(problems))


def read_one(given: Namespace) -> Given:
    """Returns the one program behind a command; raises `Usage` if there is another number of them."""
    found = read(given)
    if found.problems:
        raise Usage(found.problems[0])
    programs = found.programs
    if len(programs) != 1:
        raise Usage(f"optdsl {given.command}: one program at a time, and these are {len(programs)}")
    return programs[0]


def read_path(name: str, command: str) -> Given:
    """Returns the program in a file; raises `Usage` if it cannot be read."""
    found = _read_file(name)
    if isinstance(found, str):
        raise Usage(f"optdsl {command}: {found}")
    return found


def reread(program: Given, command: str) -> Given:
    """Returns the program as its file has it now, which another program of the same file may have changed."""
    return program if program.origin is None else read_path(program.name, command)


def is_file_name(text: str) -> bool:
    """Returns whether `text` is the name of a program's file and no program."""
    is_name = text.endswith(".opt") or _INSIDE.fullmatch(text) is not None
    return is_name and not any(mark in text for mark in "(|;{")


def parsed(
    given: Given, values: Mapping[str, object] = MappingProxyType({})
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Returns the program with `values` put over it by path, or None and its syntax errors."""
    from optdsl.syntax.parser import parse

    program, findings = parse(given.source)
    return (None, findings) if program is None else (program.replace(values), ())


def hole_values(given: Namespace) -> dict[str, object]:
    """Returns the values of `--hole NAME=VALUE`; raises `Usage` where one is not of that form.

    A value is a literal, never Python: a number, `true`, `false`, `none`, or else a string, in quotes or not.
    """
    values: dict[str, object] = {}
    for item in given.holes:
        name, equals, text = item.partition("=")
        name = name.strip().removeprefix(":")
        if not equals or not name.isidentifier():
            raise Usage(f"optdsl {given.command}: --hole takes NAME=VALUE, as in `--hole lr=3e-4`, not `{item}`")
        if name in values:
            raise Usage(f"optdsl {given.command}: the hole `:{name}` is filled twice")
        values[name] = _value(text.strip())
    return values


def set_values(given: Namespace) -> dict[str, object]:
    """Returns the values of `--set PATH=VALUE`, read as those of holes; raises `Usage` on another form."""
    values: dict[str, object] = {}
    for item in given.sets:
        path, equals, text = item.partition("=")
        path = path.strip()
        if not equals or not path:
            raise Usage(f"optdsl {given.command}: --set takes PATH=VALUE, as in `--set adam.b1=0.95`, not `{item}`")
        if path in values:
            raise Usage(f"optdsl {given.command}: `{path}` is set twice")
        values[path] = _value(text.strip())
    return values


def _value(text: str) -> object:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    digits, scale = (text[:-1], {"k": 1_000, "M": 1_000_000}[text[-1]]) if text[-1:] in ("k", "M") else (text, 1)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if not _NUMBER.fullmatch(digits):
        return text
    number = float(digits) * scale
    is_whole = digits.lstrip("+-").replace("_", "").isdigit() or (scale > 1 and number.is_integer())
    return int(digits) * scale if is_whole and scale == 1 else int(number) if is_whole else number


def _read_file(name: str) -> Given | str:
    """Returns the program in a file, or in a value of one, or why it cannot be read."""
    inside = _INSIDE.fullmatch(name)
    return _read_whole(name) if inside is None else _read_inside(name, inside["file"], inside["key"])


def _read_inside(name: str, file: str, key: str | None) -> Given | str:
    host = _read_whole(file)
    if isinstance(host, str):
        return host
    if host.path is not None and host.path.stat().st_size >= _MOST_BYTES:
        return f"`{file}` has {_MOST_BYTES:,} bytes or more: too many to look for a program in"
    from optdsl.embedded import find

    found = find(Source(host.text, host.name), key)
    return found if isinstance(found, str) else Given(found.text, name, host.path, found.origin)


def _read_whole(name: str) -> Given | str:
    from pathlib import Path

    path = None if name == "-" else Path(name)
    shown = "<stdin>" if path is None else name
    try:
        data = _bytes(sys.stdin.buffer) if path is None else _bytes_of(path)
        return Given(_decoded(data), shown, path)
    except FileNotFoundError:
        looks_like_text = any(mark in name for mark in "(|")
        return f"there is no file `{name}`" + (": a program as text stands behind -e" if looks_like_text else "")
    except IsADirectoryError:
        return f"`{name}` is a directory: name the files in it"
    except UnicodeDecodeError as error:
        return f"`{shown}` is not UTF-8 text: byte {error.start + 1} does not belong there"
    except (OSError, ValueError) as error:
        return f"`{name}` cannot be read: {getattr(error, 'strerror', None) or error}"


def _bytes_of(path: "Path") -> bytes:
    with path.open("rb") as file:
        return _bytes(file)


def _bytes(file: BinaryIO) -> bytes:
    return file.read(_MOST_BYTES)


def _decoded(data: bytes) -> str:
    """Returns the text of a file, the mark dropped that Windows puts before UTF-8."""
    whole = len(data) < _MOST_BYTES
    return data.decode("utf-8-sig", errors="strict" if whole else "replace")
