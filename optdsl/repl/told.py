"""REPL, what the command line says: its commands run on a program of the session, and speak as the REPL does."""

import re
import sys
from argparse import Namespace
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from io import TextIOBase
from shlex import split

from optdsl.cli import style
from optdsl.cli.arguments import Usage, parse_arguments
from optdsl.diagnostics import Diagnostic
from optdsl.repl.session import Kept, Refused, Session

_PREFIX = re.compile(r"^optdsl (?:list|doc|codes|explain|plot|python|fmt|train|doctor|check|save): ", re.MULTILINE)
_COMMAND = re.compile(r"\boptdsl (list|doc|codes|explain|plot|python|fmt|train|doctor)\b")
_HOLE = re.compile(r"--hole (?=\w+=)")


def tell(session: Session, command: str, run: Callable[[Namespace], int], kept: Kept, options: str = "") -> None:
    """Runs a command that takes one program; raises `Refused` on options that it does not have."""
    given = options_of(command, options)
    if given.files or given.texts:
        raise Refused(f":{command} takes one program, then options; `:help {command}` shows how")
    given.texts = [kept.tree.source.text]
    given.holes = [f"{name}={text}" for name, text in session.needed(kept).items()]
    given.sets = [f"{path}={text}" for path, text in kept.sets]
    if session.shapes is not None and "params" in given:
        given.params = session.shapes.path
    with retold():
        session.failed |= run(given) != 0


def options_of(command: str, options: str) -> Namespace:
    """Returns the options of a command as the command line reads them; raises `Refused`."""
    try:
        given = split(options)
        if {"-h", "--help"} & set(given):
            raise Refused(f"`:help {command}` shows how it is written")
        return parse_arguments([command, *given])
    except Usage as problem:
        raise Refused(in_repl(str(problem))) from None
    except ValueError as problem:  # a quote that nothing closes
        raise Refused(f":{command}: {problem}") from None


def write_findings(findings: Iterable[Diagnostic]) -> None:
    """Writes findings to standard output, commands in their helps as they are typed here."""
    told = (replace(finding, help=in_repl(finding.help)) if finding.help else finding for finding in findings)
    style.write_findings(told, sys.stdout)


@contextmanager
def retold() -> Generator[None]:
    """Has complaints come between the other lines, and name commands as they are typed here."""
    with redirect_stderr(_Retold()):
        yield


class _Retold(TextIOBase):
    """A stream that goes on to standard output."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        sys.stdout.write(in_repl(text))
        return len(text)

    def flush(self) -> None:
        sys.stdout.flush()

    def isatty(self) -> bool:
        return sys.stdout.isatty()


def in_repl(text: str) -> str:
    """Returns what the command line says with commands as they are typed at the prompt.

    >>> in_repl("optdsl doc: there is no word `adm`: see `optdsl doc adam`")
    'there is no word `adm`: see `:doc adam`'
    """
    text = re.sub(r" \(optdsl (\w+) --help shows how\)", r" (`:help \1` shows how)", text)
    text = re.sub(r"`optdsl (\w+) --help`", r"`:help \1`", text)
    return _HOLE.sub(":hole ", _COMMAND.sub(r":\1", _PREFIX.sub("", text)))
