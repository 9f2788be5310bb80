"""A REPL on a real terminal for the tests: keys in, the text of the stream out, without what moves the cursor."""

import os
import re
import sys
import time
from pathlib import Path

import pexpect

ROOT = Path(__file__).parents[2]
CURSOR = "\x1b[6n"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][A-Z0-9]?|\x1b\][^\x07]*\x07|[\x00-\x08\x0e-\x1f]")
IDLE = r"type a program, or :help\s*$"
"""What the toolbar says at an empty prompt: the REPL waits."""


class Talk:
    """A conversation; `history` is its file."""

    def __init__(
        self, folder: Path, *arguments: str, term: str = "xterm-256color", columns: int = 100, **more: str
    ) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
        environment |= {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "TERM": term}
        environment |= {"OPTDSL_HISTORY": str(folder / "history"), "PYTHONWARNINGS": "error", **more}
        self.raw = ""
        self.process = pexpect.spawn(
            sys.executable,
            ["-m", "optdsl", "repl", *arguments],
            cwd=str(folder),
            env=environment,  # pyright: ignore[reportArgumentType]
            dimensions=(40, columns),
            encoding="utf-8",
        )

    def keys(self, text: str, until: str, seconds: float = 30) -> str:
        """Types and returns what is written from then on up to `until`, a regular expression."""
        self.process.send(text)
        return self.until(until, seconds)

    def until(self, pattern: str, seconds: float = 30) -> str:
        """Returns what is written up to `pattern`; answers the terminal's questions meanwhile."""
        self.raw, end = "", time.monotonic() + seconds
        while not re.search(pattern, plain(self.raw), re.DOTALL):
            assert time.monotonic() < end, f"no {pattern!r} in {plain(self.raw)!r}"
            try:
                some = self.process.read_nonblocking(1 << 16, 0.1)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                raise AssertionError(f"it ended without {pattern!r}: {plain(self.raw)!r}") from None
            self.raw += some
            for _ in range(some.count(CURSOR)):
                self.process.send("\x1b[1;1R")
        return plain(self.raw)

    def leave(self) -> int | None:
        """Presses Ctrl-D and returns the exit status."""
        self.process.send("\x04")
        self.process.expect(pexpect.EOF)
        self.process.close()
        return self.process.exitstatus


def plain(raw: str) -> str:
    """Returns the text of a stream without escapes."""
    return CONTROL.sub("", raw).replace("\r", "")
