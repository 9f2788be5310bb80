"""REPL, completion: the text before the cursor in, what may stand there out; programs are `assist`'s."""

from collections.abc import Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from optdsl import api
from optdsl.assist import complete
from optdsl.diagnostics.codes import CODES
from optdsl.registry import names
from optdsl.repl.colours import LONGEST, behind_command
from optdsl.repl.commands import COMMANDS
from optdsl.repl.session import Kept, Session, values_of_holes
from optdsl.syntax.ast import hole_names

_MOST = 200
_LONGEST_META = 60


class Proposals(Completer):
    """Proposes commands, what they take, and all that `assist` knows of programs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yields what may stand at the cursor, best first."""
        text, cursor = document.text, document.cursor_position
        if len(text) > LONGEST:
            return
        before = document.text_before_cursor
        if not before.lstrip().startswith(":"):
            yield from self._of_program(text, cursor)
        elif " " not in before.lstrip():
            typed = before.lstrip()[1:]
            for name, command in COMMANDS.items():
                if name.startswith(typed):
                    yield Completion(f":{name}", -len(typed) - 1, display_meta=command.summary)
        else:
            yield from self._of_command(_command(before), document, complete_event)

    def _of_program(self, text: str, cursor: int) -> Iterator[Completion]:
        for found in complete(text, cursor, self._session.leaves)[:_MOST]:
            meta = found.detail or found.documentation
            yield Completion(found.insert, found.start - cursor, found.label, _cut(meta), f"class:{found.kind}")

    def _of_command(self, name: str, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        typed = document.text_before_cursor.lstrip().partition(" ")[2].lstrip()
        match COMMANDS[name].takes if name in COMMANDS else "nothing":
            case "program":
                start = behind_command(document.text)
                return self._of_program(document.text[start:], document.cursor_position - start)
            case "file" | "shapes":
                return self._files.get_completions(Document(typed), event)
            case "word":
                return _words(typed, sorted(names()))
            case "code":
                return _words(typed.upper(), CODES, typed)
            case "command":
                return _words(typed.removeprefix(":"), COMMANDS, typed)
            case "path":
                return self._settings(typed)
            case "hole":
                return _words(typed, (f"{name}=" for name in self._holes()))
            case _:
                return ()

    def _settings(self, typed: str) -> Iterator[Completion]:
        if "=" in typed or self._session.kept is None:
            return
        for path, value in _values(self._session, self._session.kept).items():
            if typed in path:
                yield Completion(f"{path}=", -len(typed), path, _cut(value))

    def _holes(self) -> list[str]:
        session = self._session
        trees = [tree for tree in (session.waiting, session.kept and session.kept.tree) if tree is not None]
        return sorted({"total", "epoch_steps"}.union(*map(hole_names, trees)))


def _values(session: Session, kept: Kept) -> dict[str, str]:
    """Returns path -> value of all that `:set` changes."""
    report = api.explain(kept.whole, holes=values_of_holes(session.filled(kept)))
    names = {statement.name.id: "" for statement in kept.tree.statements}
    return names | {f"{stage.path}.{one.name}": one.text for stage in report.stages for one in stage.parameters}


def _command(before: str) -> str:
    return before.lstrip()[1:].partition(" ")[0].removesuffix("!")


def _words(typed: str, words: Iterable[str], written: str | None = None) -> Iterator[Completion]:
    length = len(typed if written is None else written)
    return (Completion(word, -length) for word in words if word.startswith(typed))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_META else f"{text[: _LONGEST_META - 1]}…"
