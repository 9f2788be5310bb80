"""Layer 8, the REPL: `optdsl repl`, a prompt at which programs are typed, looked at, trained and compared.

In: lines, from a person at a terminal or from a pipe. Out: what `optdsl explain`, `plot`, `train` and the others say,
on standard output alone. It decides nothing about programs and keeps nothing of them but the last one, `opt`.
"""

import os
import sys
from argparse import Namespace

from optdsl.repl.answers import answered, said
from optdsl.repl.reader import Reader, lines
from optdsl.repl.session import Session


def main(arguments: Namespace) -> int:
    """Returns the exit status of a conversation: 0 from a terminal, 1 from a pipe of which something failed.

    `arguments` has `file` (a program to begin with, or None), `holes` (`NAME=VALUE`) and `params` (a path or None),
    as the parser of the command line gives them.
    """
    session = Session()
    is_person = sys.stdin.isatty()
    if is_person:
        said("optdsl: type a program; :help lists the commands, Ctrl-D leaves")
    for line in _first_lines(arguments):
        answered(session, line)
    reader = _reader(session, is_person)
    while True:
        try:
            if not answered(session, reader.read()):
                break
        except EOFError:
            break
        except KeyboardInterrupt:
            if not is_person:
                raise
    return 0 if is_person else int(session.failed)


def _first_lines(arguments: Namespace) -> list[str]:
    """Returns what the arguments ask for, as a person would type it."""
    holes = [f":hole {item}" for item in arguments.holes]
    shapes = [f":params {arguments.params}"] if arguments.params else []
    return [*holes, *shapes, *([f":load {arguments.file}"] if arguments.file else [])]


def _reader(session: Session, is_person: bool) -> Reader:
    """Returns what reads: an editor on a terminal that can show one, else plain lines."""
    can_edit = os.environ.get("TERM", "dumb").lower() not in ("dumb", "unknown")
    if is_person and sys.stdout.isatty() and (can_edit or sys.platform == "win32"):
        from optdsl.repl.terminal import editor

        return editor(session)
    return lines(is_person)
