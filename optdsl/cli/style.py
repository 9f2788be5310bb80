"""Command line, how things look: findings and pages in, text on a terminal or in a pipe out.

Colours only on a terminal that has and wants them (`NO_COLOR`, `FORCE_COLOR`, `TERM=dumb`); rich decides.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, TextIO

from optdsl.diagnostics import Diagnostic

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_SEVERITIES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_GOOD_WIDTH = 88
_ROLES = {"message": "bold", "margin": "blue", "source": "", "label": "blue"}


def write(text: str) -> None:
    """Writes a line to standard output as it is."""
    sys.stdout.write(f"{text}\n")


def write_findings(findings: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
    """Writes findings with their source lines, fitted to the terminal, an empty line behind each."""
    from optdsl.diagnostics.render import render

    to = sys.stdout if stream is None else stream
    width = get_terminal_size().columns if to.isatty() else None
    for finding in findings:
        if _is_coloured(to):
            _print(_painted(finding, width), to)
        else:
            to.write(render(finding, width) + "\n")


def page_width() -> int:
    """Returns how wide to set text: as wide as is good to read, and no wider than the terminal."""
    return min(_GOOD_WIDTH, get_terminal_size().columns) if sys.stdout.isatty() else _GOOD_WIDTH


def write_page(text: str) -> None:
    """Writes a page whose headings are the lines that are not indented."""
    if not _is_coloured(sys.stdout):
        write(text)
        return
    from rich.text import Text

    for line in text.splitlines():
        for fitting in _fitted(line):
            _print(Text(fitting, style="" if line.startswith(" ") else "bold"), sys.stdout)


def write_table(rows: Sequence[tuple[str, ...]], headings: Sequence[str]) -> None:
    """Writes rows in columns: folded to the terminal's width, or one line a row where nobody watches."""
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for *cells, last in rows:
            padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
            write("  ".join([*padded, last]))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place == 0, style="bold" if place == 0 else "")
    for row in rows:
        table.add_row(*map(Text, row))
    _console(sys.stdout).print(table)


def write_diff(lines: Iterable[str]) -> None:
    """Writes the lines of a unified diff."""
    if not _is_coloured(sys.stdout):
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        is_heading = line.startswith(("+++", "---"))
        _print(Text(line, style="bold" if is_heading else styles.get(line[:1], "")), sys.stdout)


def _fitted(line: str) -> list[str]:
    """Returns a line in as many lines as the terminal needs, the later ones further in."""
    margin = " " * (len(line) - len(line.lstrip()) + 2)
    lines = wrap(line, get_terminal_size().columns, subsequent_indent=margin, break_on_hyphens=False)
    return lines or [""]


def _painted(finding: Diagnostic, width: int | None) -> "Text":
    from rich.text import Text

    from optdsl.diagnostics.render import parts

    severity = _SEVERITIES[finding.severity]
    styles = {**_ROLES, "severity": severity, "mark": severity}
    return Text.assemble(*((part.text, styles[part.role]) for part in parts(finding, width)))


def _is_coloured(stream: TextIO) -> bool:
    """Returns whether rich is worth its import: a pipe that does not ask for colours gets plain text."""
    return stream.isatty() or bool(os.environ.get("FORCE_COLOR"))


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _print(text: "Text", stream: TextIO) -> None:
    _console(stream).print(text, soft_wrap=True)
