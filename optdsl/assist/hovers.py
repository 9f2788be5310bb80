"""Assist, the word under the cursor: what is known of it, as Markdown, and the place where it is bound."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from optdsl.assist.calls import enclosing, row_of
from optdsl.assist.outline import outline
from optdsl.assist.places import Bound, Outline, Slot, Token
from optdsl.assist.words import CLASSES, HOLES, KEYWORDS, STEP, SUBJECTS
from optdsl.registry import Parameter, Row
from optdsl.semantics.facts import default_text, described, home, label, needs, takes
from optdsl.source import Range

_ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")
_WORDS = frozenset({"stage", "schedule", "parameter", "keyword", "selector", "hole", "binding"})


class Hover(NamedTuple):
    """The word under the cursor, and what is known of it, in Markdown."""

    span: Range
    markdown: str


def hover(text: str, offset: int) -> Hover | None:
    """Returns what is known of the word at `offset`, None where that is nothing; never raises.

    >>> print(hover("rate = 3e-4; adam(rate)", 19).markdown)
    ```optdsl
    rate = 3e-4
    ```
    """
    found = outline(text, offset)
    token = _word_at(found, offset)
    told = None if token is None else _told(found, token)
    return None if token is None or told is None else Hover(token.span, told)


def definition(text: str, offset: int) -> tuple[int, int] | None:
    """Returns the range of the name that binds the word at `offset`, None for all other words; never raises.

    >>> definition("rate = 3e-4; adam(rate)", 19)
    (0, 4)
    """
    found = outline(text, offset)
    token = _word_at(found, offset)
    bound = None if token is None else _bound(found, token)
    return None if bound is None else (bound.place.start, bound.place.end)


def _word_at(found: Outline, offset: int) -> Token | None:
    """Returns the word that `offset` stands in or right behind."""
    touched = (token for token in found.tokens if token.span.start <= offset <= token.span.end)
    return next((token for token in touched if token.kind in _WORDS), None)


def _bound(found: Outline, token: Token) -> Bound | None:
    """Returns what binds a word: its own statement, or the last one before it that it can see."""
    own = next((bound for bound in found.bounds if bound.place == token.span), None)
    if own is not None or token.kind not in ("binding", "parameter", "stage"):
        return own
    if token.kind == "parameter" and _names_argument(found, token):
        return None
    bound = found.visible(token.span.start).get(_text(found, token.span))
    is_word_only = token.kind == "stage" and bound is not None and bound.form != "def"
    return None if is_word_only else bound


def _names_argument(found: Outline, token: Token) -> bool:
    """Returns whether a parameter stands before an `=`, rather than for the value of one of a definition's."""
    return found.text[token.span.end :].lstrip()[:1] == "="


def _text(found: Outline, span: Range) -> str:
    return found.text[span.start : span.end]


def _told(found: Outline, token: Token) -> str | None:
    word = _text(found, token.span)
    if (bound := _bound(found, token)) is not None:
        return _statement(found, bound)
    match token.kind:
        case "parameter":
            return _parameter(found, word)
        case "hole":
            return f"`{word}`: {HOLES.get(word[1:], 'a hole, which the host fills.')}"
        case "selector":
            return CLASSES.get(word) or SUBJECTS.get(word)
        case "keyword":
            return KEYWORDS.get(word)
        case _:
            return STEP if word == "step" else _row(found, token, word)


def _row(found: Outline, token: Token, word: str) -> str | None:
    segment = found.place.slot is Slot.SEGMENT
    row = row_of(word, found.text, found.visible(token.span.start), segment=segment)
    return None if row is None else "\n\n".join(_page(row))


def _statement(found: Outline, bound: Bound) -> str:
    """Returns the statement that binds a name, as it is written."""
    value = _text(found, bound.value).strip()
    if bound.form == "formal":
        return _code(f"{bound.name}={value}" if value else bound.name)
    head = {"binding": bound.name, "live": f"live {bound.name}"}.get(bound.form) or f"def {_called(found, bound)}"
    return _code(f"{head} = {value}")


def _called(found: Outline, bound: Bound) -> str:
    row = row_of(bound.name, found.text, {bound.name: bound})
    return bound.name if row is None else label(row).text


def _parameter(found: Outline, word: str) -> str | None:
    call = enclosing(found.place.frame, found.place.argument)
    if call is None:
        return None
    frame = call[0]
    row = row_of(frame.callee, found.text, found.visible(frame.start), segment=frame.segment)
    parameter = None if row is None else row.parameter(word)
    return None if row is None or parameter is None else f"`{word}` of `{row.name}`: {described(parameter)}"


def _page(row: Row) -> Iterator[str]:
    """Yields the paragraphs about a row."""
    yield _code(label(row).text)
    if row.prose.summary:
        yield row.prose.summary
    if row.deprecated:
        yield f"An old name: write `{row.deprecated}`."
    if row.prose.formula:
        yield f"`{row.prose.formula}`"
    if row.parameters:
        yield _table(row.parameters)
    if wanted := needs(row):
        yield f"Needs {wanted}."
    if row.prose.source:
        yield _ARXIV.sub(r"[arXiv \1](https://arxiv.org/abs/\1)", row.prose.source)
    if at := home(row):
        yield f"In Optax: `{at}`"


def _table(parameters: tuple[Parameter, ...]) -> str:
    rows = (f"| `{one.name}` | {takes(one)} | {_default(one)} |" for one in parameters)
    return "\n".join(("| parameter | takes | default |", "|---|---|---|", *rows))


def _default(parameter: Parameter) -> str:
    return "" if parameter.required else f"`{default_text(parameter)}`"


def _code(text: str) -> str:
    return f"```optdsl\n{text}\n```"
