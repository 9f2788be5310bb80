"""Hosts are read as their own libraries read them, and each character of a string is where the tree says."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from optdsl.diagnostics import Edit
from optdsl.embedded import find, json_text, put, toml_text, yaml_text
from optdsl.embedded.tree import Malformed, Node, Other, Text
from optdsl.source import Range, Source

STRANGE = "ab #:,-'\"\\{}[]|>&*!%@\t\n\r\x07\x85\xa0\u2028\u2029é中😀\ufeff\u3000\x1c"
TEXTS = st.text(st.sampled_from(STRANGE), max_size=12) | st.sampled_from(
    ("", " ", "\n", "a\n", "a\n\n", "\n\na", "  a\n b\n", "a\n\n  b\n\nc\n", "true", "1e-3", "a b " * 9)
)
KEYS = st.text(st.sampled_from("ab.-_ é\"'#"), min_size=1, max_size=4)
SCALARS = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TREES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
    ),
    min_size=1,
    max_size=4,
)


def plain(node: Node) -> Any:
    """Returns the strings of a tree as values, None for what is no string."""
    match node:
        case Text():
            return "".join(chunk.text for chunk in node.chunks())
        case Other():
            return None
        case dict():
            return {key: plain(value) for key, value in node.items()}
        case list():
            return [plain(value) for value in node]


def strings_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): strings_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [strings_of(inner) for inner in value]
    return value if isinstance(value, str) else None


@given(TREES, st.booleans(), st.sampled_from((None, 0, 2)))
def test_json_is_read_as_json_reads_it(tree: Any, is_ascii: bool, indent: int | None) -> None:
    host = json.dumps(tree, ensure_ascii=is_ascii, indent=indent)
    assert plain(json_text.read(host)) == strings_of(json.loads(host))


@pytest.mark.parametrize(
    "host",
    [
        ' { "a" : [ ] , "b" : { } , "a" : "\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\ud83dx\\ude00" }\r\n',
        '"alone"',
        "[[[NaN, -Infinity, 1E+3, true, false, null]]]",
        '{"n": ' + "1" * 5000 + ', "s": ""}',
    ],
)
def test_json_by_hand(host: str) -> None:
    assert plain(json_text.read(host)) == strings_of(json.loads(host, parse_int=float))


@given(
    TREES,
    st.sampled_from((None, '"', "'", "|", ">")),
    st.sampled_from((8, 20, 80)),
    st.integers(2, 5),
    st.booleans(),
    st.sampled_from(("\n", "\r\n", "\r")),
    st.sampled_from((None, False, True)),
)
def test_yaml_is_read_as_pyyaml_reads_it(
    tree: Any, style: str | None, width: int, indent: int, unicode: bool, line_break: str, flow: bool | None
) -> None:
    host = yaml.safe_dump(
        tree,
        default_style=style,
        width=width,
        indent=indent,
        allow_unicode=unicode,
        line_break=line_break,
        default_flow_style=flow,
    )
    try:
        read = yaml.safe_load(host)
    except yaml.YAMLError:  # PyYAML does not read all that it writes
        assume(False)
    assert plain(yaml_text.read(host)) == strings_of(read)


BLOCK_LINES = st.sampled_from(
    ("", " ", "  ", "    ", "  a", "   a", "  a b", "  a\t", "  \ta", "  # no comment", "    b")
)


@given(
    st.sampled_from("|>"),
    st.sampled_from(("", "-", "+", "2", "2-", "+2", "1", "3", " # a comment")),
    st.lists(BLOCK_LINES, max_size=8),
    st.sampled_from(("\n", "\r\n", "\r", "\x85", "\u2028")),
    st.sampled_from(("", "k: v", "# end", "...")),
)
@example("|", "", ["      ", "  a"], "\n", "")
@example(">", "2", ["", "   a", "  b", "  c"], "\n", "")
def test_block_scalars_by_lines(style: str, marks: str, lines: list[str], end: str, behind: str) -> None:
    host = end.join((f"a: &x !!str {style}{marks}", *lines, behind))
    try:
        read = yaml.safe_load(host)
    except yaml.YAMLError:
        assume(False)
    assert plain(yaml_text.read(host)) == strings_of(read)


@given(
    st.sampled_from(("", "'", '"')),
    st.lists(
        st.sampled_from(("a", "b c", " ", "\t", "\n", "\r\n", "\x85", "\u2028", "\\\n", "\\ ", "\\x41", "''")),
        max_size=9,
    ),
)
def test_flow_scalars_by_parts(quote: str, parts: list[str]) -> None:
    host = f"k: [1, &x {quote}a{''.join(parts)}{quote} ]"
    try:
        read = yaml.safe_load(host)
    except yaml.YAMLError:
        assume(False)
    assert plain(yaml_text.read(host)) == strings_of(read)


def test_yaml_escapes() -> None:
    host = '"' + "".join(f"\\{letter}" for letter in '0abt\tnvfre "\\/N_LP') + '\\x41\\u00e9\\U0001F600"'
    assert plain(yaml_text.read(host)) == yaml.safe_load(host)


def test_yaml_aliases_and_merges() -> None:
    host = "base: &b {x: 'one', y: two}\nother: &o {y: three, z: four}\nuse: {<<: [*b, *o], x: own, l: &l [*b, *l]}"
    tree = yaml_text.read(host)
    assert isinstance(tree, dict)
    assert isinstance(use := tree["use"], dict)
    assert plain({key: use[key] for key in ("x", "y", "z")}) == {"x": "own", "y": "two", "z": "four"}
    assert isinstance(looped := use["l"], list)
    assert looped[1] is looped
    assert looped[0] is tree["base"]


# ---- TOML


def toml_string(text: str, style: str) -> str:
    """Returns `text` as TOML has it, in quotes of `style` where they can hold it."""
    is_plain = all(character.isprintable() or character == "\t" for character in text)
    if style == "'" and is_plain and "'" not in text:
        return f"'{text}'"
    if style == "'''" and "\r" not in text and is_plain_or(text, "\n") and "''" not in f"{text}'":
        return f"'''\n{text}'''"
    escaped = (
        "".join(
            character if character.isprintable() and character not in '"\\' else f"\\u{ord(character):04x}"
            for character in text
            if ord(character) < 0x10000
        )
        if all(ord(character) < 0x10000 for character in text)
        else "".join(f"\\U{ord(c):08X}" for c in text)
    )
    if style == '"""':
        return '"""\r\n' + escaped.replace("\\u000a", "\r\n").replace(" ", "\\\n   \\u0020") + '"""'
    return f'"{escaped}"'


