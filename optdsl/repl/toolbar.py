"""REPL, the lines below the prompt: how the call at the cursor is written, what stands there, what is wrong."""

from functools import lru_cache
from typing import NamedTuple

from prompt_toolkit.formatted_text import StyleAndTextTuples

from optdsl.assist import hover, signature, tokens
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.render import cells
from optdsl.repl.colours import LONGEST, behind_command
from optdsl.repl.commands import COMMANDS
from optdsl.source import Range

_IDLE = "type a program, or :help"


class Help(NamedTuple):
    """Two lines about the place of the cursor; `active` is what of the first one is meant."""

    head: str
    active: Range
    told: str


_NOTHING = Help("", Range(0, 0), "")


def toolbar(text: str, cursor: int, findings: tuple[Diagnostic, ...] | None, width: int) -> StyleAndTextTuples:
    """Returns three lines, each at most `width` wide; `findings` are None where none are known yet."""
    found = help_at(text, cursor) if len(text) <= LONGEST else _NOTHING
    head = _fitted(found, width)
    return [*head, ("", "\n"), ("class:quiet", _cut(found.told, width)), ("", "\n"), *_finding(findings, width)]


@lru_cache(maxsize=32)
def help_at(text: str, cursor: int) -> Help:
    """Returns what is known of the place of the cursor.

    >>> help_at("adam(1e-3, b2=", 14).told
    'b2: number, >= 0 and < 1, default 0.999'
    """
    if not text.strip():
        return Help(_IDLE, Range(0, 0), "")
    start = behind_command(text)
    if start == len(text) or cursor < start:
        return _of_command(text)
    program, offset = text[start:], cursor - start
    if not _touches_word(program, offset) and (call := _of_call(program, offset)) is not None:
        return call
    return _of_word(program, offset) or _of_call(program, offset) or (_of_command(text) if start else _NOTHING)


def _of_command(text: str) -> Help:
    command = COMMANDS.get(text.split(maxsplit=1)[0][1:].removesuffix("!"))
    if command is None:
        return _NOTHING
    options = f"  {command.options}" if command.options else ""
    return Help(f"{command.usage}{options}", Range(0, 0), command.summary)


def _touches_word(text: str, offset: int) -> bool:
    """Returns whether the cursor stands in or right behind a stage or a schedule."""
    kinds = (token.kind for token in tokens(text) if token.span.start < offset <= token.span.end)
    return any(kind in ("stage", "schedule") for kind in kinds)


def _of_call(text: str, offset: int) -> Help | None:
    found = signature(text, offset)
    if found is None:
        return None
    if found.active is None:
        return Help(found.label, Range(0, 0), found.documentation)
    parameter = found.parameters[found.active]
    return Help(found.label, parameter.span, f"{parameter.name}: {parameter.documentation}")


def _of_word(text: str, offset: int) -> Help | None:
    """Returns the first two paragraphs of what is known of the word at the cursor."""
    found = hover(text, offset)
    if found is None:
        return None
    paragraphs = found.markdown.removeprefix("```optdsl\n").replace("\n```", "").split("\n\n")
    head, told, *_ = *paragraphs, ""
    return Help(" ".join(head.split()), Range(0, 0), told.replace("`", ""))


def _fitted(found: Help, width: int) -> StyleAndTextTuples:
    """Returns the first line, cropped on both sides where it is long so that what is meant can be seen."""
    text, (start, end) = found.head, found.active
    first = 0 if end + 1 < width else max(0, min(start - width // 4, len(text) - width + 1))
    before = ("…" if first else "") + text[first + (first > 0) : start] if end else ""
    rest = text[end:] if end else text
    room = max(0, width - 1 - cells(before) - cells(text[start:end]))
    return [("", before), ("class:active", text[start:end]), ("", _cut(rest, room + 1))]


def _finding(findings: tuple[Diagnostic, ...] | None, width: int) -> StyleAndTextTuples:
    if findings is None:
        return [("", " ")]
    if not findings:
        return [("class:ok", "ok")]
    order = ("error", "warning", "note")
    first = min(findings, key=lambda finding: order.index(finding.severity))
    tag = f"{first.severity}[{first.code}]"
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    said = first.message + (f": {first.help}" if first.help else "")
    room = max(1, width - cells(tag) - 2 - cells(more))
    return [(f"class:{first.severity}", tag), ("", f": {_cut(said, room)}{more}")]


def _cut(text: str, width: int) -> str:
    """Returns the text on one line of fewer than `width` cells, an ellipsis at its end where it was longer."""
    text = "".join(character if character.isprintable() else " " for character in text)
    if cells(text) < width:
        return text
    while text and cells(text) >= width - 1:
        text = text[: min(len(text) - 1, max(0, width - 2))]
    return f"{text}…" if width > 1 else ""
