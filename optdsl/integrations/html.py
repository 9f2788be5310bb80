"""Integrations, HTML: a program, an optimizer or findings in, what a notebook shows of them out.

Every text in it is escaped, and there is no script. It is loaded when something is first shown. Colours are such as
can be read on white and on black. It knows no notebook, and decides nothing about programs.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, ClassVar

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.style import Style
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    String,
    _TokenType,  # pyright: ignore[reportPrivateUsage]
)

from optdsl.diagnostics import Diagnostic, Severity
from optdsl.diagnostics.render import Role, parts
from optdsl.integrations.pictures import pictures
from optdsl.integrations.pygments import OptdslLexer
from optdsl.syntax.ast import Program, hole_names

if TYPE_CHECKING:
    from optdsl.backend.optimizer import Optimizer

SEVERITIES: dict[Severity, str] = {"error": "#d63a3a", "warning": "#b5651d", "note": "#0f8578"}
"""Colours of findings."""
_MARGIN = "#767676"
_PRE = "margin:0.4em 0;overflow-x:auto;line-height:1.35"


class Colours(Style):
    """Colours of the words of a program."""

    styles: ClassVar[Mapping[_TokenType, str]] = {
        Name.Function: "#1f7ae0",
        Name.Builtin: "#0f8578",
        Name.Attribute: "#b5651d",
        Name.Class: "#9a5bd6",
        Name.Variable: "noinherit",
        Name.Variable.Global: "bold #d63a3a",
        Keyword: "bold #9a5bd6",
        Number: "#1a8a3a",
        Operator: _MARGIN,
        String: "#9a5bd6",
        Comment: f"italic {_MARGIN}",
    }


def program(shown: Program) -> str:
    """Returns the text of a program, as it was written, the values put over it, and its holes.

    >>> "&lt;b&gt;" in program(Program("adam(:rate) # <b>"))
    True
    """
    over = [f"{_code(path)} = {_code(repr(value))}" for path, value in shown.overrides]
    holes = [_code(f":{name}") for name in sorted(hole_names(shown))]
    notes = _note("with", over) + _note("holes:", holes)
    return highlighted(shown.source.text) + notes


def optimizer(shown: "Optimizer") -> str:
    """Returns the program of an optimizer, its stages as a table, and pictures of its schedules."""
    table = shown.explain()._repr_html_()  # pyright: ignore[reportPrivateUsage]
    return highlighted(shown.text) + table + pictures(shown.meaning.chain).html


def findings(found: Iterable[Diagnostic]) -> str:
    """Returns findings with their source lines, carets and help, in the order in which they are given."""
    return "".join(map(_finding, found)) or "<p>no findings</p>"


def highlighted(text: str) -> str:
    """Returns any text as a program in colours."""
    formatter = HtmlFormatter[str](style=Colours, noclasses=True, nowrap=True)
    inside = highlight(text, OptdslLexer(stripnl=False), formatter).rstrip()
    return f'<pre style="{_PRE}">{inside}</pre>'


def _finding(found: Diagnostic) -> str:
    severity = SEVERITIES[found.severity]
    styles: dict[Role, str] = {
        "severity": f"font-weight:bold;color:{severity}",
        "message": "font-weight:bold",
        "margin": f"color:{_MARGIN}",
        "mark": f"color:{severity}",
        "label": "color:#1f7ae0",
    }
    *pieces, last = parts(found)
    pieces.append(last._replace(text=last.text.rstrip()))
    inside = "".join(_styled(part.text, styles.get(part.role, "")) for part in pieces)
    return f'<pre style="{_PRE};border-left:3px solid {severity};padding-left:0.7em">{inside}</pre>'


def _styled(text: str, style: str) -> str:
    return f'<span style="{style}">{escape(text)}</span>' if style else escape(text)


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _note(head: str, items: Sequence[str]) -> str:
    return f"<p><small>{head} {', '.join(items)}</small></p>" if items else ""
