"""Programs inside YAML, TOML and JSON: where their findings stand, and what is said where there is none."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

import optdsl
from optdsl.cli.programs import is_file_name
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.render import render
from optdsl.embedded import find
from optdsl.source import Range, Source, Span
from optdsl.syntax.parser import parse

Run = Callable[..., tuple[int, str, str]]


def findings(host: str, name: str, key: str = "k") -> list[Diagnostic]:
    source = find(Source(host, name), key)
    assert isinstance(source, Source), source
    program, found = parse(source)
    return list(found) if program is None else optdsl.check(program)


# Each host marks with « » where the carets have to stand.
STYLES = {
    "yaml plain": ("x.yaml", "k: clip(1.0) | «adm»(1e-3)  # not of it\n"),
    "yaml plain on three lines": ("x.yaml", "k: clip(1.0)\n  | sgd(0.1,\n      «momentun»=0.9)\nb: 1\n"),
    "yaml single": ("x.yaml", "k: 'polyak_sgd(variant=''sps'') | «adm»(1e-3)'\n"),
    "yaml single, folded": ("x.yml", "k: 'clip(1.0)\n\n\n   | «adm»(1e-3)'\n"),
    "yaml double": ("x.yaml", 'k: "clip(1.0)\\n\\x7c «\\u0061dm»(1e-3)"\n'),
    "yaml double, continued": ("x.yaml", 'k: "clip(1.0) \\\n    | «ad\\\n  m»(1e-3)"\n'),
    "yaml literal": ("x.yaml", "k: |\n  clip(1.0)  # a comment\n  | «adm»(1e-3)\n"),
    "yaml literal, third line": ("x.yaml", "a:\n- k: |-\n    clip(1.0)\n\n    | «adm»(1e-3)\nb: 1\n"),
    "yaml literal, indented more": ("x.yaml", "k: |2\n      clip(1.0)\n    | «adm»(1e-3)\n"),
    "yaml folded": ("x.yaml", "k: >+\n  clip(1.0)\n  | «adm»(1e-3)\n\n\n"),
    "yaml folded, lines further in": ("x.yaml", "k: >\n  clip(1.0)\n    | «adm»(1e-3)\n  | sgd(0.1)\n"),
    "yaml flow, unicode before": ("x.yaml", '{é: "größe", "中文😀": 1, k: clip(1.0) | «adm»(1)}'),
    "yaml with anchor and tag": ("x.yaml", "k: &a !!str\n  # why\n  'clip(1.0) | «adm»(1e-3)'\n"),
    "yaml behind an alias": ("x.yaml", "a: &a clip(1.0) | «adm»(1e-3)\nk: *a\n"),
    "yaml, Windows": ("x.yaml", "a: 1\r\nk: |\r\n  clip(1.0)\r\n  | «adm»(1e-3)\r\n"),
    "toml basic": ("x.toml", '"é" = "é"\nk = "clip(1.0)\\t| «\\u0061dm»(1e-3)" # x\n'),
    "toml literal": ("x.toml", "k = 'clip(1.0) | «adm»(1e-3)'\n"),
    "toml long": ("x.toml", 'k = """\nclip(1.0) \\\n\n   | «adm»(1e-3)"""\n'),
    "toml long literal": ("x.toml", "k = '''\n  clip(1.0)\n  | «adm»(1e-3)\n'''\n"),
    "toml, Windows": ("x.toml", "k = '''\r\nclip(1.0)\r\n| «adm»(1e-3)'''\r\n"),
    "json": ("x.json", '{"é": "中文😀", "k": "clip(1.0)\\n\\t| «adm»(1e-3)"}'),
    "json escapes": ("x.json", '{"k": "polyak_sgd(variant=\\"sps\\") \\u007c «\\u0061\\u0064m»(1e-3)"}'),
}


@pytest.mark.parametrize("style", STYLES)
def test_a_span_covers_exactly_what_is_wrong(style: str) -> None:
    name, marked = STYLES[style]
    start = marked.index("«")
    end = marked.index("»") - 1
    host = Source(marked.replace("«", "").replace("»", ""), name)
    found = findings(host.text, name, "a.0.k" if "a:\n-" in marked else "k")
    assert [finding.span for finding in found[:1]] == [host.span(Range(start, end))]


def test_the_message_shows_the_line_of_the_file() -> None:
    host = "model: größe\noptimizer:\n  spec: >-\n    clip(1.0)\n    | adamw(3e-4, weigth_decay=0.1)\n"
    assert render(findings(host, "config.yaml", "optimizer.spec")[0]) == (
        """\
