"""Which strings of a file are programs, where their characters stand, and how they change there."""

import pytest

pytest.importorskip("pygls")

from lsprotocol import types
from pygls.workspace.position_codec import PositionCodec

from optdsl.diagnostics import Edit
from optdsl.lsp.document import Document
from optdsl.lsp.findings import formatting
from optdsl.lsp.positions import Positions
from optdsl.lsp.programs import changed, find_programs
from optdsl.lsp.server import settings_from
from optdsl.source import Range


def texts(text: str, name: str, *keys: str) -> list[str]:
    return [found.source.text for found in find_programs(text, name, "", keys)]


@pytest.mark.parametrize(
    ("yaml", "programs"),
    [
        ("optdsl: adam", ["adam"]),
        ("a:\n  optdsl: adam", ["adam"]),
        ("optimizer: adam(1)", ["adam(1)"]),
        ("optimizer: AdamW", []),
        ("optimizer:\n  name: adam(1)", []),
        ("optimizer:\n  spec: 'adam(1)'", ["adam(1)"]),
        ("train:\n  tx: clip(1) | adam(1)", ["clip(1) | adam(1)"]),
        ("warm_opt: sgd(0.1)", ["sgd(0.1)"]),
        ("option: sgd(0.1)", []),
        ("a: adam  # optdsl\nb: sgd", ["adam"]),
        ("# optdsl\na: adam\nb: sgd", ["adam"]),
        ("a: |  # optdsl\n  adam(1)\n", ["adam(1)\n"]),
        ("a: |\n  # optdsl\n  adam(1)\n", ["# optdsl\nadam(1)\n"]),
        ("a: # optdsl\n  adam(1)\n", ["adam(1)"]),
        ("# optdsl is great\n\na: adam", []),
        ("- a: adam # optdsl\n- b: sgd # optdsl", ["adam", "sgd"]),
        ("a: {optdsl: adam, x: [1, 2]}", ["adam"]),
        ("optdsl: [broken", []),
        ("", []),
    ],
)
def test_yaml(yaml: str, programs: list[str]) -> None:
    assert texts(yaml, "c.yaml") == programs
    assert texts(yaml, "c.yml") == programs


def test_toml_and_json() -> None:
    assert texts('[optimizer]\nspec = "adam(1)"\nlr = 1', "c.toml") == ["adam(1)"]
    assert texts('a = "adam"  # optdsl\nb = "sgd"', "c.toml") == ["adam"]
    assert texts('{"optdsl": "adam", "b": "sgd"}', "c.json") == ["adam"]
    assert texts('{"one": "adam", "two": {"b": "sgd"}}', "c.json", "two.*") == ["sgd"]
    assert texts('{"phase.1": "adam", "b": "sgd"}', "c.json", "phase.1") == ["adam"]


@pytest.mark.parametrize(
    ("python", "programs"),
    [
        ('import optdsl\noptdsl.compile("adam")', ["adam"]),
        ('import optdsl\noptdsl.compile(\n    "adam"\n)', ["adam"]),
        ('import optdsl as o\no.check("adam")', ["adam"]),
        ('from optdsl import compile as build, parse\nbuild("adam"); parse("clip")', ["adam", "clip"]),
        ('from optdsl import (\n    compile,\n)\ncompile("adam")', ["adam"]),
        ('import optdsl\ncompile("adam")', []),
        ('import optdsl\nself.optdsl.compile("adam")', []),
        ('import optdsl\noptdsl.transform("adam")', []),
        ('import optdsl\noptdsl.compile(f"adam({x})")', []),
        ('import optdsl\noptdsl.compile(b"adam")', []),
        ('x = "adam"  # optdsl\ny = "sgd"', ["adam"]),
        ('# optdsl\nx = "adam"\ny = "sgd"', ["adam"]),
        ('x = (  # optdsl\n    "clip(1) | "\n    "adam"\n)', ["clip(1) | adam"]),
        ('x = """\nadam  # optdsl\n"""', []),
        ('x = """\nadam\n"""  # optdsl', ["\nadam\n"]),
        ("x = 'it\\'s\\tx\\x41\\u00e9\\N{DIGIT ONE}\\q'  # optdsl", ["it's\txAé1\\q"]),
        ("x = r'a\\tb'  # optdsl", ["a\\tb"]),
        ('x = "adam" # optdsl\ny = (((', ["adam"]),
        ('import optdsl\noptdsl.compile("adam"', ["adam"]),
        ('"""About optdsl."""\nx = "adam"', []),
    ],
)
def test_python(python: str, programs: list[str]) -> None:
    assert texts(python, "train.py") == programs
    for found in find_programs(python, "train.py", "python"):
        origin = found.source.origin
        assert origin is not None
        for piece in origin.pieces:
            if piece.host.end - piece.host.start == piece.range.end - piece.range.start > 1:
                assert python[slice(*piece.host)] == found.source.text[slice(*piece.range)]


