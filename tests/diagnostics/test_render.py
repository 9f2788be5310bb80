"""How findings read: golden renderings, each in full."""

import pytest

from optdsl.diagnostics import Diagnostic, Findings
from optdsl.diagnostics.render import cells, parts, render
from optdsl.source import Range, Source


def finding(
    marked: str, message: str = "it is wrong", help: str | None = None, labels: dict[str, str] | None = None
) -> Diagnostic:
    """Returns a finding at what « » enclose; labels at the first place of each text."""
    text = marked.replace("«", "").replace("»", "")
    place = Range(marked.index("«"), marked.index("»") - 1)
    findings = Findings(Source(text, "a.opt"))
    starts = [(text.index(part), part, label) for part, label in (labels or {}).items()]
    ranges = [(Range(start, start + len(part)), label) for start, part, label in starts]
    findings.add("E202", message, place, help=help, labels=ranges)
    return findings.sorted()[0]


GOLDEN = {
    "as the reference shows it": (
        finding(
            "adamw(3e-4, «weigth_decay»=0.1)",
            "`adamw` has no parameter `weigth_decay`",
            "write `weight_decay`",
        ),
        """\
error[E202]: `adamw` has no parameter `weigth_decay`
  --> a.opt:1:13
   |
 1 | adamw(3e-4, weigth_decay=0.1)
   |             ^^^^^^^^^^^^ help: write `weight_decay`
""",
    ),
    "first column": (
        finding("«adm»(1e-3)"),
        """\
error[E202]: it is wrong
  --> a.opt:1:1
   |
 1 | adm(1e-3)
   | ^^^
""",
    ),
    "end of the text": (
        finding("clip(1.0) |«»", help="write a stage"),
        """\
error[E202]: it is wrong
  --> a.opt:1:12
   |
 1 | clip(1.0) |
   |            ^ help: write a stage
""",
    ),
    "empty text": (
        finding("«»"),
        """\
error[E202]: it is wrong
  --> a.opt:1:1
   |
 1 |
   | ^
""",
    ),
    "wide and combining characters take the cells that a terminal gives them": (
        finding("f('日本', 'e\u0301', «'グ'», b)", help="h"),
        """\
error[E202]: it is wrong
  --> a.opt:1:15
   |
 1 | f('日本', 'e\u0301', 'グ', b)
   |                ^^^^ help: h
""",
    ),
    "a tab is one column": (
        finding("f(\t\t«x»,\ty)"),
        """\
error[E202]: it is wrong
  --> a.opt:1:5
   |
 1 | f(  x, y)
   |     ^
""",
    ),
    "two lines and a label above": (
        finding("adam(b1=0.9,\n     «b1=0.8»)", help="remove one", labels={"b1=0.9": "the first time"}),
        """\
error[E202]: it is wrong
  --> a.opt:2:6
   |
 1 | adam(b1=0.9,
   |      ------ the first time
 2 |      b1=0.8)
   |      ^^^^^^ help: remove one
""",
    ),
    "lines between are left out": (
        finding("f(a,\n" + "  1,\n" * 9 + "  «b»)", labels={"a": "here"}),
        """\
error[E202]: it is wrong
   --> a.opt:11:3
    |
  1 | f(a,
    |   - here
   ...
 11 |   b)
    |   ^
""",
    ),
    "two marks on one line": (
        finding("adam«(»1e-3", help="write `)`", labels={"3": "the text ends here"}),
        """\
error[E202]: it is wrong
  --> a.opt:1:5
   |
 1 | adam(1e-3
   |     ^ help: write `)`
   |         - the text ends here
""",
    ),
    "a place over several lines is marked to the end of its first": (
        finding("x | «f(a,\n  b)»"),
        """\
error[E202]: it is wrong
  --> a.opt:1:5
   |
 1 | x | f(a,
   |     ^^^^
""",
    ),
    "what would move a terminal's cursor is shown as a space, and escaped in messages": (
        finding("f(\x1b[31m, «x»)", "found '\x1b[31m\n'"),
        """\
error[E202]: found '\\x1b[31m\\n'
  --> a.opt:1:10
   |
 1 | f( [31m, x)
   |          ^
""",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    found, expected = GOLDEN[name]
    assert render(found) == expected


def test_windows_line_ends_are_not_shown() -> None:
    assert render(finding("f(«x»)\r\n| g")).splitlines()[3] == " 1 | f(x)"


def test_a_narrow_terminal_gets_the_part_around_the_caret() -> None:
    text = "clip(1.0) | " * 9 + "adam(«beta»=1)" + " | clip(1.0)" * 9
    found = finding(text, "`adam` has no parameter `beta`, nor has any", "write `b1`")
    expected = """\
error[E202]: `adam` has no parameter `beta`, nor
  has any
  --> a.opt:1:114
   |
 1 | …ip(1.0) | adam(beta=1) | clip(1.0) | clip(1…
   |                 ^^^^ help: write `b1`
"""
    assert render(found, 50) == expected


def test_a_help_that_does_not_fit_stands_below_its_carets() -> None:
    found = finding("clip(1.0) | clip(1.0) | adam(«beta»=1)", help="write `b1`, as Optax does")
    expected = """\
error[E202]: it is wrong
  --> a.opt:1:30
   |
 1 | clip(1.0) | clip(1.0) | adam(beta=1)
   |                              ^^^^
   |               help: write `b1`, as Optax does
"""
    assert render(found, 50) == expected


@pytest.mark.parametrize("width", [30, 41, 60, 80])
@pytest.mark.parametrize("start", [0, 3, 40, 77, 199])
def test_every_line_fits_and_the_caret_is_under_its_character(width: int, start: int) -> None:
    text = "本" * 40 + "x" * 120 + "本" * 40
    found = finding(f"{text[:start]}«@»{text[start:]}", "word " * 30, "help " * 20)
    lines = render(found, width).splitlines()
    assert all(cells(line) <= width for line in lines)
    source, carets = lines[lines.index("   |") + 1 :][:2]
    assert cells(source[: source.index("@")]) == carets.index("^")


def test_a_very_long_line_is_cropped_in_a_pipe_too() -> None:
    found = finding("clip(1.0) | " * 10_000 + "«adm»" + " | clip(1.0)" * 10_000)
    source = render(found).splitlines()[3]
    assert cells(source) <= 208
    assert " adm " in source


def test_a_label_out_of_sight_gets_a_line_of_its_own() -> None:
    found = finding("adam[" + "clip(1.0) | " * 60 + "«)»", labels={"[": "opened here"})
    lines = render(found, 60).splitlines()
    assert [line[:8] for line in lines if line.startswith(" 1 |")] == [" 1 | ada", " 1 | …0)"]


def test_parts_are_the_text_with_roles() -> None:
    found = finding("f(«x», y)", help="h", labels={"y": "l"})
    assert "".join(part.text for part in parts(found)) == render(found)
    assert [part.text.strip() for part in parts(found) if part.role in ("severity", "mark", "label")] == [
        "error[E202]",
        "^ help: h",
        "- l",
    ]
