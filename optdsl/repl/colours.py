"""REPL, highlighting: the text on the prompt in, each piece with the name of its style out, as `assist` tells them."""

from collections.abc import Callable, Iterator

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import split_lines
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from optdsl.assist import tokens
from optdsl.repl.commands import COMMANDS

LONGEST = 20_000
"""Characters of a text that are looked at while it is typed; a longer one waits for Enter."""

# Names of the terminal's own colours, so that they suit its background.
STYLE = Style.from_dict(
    {
        "prompt": "bold",
        "continuation": "ansibrightblack",
        "command": "bold ansicyan",
        "stage": "ansiblue",
        "schedule": "ansicyan",
        "parameter": "",
        "number": "ansimagenta",
        "keyword": "bold",
        "operator": "bold",
        "string": "ansigreen",
        "path": "ansigreen",
        "comment": "italic ansibrightblack",
        "selector": "ansiyellow",
        "hole": "ansired",
        "binding": "",
        "punctuation": "",
        "bottom-toolbar": "noreverse",
        "bottom-toolbar.text": "noreverse",
        "quiet": "ansibrightblack",
        "active": "bold underline",
        "error": "bold ansired",
        "warning": "bold ansiyellow",
        "note": "bold ansicyan",
        "ok": "ansigreen",
    }
)


class Colours(Lexer):
    """Colours programs, and those behind commands; total on any text."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Returns the function from a line's number to its pieces."""
        lines = list(split_lines(list(_pieces(document.text))))
        return lambda number: lines[number] if number < len(lines) else []


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yields every character of a text in a piece, with its style."""
    program = behind_command(text)
    yield "class:command", text[:program]
    if len(text) > LONGEST:
        yield "", text[program:]
        return
    at = program
    for span, kind in tokens(text[program:]):
        start, end = span.start + program, span.end + program
        yield "", text[at:start]
        yield f"class:{kind}", text[start:end]
        at = end
    yield "", text[at:]


def behind_command(text: str) -> int:
    """Returns where the program begins: behind the command if there is one, at the end if that takes none."""
    if not text.lstrip().startswith(":"):
        return 0
    word = text.split(maxsplit=1)[0]
    command = COMMANDS.get(word[1:].removesuffix("!"))
    start = len(text) - len(text.lstrip())
    return start + len(word) if command is not None and command.takes == "program" else len(text)