def test_what_a_call_of_python_says_of_its_program() -> None:
    python = 'import optdsl\noptdsl.compile("clip(:c)", c=1, fragment=True)\noptdsl.schedule("0 -> hold(3)")\n'
    one, two = find_programs(python, "train.py", "python")
    assert (one.form, "c" in one.holes, two.form) == ("fragment", True, "value")
    document = Document("u", python, "python", PositionCodec(), ())
    assert document.findings == ()


def test_other_files_hold_no_programs() -> None:
    assert texts("adam(1)", "notes.md") == []
    assert [found.source.text for found in find_programs("adam(1)", "Untitled-1", "optdsl")] == ["adam(1)"]


@pytest.mark.parametrize("name", ["c.yaml", "c.toml", "c.json", "train.py"])
def test_every_offset_of_a_file_is_inside_of_one_program_or_outside(name: str) -> None:
    text = {
        "c.yaml": "a: 1\noptdsl: clip(1.0) | adam(1)   \nb: 2\n",
        "c.toml": 'a = 1\noptdsl = "clip(1.0) | \\u0061dam(1)"\n',
        "c.json": '{"a": 1, "optdsl": "clip(1.0) | \\u0061dam(1)"}',
        "train.py": 'x = 1\ny = "clip(1.0) | \\x61dam(1)"  # optdsl\n',
    }[name]
    (found,) = find_programs(text, name, "")
    inside = [found.inside(offset) for offset in range(len(text) + 1)]
    reached = [one.offset for one in inside if one is not None]
    assert reached == sorted(reached)
    assert set(range(len("clip(1.0) | adam(1)") + 1)) <= set(reached)
    assert inside[0] is None
    assert inside[-1] is None or name == "c.toml"


def test_a_change_that_would_need_escapes_is_refused() -> None:
    (found,) = find_programs('{"optdsl": "sgd(0.1)"}', "c.json", "json")
    assert changed(found, [Edit(Range(0, 3), 'x"')], (), "json") is None
    assert changed(found, [Edit(Range(0, 3), "a\nb")], (), "json") is None
    assert changed(found, [Edit(Range(0, 3), "lion")], (), "json") == Edit(Range(12, 15), "lion")


def formatted(text: str, name: str) -> str:
    document = Document(f"file:///{name}", text, "", PositionCodec(), ())
    for edit in reversed(formatting(document)):
        start, end = (document.positions.offset(at) for at in (edit.range.start, edit.range.end))
        text = text[:start] + edit.new_text + text[end:]
    return text


def test_formatting_lays_out_values_where_they_stand() -> None:
    long = "clip( 1.0 ) | centralize(axes=-1) | scale_by_adam(b1=0.9, b2=0.95, eps=1e-6) | decay(0.1) | lr(3e-4)"
    yaml = formatted(f"a:\n  optdsl: |\n    {long}\nb: 1\n", "c.yaml")
    lines = yaml.split("\n")
    assert lines[2] == "    clip(1.0)"
    assert lines[3].startswith("    | centralize")
    python = formatted(f'x = """\n    {long}\n"""  # optdsl\n', "train.py")
    assert python.split("\n")[1:3] == ["    clip(1.0)", "    | centralize(axes=-1)"]
    one_line = f'x = "{long}"  # optdsl\n'
    assert formatted(one_line, "train.py") == one_line, "a string of one line cannot hold several"
    assert formatted("a(\r\n1)\r\n", "x.opt") == "a(1)\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_go_both_ways(encoding: str) -> None:
    text = "aé\r\n𝒜b\rc\n\n"
    positions = Positions(text, PositionCodec(encoding))
    for offset, character in enumerate(text):
        if character != "\n" or text[offset - 1 : offset] != "\r":
            assert positions.offset(positions.position(offset)) == offset
    assert positions.position(len(text)) == types.Position(4, 0)
    assert positions.offset(types.Position(0, 99)) == 2
    assert positions.offset(types.Position(99, 0)) == len(text)


def test_what_a_client_may_set() -> None:
    assert settings_from({"keys": ["a", 3], "docs": 4, "leaves": "x"}) == (("a",), "", ())
    assert settings_from(None) == ((), "", ())
