"""REPL, what was typed before: a file of the last entries, which only its owner reads."""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

MOST_ENTRIES = 1000
_LONGEST = 1 << 16


def history_path() -> Path | None:
    """Returns the file of the history: `OPTDSL_HISTORY`, else one in the XDG folder of states; None for none.

    An empty `OPTDSL_HISTORY` asks for none.
    """
    chosen = os.environ.get("OPTDSL_HISTORY")
    if chosen is not None:
        return Path(chosen).expanduser() if chosen else None
    folder = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not folder.is_absolute():  # the specification says to ignore such a folder
        folder = Path.home() / ".local" / "state"
    return folder / "optdsl" / "history"


class Kept(FileHistory):
    """Entries on disk; where that cannot be written, `problem` says why, and they last as long as the session."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path
        self.problem: str | None = None
        try:
            self._prepare()
        except OSError as error:
            self._fail(error)

    def load_history_strings(self) -> Iterable[str]:
        """Returns what the file has, the newest first."""
        try:
            return list(super().load_history_strings())
        except OSError as error:
            self._fail(error)
            return []

    def store_string(self, string: str) -> None:
        """Adds an entry to the file."""
        if len(string) > _LONGEST or self.problem is not None:
            return
        try:
            super().store_string(string)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.problem = f"`{self.path}` cannot be used: {error.strerror or error}; what is typed is forgotten at the end"

    def _prepare(self) -> None:
        """Makes the file, for its owner alone, and leaves out the oldest entries of one that has grown."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.exists() and not self.path.is_file():
            return  # such as /dev/null, whose mode is not ours to change
        self.path.touch(mode=0o600)
        self.path.chmod(0o600)
        entries = list(super().load_history_strings())
        if len(entries) <= MOST_ENTRIES:
            return
        target = self.path.resolve()
        with NamedTemporaryFile(dir=target.parent, prefix=".history.", delete=False) as file:
            shorter = FileHistory(file.name)
            for entry in reversed(entries[:MOST_ENTRIES]):
                shorter.store_string(entry)
        os.replace(file.name, target)


def history() -> History:
    """Returns the history of this user."""
    path = history_path()
    return InMemoryHistory() if path is None else Kept(path)