def is_plain_or(text: str, more: str) -> bool:
    return all(character.isprintable() or character in f"\t{more}" for character in text)


def toml_value(value: Any, style: str) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_string(k, '')} = {toml_value(v, style)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[ # list\n" + "".join(f"  {toml_value(item, style)},\n" for item in value) + "]"
    if isinstance(value, str):
        return toml_string(value, style)
    return (
        {True: "true", False: "false", None: "07:32:00"}.get(value, "0x1F") if not isinstance(value, float) else "1e-3"
    )


@given(TREES, st.sampled_from(("'", "'''", '"', '"""')))
def test_toml_is_read_as_tomllib_reads_it(tree: dict[str, Any], style: str) -> None:
    host = "# first\r\n\n" + "".join(
        f" {toml_string(key, '')} . 'x' = {toml_value(value, style)}  # {key!r}\n" for key, value in tree.items()
    )
    read = tomllib.loads(host)
    assert strings_of(read) == {key: {"x": strings_of(value)} for key, value in tree.items()}
    assert plain(toml_text.read(host)) == strings_of(read)


@pytest.mark.parametrize(
    "host",
    [
        "a.b = 'x'\n[t]\n[t.u.\"v.w\"]\ns = \"\"\n[[l]]\ns='1'\n[[l]]\n[l.x]\n[[l.y]]\ns=['2',]\n[[l.y]]\n",
        'a = """"x""\\"\\t\\""""""\nb=\'\'\'\'x\'\'\'\'\'\nc = """\r\na\r\n\r\nb\\  \n\n  c"""\nd=""\ne=\'\'',
        "d = 1979-05-27 07:32:00Z # 'no'\ne = [ { a = '#' }, # '\n 'b' ]\nf = +inf\n",
        "",
    ],
)
def test_toml_by_hand(host: str) -> None:
    assert plain(toml_text.read(host)) == strings_of(tomllib.loads(host))


# ---- places


def escaped_for(name: str) -> Callable[[str], str]:
    """Returns what reads a piece of a quoted string of that host."""
    return {
        "a.json": lambda piece: json.loads(f'"{piece}"'),
        "a.yaml": lambda piece: yaml.safe_load(f'"{piece}"'),
        "a.toml": lambda piece: tomllib.loads(f'a = "{piece}"')["a"],
    }[name]


@given(st.text(min_size=1, max_size=20), st.sampled_from(("a.json", "a.yaml", "a.toml")))
def test_every_character_of_a_quoted_string_has_its_place(text: str, name: str) -> None:
    written = json.dumps(text)
    host = {"a.json": f'{{"é": {written}}}', "a.yaml": f"é: {written}", "a.toml": f"'é' = {written}"}[name]
    if name != "a.json":
        assume(not any(0xD800 <= ord(character) < 0xE000 or ord(character) > 0xFFFF for character in text))
        assume("\x7f" not in text)
    found = find(Source(host, name), "é")
    assert isinstance(found, Source)
    assert found.text == text
    read = escaped_for(name)
    for offset, character in enumerate(text):
        start, end = found.place(Range(offset, offset + 1))
        assert read(host[start:end]) == character
        assert (start, found.place(Range(offset, len(text))).end) == found.place(Range(offset, len(text)))


def test_a_place_within_a_fold_and_at_the_end() -> None:
    found = find(Source("a: >\n   one\n   two\n\n\nb: 1\n", "x.yml"), "a")
    assert isinstance(found, Source)
    assert found.text == "one two\n"
    assert [str(found.span(Range(at, at)))[6:] for at in range(9)] == [
        "2:4",
        "2:5",
        "2:6",
        "2:7",
        "3:4",
        "3:5",
        "3:6",
        "3:7",
        "3:7",
    ]
    assert found.span(Range(2, 5)) == ("x.yml", 2, 6, 3, 5)
    assert found.line(3) == "   two"


def test_an_empty_string_has_a_place() -> None:
    for host, name, column in (("a = ''", "x.toml", 6), ('{"a": ""}', "x.json", 8), ('a: ""', "x.yaml", 5)):
        found = find(Source(host, name), "a")
        assert isinstance(found, Source)
        assert found.span(Range(0, 0))[1:3] == (1, column)


# ---- what is refused


@pytest.mark.parametrize(
    ("read", "host", "message"),
    [
        (json_text.read, '{"a": }', "is not JSON: line 1, column 7: Expecting value"),
        (toml_text.read, "a = ", "is not TOML: Invalid value (at end of document)"),
        (toml_text.read, f"a = {'1' * 5000}", "is not TOML: Exceeds the limit"),
        (yaml_text.read, "a: b: c", "is not YAML: line 1, column 5: mapping values are not allowed here"),
        (yaml_text.read, "a: 1\n---\nb: 2", "is not YAML: line 2, column 1: but found another document"),
        (yaml_text.read, "a: \x00", "is not YAML: unacceptable character #x0000"),
    ],
)
def test_what_is_not_of_its_format(read: Callable[[str], Node], host: str, message: str) -> None:
    with pytest.raises(Malformed) as raised:
        read(host)
    assert str(raised.value).startswith(message)


def test_yaml_without_pyyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    assert find(Source("a: b", "c.yaml"), "a") == "`c.yaml` is YAML, and reading YAML needs PyYAML: pip install pyyaml"


@pytest.mark.parametrize("name", ["a.json", "a.yaml", "a.toml"])
def test_depth_is_no_traceback(name: str) -> None:
    deep = "[" * 5000 + "]" * 5000
    found = find(Source(f"a = {deep}" if name == "a.toml" else deep, name), "a")
    assert found == f"`{name}` is nested too deep"


def test_aliases_that_multiply_are_listed_once() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))]
    found = find(Source("\n".join(lines), "a.yaml"), None)
    assert isinstance(found, str)
    assert "`a0.0`, `a0.1`" in found


