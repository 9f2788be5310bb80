import ast as python
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from effort import calls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import commented, programs

from optdsl.source import Source
from optdsl.syntax import ast
from optdsl.syntax.format import WIDTH, format_expression, format_program, show_number
from optdsl.syntax.layout import LINE, Text, group, join, render
from optdsl.syntax.limits import STAGES
from optdsl.syntax.parser import parse

CONFORMANCE = Path(__file__).parents[3] / "shared" / "conformance"

thorough = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def parsed(text: str) -> ast.Program:
    program, findings = parse(Source(text))
    assert program is not None, f"{findings}\n{text}"
    return program


def formatted(text: str) -> str:
    return format_program(parsed(text))


def assert_canonical(text: str) -> str:
    """Returns the canonical text of `text`: its tree and comments are the same, and it formats to itself."""
    program = parsed(text)
    canonical = format_program(program)
    again = parsed(canonical)
    assert again == program
    assert [comment.text for comment in again.comments] == [comment.text for comment in program.comments]
    assert format_program(again) == canonical
    assert not re.search(r"[ \t]\n|\n\n|^\s|\s$", canonical)
    return canonical


SPELLINGS = [
    ("clip( 1.0 )|adam( 1e-3,b1 = 0.9 )", "clip(1.0) | adam(1e-3, b1=0.9)"),
    ("rmsprop(1e-2, centered=True, momentum=None)", "rmsprop(1e-2, centered=true, momentum=none)"),
    ("clip(1.0)\n|\nadam(1e-3);", "clip(1.0) | adam(1e-3)"),
    ("rate=1e-3 ;\nadam(rate)", "rate = 1e-3; adam(rate)"),
    (
        "live  r=1;def f( p,q = 2 , )=adam(p)|lr(q);def g()=x;f",
        "live r = 1; def f(p, q=2) = adam(p) | lr(q); def g() = x; f",
    ),
    ("a+b*-c**d//1- - 2", "a + b * -c ** d // 1 - -2"),
    ("not a or b and(c)", "not a or b and (c)"),
    (":rate??-3e-4", ":rate ?? -3e-4"),
    (
        "zero_nans()|zero_nans|f(10_000,.5,1k,5%,2.5ep)",
        "zero_nans() | zero_nans | f(10_000, .5, 1k, 5%, 2.5ep)",
    ),
    (
        "f( [ 1,2, ],(3 , ),(),( 4,5, ),{1:x,'a':2,-1:3,(k):4,})",
        "f([1, 2], (3,), (), (4, 5), {1: x, 'a': 2, -1: 3, (k): 4})",
    ),
    ("f(\"a\",'b',\"it's\",'\"')", "f('a', 'b', \"it's\", '\"')"),
    ("flatten{clip(1.0)}", "flatten { clip(1.0) }"),
    ("f(1){g}", "f(1) { g }"),
    ("match{a/**=>b,else=>c,}", "match { a/** => b, else => c }"),
    ("x where 'a/**' and'embed'or not 'bias'", "x where a/** and 'embed' or not 'bias'"),
    (
        "x where bias when step>3 else y where'{i}'else z",
        "x where bias when step > 3 else y where {i} else z",
    ),
    ('x where path~"^a"or shape[ -1 ]==4 or(:m)', "x where path ~ '^a' or shape[-1] == 4 or (:m)"),
    ("x where 'a/b c' or 'a/{b'", "x where 'a/b c' or 'a/{b'"),
    ("0->linear(1,2)->hold", "0 -> linear(1, 2) -> hold"),
    ("clip(1)as guard|((x))", "clip(1) as guard | ((x))"),
]


@pytest.mark.parametrize(("text", "want"), SPELLINGS)
def test_spelling(text: str, want: str) -> None:
    assert assert_canonical(text) == want


