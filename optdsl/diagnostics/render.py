"""Findings as a person reads them: the message, the source line, carets under the smallest wrong thing.

In: a finding. Out: its text, in parts that say what they are, so that a terminal can colour them at the edge.
It knows no colours and asks nobody how wide the terminal is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from textwrap import wrap
from typing import Literal, NamedTuple
from unicodedata import category, east_asian_width

from optdsl.diagnostics.finding import Diagnostic
from optdsl.source import Source, Span

Role = Literal["severity", "message", "margin", "source", "mark", "label"]

LONGEST_LINE = 200
"""Cells of a source line that are shown where no width is given: a program on one line may have thousands."""
NARROWEST = 24


class Part(NamedTuple):
    """A piece of a rendered finding and what it is."""

    text: str
    role: Role


class _Mark(NamedTuple):
    span: Span
    symbol: str
    text: str
    role: Role


class _View(NamedTuple):
    """The characters of a source line that are shown, as a half-open range."""

    start: int
    end: int


def render(finding: Diagnostic, width: int | None = None) -> str:
    """Returns `finding` with its source lines, carets, labels and help, ending in a newline.

    With a `width`, in cells, texts are wrapped to it and source lines are cropped around the carets.
    >>> from optdsl.diagnostics import Findings
    >>> from optdsl.source import Range, Source
    >>> found = Findings(Source("adamw(3e-4, weigth_decay=0.1)", "train.opt"))
    >>> found.add("E202", "`adamw` has no parameter `weigth_decay`", Range(12, 24), help="write `weight_decay`")
    >>> print(render(found.sorted()[0]), end="")
    error[E202]: `adamw` has no parameter `weigth_decay`
      --> train.opt:1:13
       |
     1 | adamw(3e-4, weigth_decay=0.1)
       |             ^^^^^^^^^^^^ help: write `weight_decay`
    """
    return "".join(part.text for part in parts(finding, width))


def parts(finding: Diagnostic, width: int | None = None) -> Iterator[Part]:
    """Yields the text of `render` piece by piece, each with its role."""
    marks = [_Mark(finding.span, "^", f"help: {finding.help}" if finding.help else "", "mark")]
    marks += [_Mark(label.span, "-", label.text, "label") for label in finding.labels]
    marks.sort(key=lambda mark: (mark.span.line, mark.span.column))
    margin = max(len(str(mark.span.line)) for mark in marks) + 1
    yield from _headline(finding, width)
    yield Part(f"{' ' * margin}--> {_clean(str(finding.span))}\n{' ' * margin} |\n", "margin")
    room = max(NARROWEST, (width or LONGEST_LINE) - margin - 3)
    shown, view = 0, _View(0, 0)
    for mark in marks:
        if mark.span.line != shown or not view.start <= mark.span.column - 1 <= view.end:
            if shown and mark.span.line > shown + 1:
                yield Part(f"{' ' * margin}...\n", "margin")
            shown, line = mark.span.line, finding.source.line(mark.span.line)
            view = _view(line, mark.span.column - 1, room)
            yield Part(f"{shown:>{margin}} |", "margin")
            yield Part(f" {_cropped(line, view)}".rstrip() + "\n", "source")
        for line in _marked(finding.source, mark, view, room if width else None):
            yield Part(f"{' ' * margin} | ", "margin")
            yield Part(f"{line}\n", mark.role)


def _headline(finding: Diagnostic, width: int | None) -> Iterator[Part]:
    tag = f"{finding.severity}[{finding.code}]"
    lines = _wrapped(f"{tag}: {_clean(finding.message)}", width, indent="  ")
    yield Part(tag, "severity")
    yield Part("\n".join(lines)[len(tag) :] + "\n", "message")


def _marked(source: Source, mark: _Mark, view: _View, room: int | None) -> Iterator[str]:
    """Yields the line of carets with its text behind it, or below it where that does not fit."""
    line = source.line(mark.span.line)
    end = mark.span.end_column - 1 if mark.span.end_line == mark.span.line else len(line)
    before = cells(_cropped(line, view._replace(end=mark.span.column - 1), cut_end=False))
    carets = mark.symbol * max(1, cells(line[mark.span.column - 1 : min(end, view.end)]))
    text = _clean(mark.text)
    if room is None or before + len(carets) + 1 + cells(text) <= room:
        yield f"{' ' * before}{carets} {text}".rstrip()
        return
    yield " " * before + carets
    lines = _wrapped(text, room)
    indent = max(0, min(before, room - max(map(cells, lines))))
    yield from (" " * indent + line for line in lines)


def _view(line: str, column: int, room: int) -> _View:
    """Returns which characters of `line` to show in `room` cells; the one at `column` is among them."""
    low, high = max(0, column - room), min(len(line), column + room + 1)
    before = [0, *accumulate(map(_cell, line[low:high]))]
    if low == 0 and high == len(line) and before[-1] <= room:
        return _View(0, len(line))
    # A third of the room for what stands before the caret; less where the line ends soon.
    first = max(0, min(before[column - low] - room // 3, before[-1] + 1 - room))
    start = bisect_left(before, first)
    start = 0 if low + start <= 1 else start
    ellipses = 1 if low + start == 0 else 2
    end = bisect_right(before, before[start] + room - ellipses) - 1
    return _View(low + start, low + end)


def _cropped(line: str, view: _View, cut_end: bool = True) -> str:
    """Returns what is seen of `line`: an ellipsis where it is cut, a space for what would move the cursor."""
    shown = line[view.start : view.end]
    visible = "".join(character if character.isprintable() else " " for character in shown)
    end = "…" if cut_end and view.end < len(line) else ""
    return f"{'…' if view.start else ''}{visible}{end}"


def _wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    if width is None or cells(text) <= width:
        return [text]
    return wrap(text, max(NARROWEST, width), subsequent_indent=indent, break_on_hyphens=False)


def _clean(text: str) -> str:
    """Returns `text` on one line, with escapes for what a terminal would take as a command."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cells(text: str) -> int:
    """Returns how many cells of a terminal `text` takes: two for a wide character, none for a combining."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
