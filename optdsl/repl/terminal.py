"""REPL, the editor: a terminal that can move its cursor in, whole programs and commands out, by prompt_toolkit."""

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from optdsl.assist import tokens
from optdsl.repl.answers import answered, said
from optdsl.repl.colours import LONGEST, STYLE, Colours, behind_command
from optdsl.repl.completing import Proposals
from optdsl.repl.history import Kept, history
from optdsl.repl.live import Live
from optdsl.repl.reader import CONTINUATION, PROMPT, Reader
from optdsl.repl.session import Session
from optdsl.repl.toolbar import toolbar
from optdsl.repl.unfinished import indentation, is_nothing, is_unfinished

_MENU_ROWS = 8
_LOW = 14
"""Rows of a terminal below which the menu and the toolbar would leave no room for the program."""


def editor(session: Session) -> Reader:
    """Returns a reader that completes, colours, explains and checks while one types."""
    return _Editor(session)


class _Editor:
    """One prompt after another on the same history."""

    def __init__(self, session: Session) -> None:
        self._live = Live(session)
        self._history = history()
        self._prompt: PromptSession[str] = PromptSession(
            [("class:prompt", PROMPT)],
            multiline=True,
            lexer=Colours(),
            style=STYLE,
            include_default_pygments_style=False,
            completer=Proposals(session),
            complete_in_thread=True,
            history=self._history,
            key_bindings=_bindings(session),
            prompt_continuation=_continuation,
            bottom_toolbar=self._toolbar,
            enable_suspend=True,
            enable_open_in_editor=True,
            tempfile_suffix=".opt",
            reserve_space_for_menu=_MENU_ROWS,
        )
        self._prompt.default_buffer.on_text_changed += self._live.changed

    def read(self) -> str:
        """Returns what was entered, and says once what is wrong with the history."""
        if isinstance(self._history, Kept) and (problem := self._history.problem):
            said(f"history: {problem}")
            self._history = None
        rows = self._prompt.app.output.get_size().rows
        self._prompt.reserve_space_for_menu = _MENU_ROWS if rows >= _LOW else max(0, rows // 3)
        return self._prompt.prompt()

    def _toolbar(self) -> StyleAndTextTuples:
        buffer, size = self._prompt.default_buffer, get_app().output.get_size()
        lines = toolbar(buffer.text, buffer.cursor_position, self._live.of(buffer.text), size.columns)
        return lines if size.rows >= _LOW else lines[-2:]


def _continuation(width: int, line: int, wrapped: int) -> StyleAndTextTuples:
    """Returns what stands before a later line; nothing but space before the rest of one that was too long."""
    return [("class:continuation", " " * width if wrapped else CONTINUATION)]


def _bindings(session: Session) -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter", filter=~Condition(lambda: get_app().layout.is_searching))
    def _(event: KeyPressEvent) -> None:
        _enter(event)

    @bindings.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        _begin_line(event.current_buffer)

    @bindings.add("f1")
    def _(event: KeyPressEvent) -> None:
        word = _word(event.current_buffer.text, event.current_buffer.cursor_position)
        run_in_terminal(lambda: answered(session, f":doc {word}" if word else ":help"))

    return bindings


def _enter(event: KeyPressEvent) -> None:
    """Takes what is chosen in the menu, else ends the text if it is whole, else begins a line."""
    buffer = event.current_buffer
    if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
        buffer.complete_state = None
        return
    text = buffer.text
    blank = buffer.document.is_cursor_at_the_end and not buffer.document.current_line.strip()
    if is_nothing(text) and text:
        buffer.reset()
    elif blank or len(text) > LONGEST or not is_unfinished(text):
        buffer.validate_and_handle()
    else:
        _begin_line(buffer)


def _begin_line(buffer: Buffer) -> None:
    # Without the event of an insertion, which would open the menu over an empty line.
    buffer.insert_text("\n" + indentation(buffer.document.text_before_cursor), fire_event=False)


def _word(text: str, cursor: int) -> str:
    """Returns the stage or the schedule at the cursor, or the last one before it."""
    start = behind_command(text)
    found = [
        text[start:][token.span.start : token.span.end]
        for token in tokens(text[start:])
        if token.kind in ("stage", "schedule") and token.span.start + start <= cursor
    ]
    return found[-1] if found else ""
