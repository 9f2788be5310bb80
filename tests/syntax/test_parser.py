from collections.abc import Iterator
from dataclasses import fields

import pytest
from effort import calls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import joined, programs

from optdsl.source import Source
from optdsl.syntax import ast, limits, parser
from optdsl.syntax.parser import parse

EVERYTHING = """
wd = 0.1 where ndim > 1;  # matrices
live rate = -1e-3;
def f(p, q=2) = clip(p) | g(q);
clip(1.0) as guard where shape[0] == 4 and not (bias or path ~ '^head/') when :on ?? true
| sgd(0 -> linear(1, 5%) -> hold, [1, (2,)], {1k: 0.5, -1: 'x'})
| apply_if_finite(5) { (adam(rate)) }
| match { blocks_{i}/** => freeze, else => adam(0.75 ** (12 - i) // 2 or 1) }
"""


def parsed(text: str) -> ast.Program:
    program, findings = parse(Source(text))
    assert program is not None, findings
    return program


def nodes(value: object) -> Iterator[ast.Node]:
    """Yields the nodes in `value`, in the order of the text."""
    if isinstance(value, ast.Node):
        yield value
    if isinstance(value, ast.Program):
        yield from nodes((value.statements, value.body))
    elif isinstance(value, ast.Node):
        parts = [getattr(value, part.name) for part in fields(value) if part.compare]
        yield from (node for part in parts for node in nodes(part))
    elif isinstance(value, tuple):
        yield from (node for part in value for node in nodes(part))


def test_spans_are_the_text_of_nodes() -> None:
    texts = {(type(node).__name__, EVERYTHING[slice(*node.span)]) for node in nodes(parsed(EVERYTHING))}
    assert texts >= {
        ("Binding", "wd = 0.1 where ndim > 1;"),
        ("Live", "live rate = -1e-3;"),
        ("Unary", "-1e-3"),
        ("Definition", "def f(p, q=2) = clip(p) | g(q);"),
        ("Formal", "q=2"),
        ("Chain", "clip(p) | g(q)"),
        ("Alias", "clip(1.0) as guard"),
        ("LeafTest", "shape[0] == 4"),
        ("Group", "(bias or path ~ '^head/')"),
        ("PathMatch", "path ~ '^head/'"),
        ("String", "'^head/'"),
        ("Hole", ":on ?? true"),
        ("Schedule", "0 -> linear(1, 5%) -> hold"),
        ("Duration", "5%"),
        ("List", "[1, (2,)]"),
        ("Tuple", "(2,)"),
        ("Map", "{1k: 0.5, -1: 'x'}"),
        ("Entry", "-1: 'x'"),
        ("Call", "apply_if_finite(5) { (adam(rate)) }"),
        ("Block", "{ (adam(rate)) }"),
        ("Match", "match { blocks_{i}/** => freeze, else => adam(0.75 ** (12 - i) // 2 or 1) }"),
        ("Arm", "blocks_{i}/** => freeze"),
        ("Glob", "blocks_{i}/**"),
        ("Binary", "0.75 ** (12 - i)"),
        ("Binary", "0.75 ** (12 - i) // 2 or 1"),
    }


def test_every_kind_of_node_is_in_the_text_above() -> None:
    kinds = {kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.Node)}
    seen = {type(node) for node in nodes(parsed(EVERYTHING + " | (a when x < 1 else 2)"))}
    assert kinds - seen == {ast.Node, ast.Comment}


def test_comments_have_places() -> None:
    (comment,) = parsed(EVERYTHING).comments
    assert EVERYTHING[slice(*comment.span)] == comment.text == "# matrices"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs(), st.data())
def test_equality_knows_no_layout(tokens: list[str], data: st.DataObject) -> None:
    gap = st.sampled_from((" ", "\n", "  \t", "\r\n", " # 'x' | (\n", "\ufeff"))
    gaps = [data.draw(gap) for _ in range(len(tokens) + 1)]
    plain, other = parsed(" ".join(tokens)), parsed(joined(tokens, gaps))
    assert plain == other
    assert hash(plain) == hash(other)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs())
def test_spans_are_nested_and_in_order(tokens: list[str]) -> None:
    text = " ".join(tokens)
    for node in nodes(parsed(text)):
        assert text[slice(*node.span)].strip() == text[slice(*node.span)] != ""
        inner = [part.span for part in nodes(node)][1:]
        assert inner == sorted(inner, key=lambda span: (span.start, -span.end))
        assert all(node.span.start <= span.start < span.end <= node.span.end for span in inner)


