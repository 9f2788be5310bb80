"""REPL, findings while one types: a text in, after a moment of rest, and what is wrong with it out.

It checks in a thread of its own, one text at a time, and drops those that have changed meanwhile.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer

from optdsl.cli.programs import Given, parsed
from optdsl.diagnostics import Diagnostic
from optdsl.repl.colours import LONGEST
from optdsl.repl.session import Kept, Session
from optdsl.repl.typed import value_of
from optdsl.repl.unfinished import is_nothing

REST_SECONDS = 0.15


class Live:
    """Knows the findings of the text that was checked last."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._thread = ThreadPoolExecutor(1, "optdsl-live")
        self._waiting: asyncio.Task[None] | None = None
        self._text = ""
        self._findings: tuple[Diagnostic, ...] | None = None

    def of(self, text: str) -> tuple[Diagnostic, ...] | None:
        """Returns the findings of a text, None where they are not known."""
        return self._findings if text == self._text else None

    def changed(self, buffer: Buffer) -> None:
        """Takes note of another text."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = get_app().create_background_task(self._look(buffer.text))

    async def _look(self, text: str) -> None:
        await asyncio.sleep(REST_SECONDS)
        if len(text) > LONGEST or text.lstrip().startswith(":") or is_nothing(text):
            return
        found = await asyncio.get_running_loop().run_in_executor(self._thread, findings_of, self._session, text)
        self._text, self._findings = text, found
        get_app().invalidate()


def findings_of(session: Session, text: str) -> tuple[Diagnostic, ...]:
    """Returns what is wrong with a text, nothing of a value that is meant to stand by itself."""
    tree, findings = parsed(Given(text, "<program>"))
    if tree is None:
        return findings
    found = tuple(session.check(Kept(tree)))
    is_wrong = any(finding.severity == "error" for finding in found)
    return () if is_wrong and value_of(session, Kept(tree)) is not None else found