error[E202]: `adamw` has no parameter `weigth_decay`
  --> config.yaml:5:19
   |
 5 |     | adamw(3e-4, weigth_decay=0.1)
   |                   ^^^^^^^^^^^^ help: write `weight_decay`
"""
    )


def test_wide_characters_before_the_program_move_the_carets() -> None:
    assert render(findings('{"名": "学習率", "k": "adm(1e-3)"}', "x.json")[0]) == (
        """\
error[E201]: there is no stage `adm`
  --> x.json:1:20
   |
 1 | {"名": "学習率", "k": "adm(1e-3)"}
   |                        ^^^ help: write `adam`
"""
    )


def test_two_marks_in_two_lines() -> None:
    assert render(findings("k: |\n  clip(1.0)\n  | adam(1e-3\n\nnext: 1\n", "x.yaml")[0]) == (
        """\
error[E102]: `(` is never closed
  --> x.yaml:3:9
   |
 3 |   | adam(1e-3
   |         ^ help: write `)`
   |              - the text ends here
"""
    )


# ---- commands


CONFIG = """\
lr: 0.1
optimizer:
  spec: clip(1.0) | sgd(:rate)
  bad: sgd(0.1
  list: [1, "sgd(0.1)"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path / "config.yaml"


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("command", ["check", "explain", "python", "plot"])
def test_commands_read_values(run: Run, command: str) -> None:
    status, out, err = run(command, "--hole", "rate=0.5", "config.yaml:optimizer.spec")
    assert (status, err) == (0, "")
    assert out
    status, out, err = run(command, "config.yaml:optimizer.bad")
    assert status == 1
    assert "config.yaml:4:11" in out + err


@pytest.mark.usefixtures("config")
def test_train_takes_names_of_values(run: Run) -> None:
    assert is_file_name("config.yaml:optimizer.spec")
    assert not is_file_name("sgd(0.1)")
    status, _, err = run("train", "config.yaml:optimizer.bad")
    assert status == 1
    assert "config.yaml:4:11" in err


@pytest.mark.usefixtures("config")
def test_check_names_the_value(run: Run) -> None:
    name = "config.yaml:optimizer.list.1"
    assert run("check", name) == (0, f"{name}: ok\n", "")
    assert run("check", "--format", "line", "config.yaml:optimizer.bad")[1] == (
        "config.yaml:4:11: error[E102]: `(` is never closed\n"
    )


def test_a_path_with_a_colon(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    (tmp_path / "a:b" / "c.json").write_text('{"x": "sgd(0.1)"}')
    assert run("check", "a:b/c.json:x")[0] == 0


def test_a_mark_before_the_text_is_no_column(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbfk = 'adm(1)'\r\n")
    assert run("check", "--format", "line", "c.toml:k")[1].startswith("c.toml:1:6: ")


PROBLEMS = {
    "config.yaml": "`config.yaml` takes the key of the program behind a colon: write "
    "`config.yaml:optimizer.spec`; its strings: `optimizer.spec`, `optimizer.bad`, `optimizer.list.1`",
    "config.yaml:": "`config.yaml` takes the key of the program behind a colon: write "
    "`config.yaml:optimizer.spec`; its strings: `optimizer.spec`, `optimizer.bad`, `optimizer.list.1`",
    "config.yaml:optimizer.spce": "`config.yaml` has nothing at `optimizer.spce`: write `optimizer.spec`",
    "config.yaml:model": "`config.yaml` has nothing at `model`; its strings: `optimizer.spec`, `optimizer.bad`, "
    "`optimizer.list.1`",
    "config.yaml:lr": "`config.yaml` has a number at `lr`, not a string",
    "config.yaml:lr.x": "`config.yaml` has nothing at `lr.x`; its strings: `optimizer.spec`, `optimizer.bad`, "
    "`optimizer.list.1`",
    "config.yaml:optimizer": "`config.yaml` has a mapping at `optimizer`, not a string; its strings: "
    "`optimizer.spec`, `optimizer.bad`, `optimizer.list.1`",
    "config.yaml:optimizer.list": "`config.yaml` has a list at `optimizer.list`, not a string; its strings: "
    "`optimizer.list.1`",
    "config.yaml:optimizer.list.2": "`config.yaml` has nothing at `optimizer.list.2`: write `optimizer.list.1`",
    f"config.yaml:optimizer.list.{'9' * 5000}": f"`config.yaml` has nothing at `optimizer.list.{'9' * 5000}`; its "
    "strings: `optimizer.spec`, `optimizer.bad`, `optimizer.list.1`",
    "none.yaml:a": "there is no file `none.yaml`",
    "empty.json:a": "`empty.json` is not JSON: line 1, column 1: Expecting value",
    "empty.yaml:a": "`empty.yaml` has nothing at `a`",
    "empty.toml": "`empty.toml` holds no string, so no program",
}


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("name", PROBLEMS, ids=lambda name: name[:30])
def test_where_there_is_no_program(run: Run, tmp_path: Path, name: str) -> None:
    for ending in ("json", "yaml", "toml"):
        (tmp_path / f"empty.{ending}").write_text("")
    assert run("check", name) == (2, "", f"optdsl check: {PROBLEMS[name]}\n")


def test_a_large_file_is_not_searched(run: Run, tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text(f"k: sgd(0.1)\n# {'x' * (1 << 20)}\n")
    status, _, err = run("check", "large.yaml:k")
    assert status == 2
    assert err == "optdsl check: `large.yaml` has 1,048,576 bytes or more: too many to look for a program in\n"


def test_a_key_is_no_command_to_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a\\u001b[31m": "sgd(0.1)"}')
    assert "\x1b" not in run("check", "x.json")[2]


def test_a_command_comes_before_the_file(run: Run) -> None:
    assert run("config.yaml:a") == (
        2,
        "",
        "optdsl: a command comes before the file: write `optdsl check config.yaml:a`\n",
    )


# ---- fmt


def test_fmt_writes_into_the_file(run: Run, tmp_path: Path) -> None:
    before = "# top\na: |\n    clip( 1.0 )\n    # why\n    | sgd( 0.1 )\nb: sgd( 0.1 )  # here\nc: 'x(''y'',1)'\n"
    (tmp_path / "x.yaml").write_text(before)
    shutil.copy(tmp_path / "x.yaml", tmp_path / "y.yaml")
    status, out, _ = run("fmt", "--diff", "x.yaml:b")
    assert status == 0
    assert out.splitlines()[-3:] == ["-b: sgd( 0.1 )  # here", "+b: sgd(0.1)  # here", " c: 'x(''y'',1)'"]
    assert run("fmt", "--check", "x.yaml:a") == (1, "x.yaml:a: would change\n", "")
    assert (tmp_path / "x.yaml").read_text() == before
    assert run("fmt", "x.yaml:a", "x.yaml:b") == (0, "x.yaml:a: formatted\nx.yaml:b: formatted\n", "")
    text = (tmp_path / "x.yaml").read_text()
    assert yaml.safe_load(text)["a"] == optdsl.format(yaml.safe_load(before)["a"]) + "\n"
    assert text.startswith("# top\na: |\n    ")
    assert "\nb: sgd(0.1)  # here\n" in text
    assert run("fmt", "x.yaml:b") == (0, "x.yaml:b: unchanged\n", "")
    status, _, err = run("fmt", "y.yaml:c")
    assert (status, err) == (1, "optdsl fmt: y.yaml:c is left as it is: it cannot be written there in one piece\n")
    assert (tmp_path / "y.yaml").read_text() == before


# ---- every span of every program in every style


PARTS = st.sampled_from(
    (
        "clip(1.0)",
        "adm(1e-3)",
        "adamw(3e-4, weigth_decay=0.1)",
        "polyak_sgd(variant='sp')",
        "sgd(0.1",
        "größe",
        " | ",
        "\n| ",
        "  # note: a\n| ",
        "\n\n  |\t",
        "|\n",
        ")",
        '"',
        "'",
        "\\",
        " ",
        "😀",
        "sgd(rate, 1, 2, 3, 4)",
    )
)
PROGRAMS = st.lists(PARTS, min_size=1, max_size=9).map("".join)


def in_yaml(program: str, style: str | None, width: int, is_ascii: bool) -> str:
    tree = {"größe": 1, "a": ["é", {"k": program}]}
    return yaml.safe_dump(tree, default_style=style, width=width, allow_unicode=not is_ascii, sort_keys=False)


def in_toml(program: str, style: str | None, is_ascii: bool) -> str:
    """Returns a TOML file with the program in quotes of `style`, in basic ones where it does not fit those."""
    written = json.dumps(program, ensure_ascii=is_ascii).replace("\x7f", "\\u007f")
    written = re.sub(r"\\ud83d\\ude00", r"\\U0001F600", written)
    if style == "'" and not set(program) & set("'\n"):
        written = f"'{program}'"
    if style == "|" and "''" not in program and not program.endswith("'"):
        written = f"'''\n{program}'''"
    if style == ">":
        written = f'""{written}""'.replace("\\n", "\n").replace('"""\n', '"""\n\n').replace("  ", " \\\n   \\u0020")
    return f"'größe' = 1\n[[a]]\n[[a]]\nk = {written}  # é\n"


def offsets(text: str, span: Span) -> slice:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return slice(starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1)


def meant_by(piece: str, host: str, name: str) -> str:
    """Returns what a piece of the program's value means, blanks aside."""
    opening = re.search(r'\bk["\']?\s*[:=]\s*(.)', host)
    assert opening
    if opening[1] == '"':
        read = {
            "x.json": json.loads,
            "x.yaml": yaml.safe_load,
            "x.toml": lambda text: tomllib.loads(f"k = {text}")["k"],
        }
        piece = read[name](f'"""{piece}"""' if name == "x.toml" and '"""' in host else f'"{piece}"')
    elif opening[1] == "'" and name == "x.yaml":
        piece = piece.replace("''", "'")
    return "".join(piece.split())


@given(
    PROGRAMS,
    st.sampled_from(("x.yaml", "x.toml", "x.json")),
    st.sampled_from((None, "'", '"', "|", ">")),
    st.sampled_from((10, 30, 200)),
    st.booleans(),
)
def test_every_finding_covers_the_same_text_in_the_file(
    program: str, name: str, style: str | None, width: int, is_ascii: bool
) -> None:
    if name == "x.yaml":
        host = in_yaml(program, style, width, is_ascii)
        tree: Any = yaml.safe_load(host)
    elif name == "x.toml":
        host = in_toml(program, style, is_ascii)
        tree = tomllib.loads(host)
    else:
        host = json.dumps({"größe": 1, "a": [0, {"k": program}]}, ensure_ascii=is_ascii)
        tree = json.loads(host)
    assume(tree["a"][1]["k"] == program)
    alone, inside = optdsl.check(program), findings(host, name, "a.1.k")
    assert [finding.code for finding in alone] == [finding.code for finding in inside]
    for mine, theirs in zip(alone, inside, strict=True):
        pairs = [(mine.span, theirs.span), *((a.span, b.span) for a, b in zip(mine.labels, theirs.labels, strict=True))]
        for span, place in pairs:
            own, there = program[offsets(program, span)], offsets(host, place)
            assert meant_by(host[there], host, name) == "".join(own.split()), (own, host[there])