TREES = [
    ("a | b | c", "(a | b) | c", False),
    ("-a ** -b", "-(a ** (-b))", True),
    ("a - b - c", "(a - b) - c", True),
    ("a * b + c", "(a * b) + c", True),
    ("not a == b", "not (a == b)", True),
    ("a or b and c", "a or (b and c)", True),
    ("a ** b ** c", "a ** (b ** c)", True),
    ("a as n where x/* else b where y/* else c", "(a as n) where x/* else (b where y/* else c)", True),
    ("a where x/* when b else c", "(a where x/*) when b else c", True),
    (":h ?? 1 > 0", "(:h ?? 1) > 0", True),
    ("a -> b | c", "(a -> b) | c", True),
]


@pytest.mark.parametrize(("text", "grouped", "equal"), TREES)
def test_precedence(text: str, grouped: str, equal: bool) -> None:
    assert (without_groups(parsed(text).body) == without_groups(parsed(grouped).body)) is equal


def without_groups(value: object) -> object:
    """Returns the tree as nested tuples, without parentheses."""
    if isinstance(value, ast.Group):
        return without_groups(value.inner)
    if isinstance(value, ast.Node):
        parts = tuple(without_groups(getattr(value, part.name)) for part in fields(value) if part.compare)
        return type(value).__name__, *parts
    return tuple(map(without_groups, value)) if isinstance(value, tuple) else value


NUMBERS = [
    ("3", 3),
    ("10_000", 10_000),
    ("1e-3", 1e-3),
    (".5", 0.5),
    ("1k", 1000),
    ("1.5k", 1500),
    ("2M", 2_000_000),
]
NUMBERS += [("0.0001k", 0.1), ("1e3", 1000.0), ("1_0.2_5", 10.25), ("1.", 1.0)]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_values_of_numbers(text: str, value: float) -> None:
    node = parsed(text).body
    assert isinstance(node, ast.Number)
    assert (node.value, type(node.value)) == (value, type(value))


def test_calls_remember_their_parentheses() -> None:
    bare, empty, block = (parsed(text).body for text in ("f", "f()", "f { g }"))
    assert isinstance(bare, ast.Name)
    assert isinstance(empty, ast.Call)
    assert isinstance(block, ast.Call)
    assert (empty.arguments, block.arguments) == ((), None)


TOO_MUCH = {
    "source": ("# " + "x" * limits.SOURCE_BYTES + "\nadam(1e-3)", "E107"),
    "nesting": ("(" * (limits.NESTING + 1) + "x" + ")" * (limits.NESTING + 1), "E108"),
    "operators": ("not " * limits.TREE_DEPTH + "x", "E108"),
    "operators to the left": ("x" + " + x" * limits.TREE_DEPTH, "E108"),
    "stages": (" | ".join(["x"] * (limits.STAGES + 1)), "E107"),
    "items": (f"f([{', '.join(['1'] * (limits.LIST_ITEMS + 1))}])", "E107"),
}


@pytest.mark.parametrize(("text", "code"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_is_an_error(text: str, code: str) -> None:
    program, findings = parse(Source(text))
    assert program is None
    assert [finding.code for finding in findings] == [code]


ENOUGH = {
    "nesting": "(" * limits.NESTING + "x" + ")" * limits.NESTING,
    "operators": "not " * (limits.TREE_DEPTH - 1) + "x",
    "stages": " | ".join(["x"] * limits.STAGES),
    "items": f"f([{', '.join(['1'] * limits.LIST_ITEMS)}])",
}


@pytest.mark.parametrize("text", ENOUGH.values(), ids=ENOUGH)
def test_enough_is_no_error(text: str) -> None:
    assert parse(Source(text))[1] == ()


def test_work_grows_with_the_stages() -> None:
    parse(Source("adam(1e-3)"))
    few, many = (calls(lambda n=n: parse(Source(_stages(n)))) for n in (limits.STAGES // 4, limits.STAGES))
    assert many < 4.2 * few


def test_work_grows_with_what_is_wrong() -> None:
    few, many = (calls(lambda n=n: parse(Source(_stages(n) + " | )"))) for n in (100, 400))
    assert many < 4.2 * few


def _stages(number: int) -> str:
    return " | ".join(f"clip({i}.5, x=[{i}, -1]) where a/{i}" for i in range(number))


def test_parsing_twice_builds_one_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed("adam(1e-3)")
    monkeypatch.setattr(parser, "TABLES", None)
    assert parsed("clip(1.0) | adam(1e-3)")