# ---- back


HOST = "# top\na:\n  b: |\n    one\n    two # x\n  c: >-\n    one\n    two\n  d: 'it''s'\n"


def put_text(key: str, *edits: Edit) -> str | None:
    found = find(Source(HOST, "x.yaml"), key)
    assert isinstance(found, Source)
    new = put(found, edits)
    return None if new is None or new.origin is None else new.origin.host.text


def test_edits_go_where_the_text_stands() -> None:
    assert put_text("a.b", Edit(Range(0, 3), "1"), Edit(Range(4, 7), "2\n\n3")) == HOST.replace(
        "one\n    two #", "1\n    2\n\n    3 #"
    )
    assert put_text("a.c", Edit(Range(0, 3), "1")) == HOST.replace(">-\n    one", ">-\n    1")
    assert put_text("a.c", Edit(Range(2, 5), "")) == HOST.replace(">-\n    one\n    two", ">-\n    onwo")
    assert put_text("a.d", Edit(Range(2, 3), "")) == HOST.replace("''s", "s")


@pytest.mark.parametrize(
    ("key", "edit"),
    [
        ("a.c", Edit(Range(0, 3), "1\n2")),
        ("a.d", Edit(Range(0, 2), "'")),
        ("a.b", Edit(Range(0, 0), " ")),
    ],
)
def test_what_cannot_stand_there_is_not_put(key: str, edit: Edit) -> None:
    assert put_text(key, edit) is None


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    found = find(Source("a: |\r\n  x\r\n  y\r\n", "x.yaml"), "a")
    assert isinstance(found, Source)
    assert found.text == "x\ny\n"
    new = put(found, [Edit(Range(2, 3), "1\n2")])
    assert new is not None
    assert new.origin is not None
    assert new.origin.host.text == "a: |\r\n  x\r\n  1\r\n  2\r\n"
