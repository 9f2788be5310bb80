"""REPL, plain lines: what a pipe or a terminal without cursor movements says in, whole programs and commands out.

It knows where a program ends, and no more of the language.
"""

import os
import select
import sys
from typing import Protocol

from optdsl.repl.unfinished import is_nothing, is_unfinished

PROMPT = "optdsl> "
CONTINUATION = "   ...> "
_CHUNK = 1 << 16
_GOES_ON = ("|", "->", "where ", "when ", "else ", "as ", ")", "]", "}")
"""What a line begins with that goes on with the one before, as the canonical form breaks long programs."""


class Reader(Protocol):
    """Where input comes from."""

    def read(self) -> str:
        """Returns a command or a program; raises `EOFError` at the end, `KeyboardInterrupt` on Ctrl-C."""
        ...


def lines(is_person: bool) -> Reader:
    """Returns a reader of standard input; only a person is shown prompts."""
    return _Lines(sys.stdin.fileno(), is_person)


class _Lines:
    """Reads lines and joins them to programs. It never waits for a line in order to end the one before."""

    def __init__(self, descriptor: int, prompts: bool) -> None:
        self._descriptor = descriptor
        self._prompts = prompts
        self._pending = b""
        self._ended = False

    def read(self) -> str:
        try:
            return self._program()
        except KeyboardInterrupt:
            self._pending = b""
            self._show("\n")
            raise

    def _program(self) -> str:
        text = self._line(PROMPT)
        while is_nothing(text):
            text = self._line(PROMPT)
        if text.lstrip().startswith(":"):
            return text
        while is_unfinished(text) or self._goes_on():
            try:
                more = self._line(CONTINUATION)
            except EOFError:
                return text
            if not more.strip():
                return text
            text = f"{text}\n{more}"
        return text

    def _line(self, prompt: str) -> str:
        """Returns the next line, waiting for it."""
        self._show(prompt)
        while b"\n" not in self._pending and not self._ended:
            self._fill()
        if not self._pending:
            self._show("\n")
            raise EOFError
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("utf-8", errors="replace").removesuffix("\r")

    def _goes_on(self) -> bool:
        """Returns whether the next line, if it has come already, belongs to this program."""
        while b"\n" not in self._pending and not self._ended and self._has_come():
            self._fill()
        return self._pending.decode("utf-8", errors="replace").lstrip(" \t").startswith(_GOES_ON)

    def _has_come(self) -> bool:
        try:
            return bool(select.select([self._descriptor], [], [], 0)[0])
        except OSError:  # Windows asks this of sockets alone
            return False

    def _fill(self) -> None:
        more = os.read(self._descriptor, _CHUNK)
        self._pending += more
        self._ended = not more

    def _show(self, text: str) -> None:
        if self._prompts:
            sys.stdout.write(text)
        sys.stdout.flush()