LONG = {
    "a chain, one stage a line": (
        "rate = 1e-3; clip_by_global_norm(1.0) | centralize(axes=-1) | scale_by_adam(b1=0.9, b2=0.95) | lr(rate)",
        """
rate = 1e-3;
clip_by_global_norm(1.0)
| centralize(axes=-1)
| scale_by_adam(b1=0.9, b2=0.95)
| lr(rate)
""",
    ),
    "a bound chain behind its `=`": (
        "direction = scale_by_adam(b1=0.9, b2=0.95, eps=1e-10) | add_decayed_weights(0.1) | clip_norm(1); direction",
        """
direction =
  scale_by_adam(b1=0.9, b2=0.95, eps=1e-10) | add_decayed_weights(0.1) | clip_norm(1);
direction
""",
    ),
    "a call, one argument a line": (
        "clip(1) | adamw(rate * (0.75 ** (4 - i) where blocks_{i}/** else 1), "
        "weight_decay=0.1 where ndim > 1, b1=0.95)",
        """
clip(1)
| adamw(
    rate * (0.75 ** (4 - i) where blocks_{i}/** else 1),
    weight_decay=0.1 where ndim > 1,
    b1=0.95,
  )
""",
    ),
    "arms, blocks and a chain behind `=>`": (
        "accumulate(4) { match { embed/** or head/** => freeze, "
        "norm => clip_by_global_norm(1.0) | scale_by_adam(b1=0.95) | add_decayed_weights(0.1) | lr(1e-3), "
        "else => muon(0.02) } }",
        """
accumulate(4) {
  match {
    embed/** or head/** => freeze,
    norm =>
      clip_by_global_norm(1.0)
      | scale_by_adam(b1=0.95)
      | add_decayed_weights(0.1)
      | lr(1e-3),
    else => muon(0.02),
  }
}
""",
    ),
    "a ladder, one rung a line": (
        "factor = 0.75 ** (12 - i) where blocks_{i}/** "
        "else 0.75 ** 13 where embed/** and ndim > 1 else 1 where head/** else 0; x",
        """
factor = 0.75 ** (12 - i) where blocks_{i}/**
  else 0.75 ** 13 where embed/** and ndim > 1
  else 1 where head/**
  else 0;
x
""",
    ),
    "operators and arrows at the beginning of a line": (
        "rate = 0 -> linear(peak_learning_rate, warmup_steps) -> hold(plateau_steps) "
        "-> cosine(0.1 * peak_learning_rate); f(a_rather_long_name_of_a_number "
        "+ another_rather_long_name * a_third_long_name - the_very_last_of_the_names)",
        """
rate = 0
  -> linear(peak_learning_rate, warmup_steps)
  -> hold(plateau_steps)
  -> cosine(0.1 * peak_learning_rate);
f(
  a_rather_long_name_of_a_number
    + another_rather_long_name * a_third_long_name
    - the_very_last_of_the_names,
)
""",
    ),
}


@pytest.mark.parametrize(("text", "want"), LONG.values(), ids=LONG)
def test_long_programs(text: str, want: str) -> None:
    assert assert_canonical(text) == want.strip()


COMMENTS = {
    "everywhere in a program": (
        "# the rate\nrate = 1e-3;  # peak\nclip(1.0)  # guard\n| adam(rate)  # main\n# the end",
        "# the rate\nrate = 1e-3;  # peak\nclip(1.0)  # guard\n| adam(rate)  # main\n# the end",
    ),
    "behind marks": (
        "rate = 1e-3 # a\n; clip(1.0) | # b\n adam(rate # c\n, # d\n b1=0.9)",
        "rate = 1e-3;  # a\nclip(1.0)  # b\n| adam(\n    rate,  # c\n    # d\n    b1=0.9,\n  )",
    ),
    "before an item": ("f(# a\n1,\n# b\n2)", "f(\n  # a\n  1,\n  # b\n  2,\n)"),
    "in what is empty": ("f( # a\n) | [ # b\n]", "f(\n  # a\n)\n| [\n    # b\n  ]"),
    "at the end of brackets": ("{1: 2 # a\n # b\n}", "{\n  1: 2,  # a\n  # b\n}"),
    "inside an item": ("f(a, b = # x\n c, d)", "f(\n  a,\n  # x\n  b=c,\n  d,\n)"),
    "inside the first stage": ("x = f # a\n(1) | g; x", "# a\nx = f(1) | g;\nx"),
    "inside an item, behind others": (
        "f(a # 1\n) # 2\n { b # 3\n}",
        "f(\n  a,  # 1\n  # 2\n) {\n  b  # 3\n}",
    ),
    "in arms": (
        "match { a => b # 1\n, # 2\n else => # 3\n c }",
        "match {\n  a => b,  # 1\n  # 2\n  # 3\n  else => c,\n}",
    ),
    "in a definition": ("def f(a, # 1\n b) = x # 2\n; f", "def f(\n  a,  # 1\n  b,\n) = x;  # 2\nf"),
    "in quotes or not": ("f('# no') # '", "f('# no')  # '"),
    "longer than a line": (f"a | b  # {'x' * 100}", f"a | b  # {'x' * 100}"),
}


@pytest.mark.parametrize(("text", "want"), COMMENTS.values(), ids=COMMENTS)
def test_comments(text: str, want: str) -> None:
    assert assert_canonical(text) == want


def test_a_permission_stays_with_its_stage() -> None:
    chain = "adam(1e-3) # allow: W501\n | clip_norm(1.0)  # allow: W502, W503\n | average(0.9) # allow: W504"
    for text in (chain, f"f(2) {{ {chain}\n }}", f"x = ({chain}\n); x"):
        lines = {re.sub(r"^[| ]+|[,;]? *#.*", "", line): line for line in assert_canonical(text).split("\n")}
        assert lines["adam(1e-3)"].endswith("  # allow: W501")
        assert lines["clip_norm(1.0)"].endswith("  # allow: W502, W503")
        assert lines["average(0.9)"].endswith("  # allow: W504")


@thorough
@given(programs())
def test_any_program(tokens: list[str]) -> None:
    canonical = assert_canonical(" ".join(tokens))
    assert canonical == assert_canonical("\n".join(tokens))
    assert "\n" not in canonical or len(" ".join(canonical.split())) > WIDTH - 8


@thorough
@given(commented())
def test_any_program_with_comments(drawn: tuple[str, list[str]]) -> None:
    text, remarks = drawn
    canonical = assert_canonical(text)
    assert re.findall(r"# \d", canonical) == remarks
    assert parsed(re.sub(r"# \d", "", canonical)) == parsed(text)


def conformance_programs() -> list[str]:
    """Returns every piece of text in the conformance suite that parses."""
    trees = [python.parse(path.read_text(encoding="utf-8")) for path in sorted(CONFORMANCE.rglob("*.py"))]
    nodes = (node for tree in trees for node in python.walk(tree) if isinstance(node, python.Constant))
    texts = dict.fromkeys(node.value for node in nodes if isinstance(node.value, str))
    return [text for text in texts if parse(Source(text))[0] is not None]


def test_the_programs_of_the_conformance_suite() -> None:
    if not CONFORMANCE.exists():
        pytest.skip("../shared/conformance is not there: its programs are not formatted")
    texts = conformance_programs()
    assert len(texts) > 300
    for text in texts:
        lines = assert_canonical(text).split("\n")
        assert "#" in text or max(map(len, lines)) <= WIDTH


SHAPES = {
    "stages": lambda n: " | ".join(f"clip({i}.5, x=[{i}, -1])" for i in range(n)),
    "comments": lambda n: " | ".join(f"clip({i}.5, # {i}\n x=1)  # {i}\n" for i in range(n)),
    "items": lambda n: f"f([{', '.join(map(str, range(10 * n)))}])",
    "statements": lambda n: "".join(f"x{i} = 0.1 where a/{i} else {i};\n" for i in range(n)) + "x",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_work_grows_with_the_program(shape: Callable[[int], str]) -> None:
    few, many = parsed(shape(STAGES // 4)), parsed(shape(STAGES))
    assert calls(lambda: format_program(many)) < 4.3 * calls(lambda: format_program(few))


def test_nesting_needs_no_stack() -> None:
    text = "(" * 60 + "x" + ")" * 60
    deep = parsed(f"f({text}) | " + "not " * 150 + "y")
    assert parsed(format_program(deep)) == deep
    node: ast.Expression = ast.Name(deep.body.span, "x")
    for _ in range(5_000):
        node = ast.Unary(deep.body.span, "-", node)
    assert format_expression(node) == "-" * 5_000 + "x"


def test_expressions_stand_on_one_line() -> None:
    text = "f(" + ", ".join(f"name_{i}={i}" for i in range(40)) + ")"
    assert len(text) > WIDTH
    assert format_expression(parsed(text).body) == text


NUMBERS = [
    (0.001, "1e-3"),
    (3e-4, "3e-4"),
    (2.5e-4, "2.5e-4"),
    (0.0015, "0.0015"),
    (0.01, "0.01"),
    (0.05, "0.05"),
    (0.9, "0.9"),
    (1.0, "1.0"),
    (0.0, "0.0"),
    (-1e-3, "-1e-3"),
    (1000, "1000"),
    (1e-8, "1e-8"),
    (1e6, "1e6"),
    (1e22, "1e22"),
    (0.1 + 0.2, "0.30000000000000004"),
    (math.inf, "inf"),
    (-math.inf, "-inf"),
    (True, "true"),
    (False, "false"),
    (None, "none"),
]


@pytest.mark.parametrize(("value", "want"), NUMBERS)
def test_numbers(value: float | None, want: str) -> None:
    assert show_number(value) == want


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False) | st.integers(0, 10**30))
def test_numbers_read_back(value: float) -> None:
    node = parsed(show_number(value)).body
    assert isinstance(node, ast.Number)
    assert (node.value, type(node.value)) == (value, type(value))


def test_nan_has_no_text() -> None:
    with pytest.raises(ValueError, match="nan"):
        show_number(math.nan)


def test_layout_breaks_the_outer_group_first() -> None:
    inner = group("b", LINE, "c")
    doc = group("aaa", LINE, inner, "!")
    assert [render(doc, width) for width in (8, 7, 4, 3)] == [
        "aaa b c!",
        "aaa\nb c!",
        "aaa\nb c!",
        "aaa\nb\nc!",
    ]
    assert render(join("x", Text("y")), 1) == "xy"
