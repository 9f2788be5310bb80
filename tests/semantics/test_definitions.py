"""`def` and bindings: lazy, checked also where nothing uses them, seen from behind only, and written out."""

import pytest
from meanings import errors, meaning, places, read, the_error, values, words

SAME = [
    ("rate = 1e-3; adam(rate)", "adam(1e-3)"),
    ("a = 2; b = a * 3; scale(b)", "scale(6)"),
    ("guard = clip(1.0) | zero_nans; guard | sgd(0.1)", "clip(1.0) | zero_nans | sgd(0.1)"),
    ("guard = clip(1.0) | zero_nans; flatten { guard }", "flatten { clip(1.0) | zero_nans }"),
    ("lr = 3e-4; scale_by_adam | lr(lr)", "scale_by_adam | lr(3e-4)"),
    ("adam = 1e-3; adam(adam)", "adam(1e-3)"),
    ("b1 = 0.5; adam(1e-3, b1=b1)", "adam(1e-3, b1=0.5)"),
    ("half = bfloat16; adam(1e-3, mu_dtype=half)", "adam(1e-3, mu_dtype=bfloat16)"),
    ("where_ = fan_in; centralize(axes=where_) | sgd(0.1)", "centralize(axes=fan_in) | sgd(0.1)"),
    ("wd = 0.1 where bias; adamw(1, weight_decay=wd)", "adamw(1, weight_decay=0.1 where bias else 0)"),
    ("on = true; sgd(0.1, nesterov=on)", "sgd(0.1, nesterov=true)"),
    ("peak = 0.1; s = 0 -> linear(peak, 10); sgd(s)", "sgd(0 -> linear(0.1, 10))"),
    ("def f(x) = adam(x); f(1e-3)", "adam(1e-3)"),
    ("def f(x, b=0.8) = adam(x, b1=b); f(1e-3)", "adam(1e-3, b1=0.8)"),
    ("def f(x, b=0.8) = adam(x, b1=b); f(b=0.7, x=1e-3)", "adam(1e-3, b1=0.7)"),
    ("def f() = clip(1.0); f | f() | sgd(0.1)", "clip(1.0) | clip(1.0) | sgd(0.1)"),
    ("def f(x=2) = clip(x) | scale(x); f | sgd(0.1)", "clip(2) | scale(2) | sgd(0.1)"),
    ("def f(x) = clip(x); def g(y) = f(2 * y) | sgd(y); g(0.1)", "clip(0.2) | sgd(0.1)"),
    ("c = 0.9; def f(x) = adam(x, b1=c); f(1e-3)", "adam(1e-3, b1=0.9)"),
    ("x = 3; def f(x) = scale(x); f(2)", "scale(2)"),
    ("x = 3; def f(y) = scale(x * y); def g(x) = f(x); g(2)", "scale(6)"),
    ("def safe(n, c) = apply_if_finite(n) { c | sgd(0.1) }; safe(3) { clip(1.0) | zero_nans }",
     "apply_if_finite(3) { clip(1.0) | zero_nans | sgd(0.1) }"),
    ("def safe(c) = apply_if_finite(3) { c }; safe(sgd(0.1))", "apply_if_finite(3) { sgd(0.1) }"),
    ("def safe(c) = apply_if_finite(3) { c }; s = sgd(0.1); safe(s)", "apply_if_finite(3) { sgd(0.1) }"),
    ("def on(x) = clip(x) when x > 1; on(2) | on(0.5) | sgd(0.1)", "clip(2) | sgd(0.1)"),
    ("def tuned(wd) = adamw(1e-3, weight_decay=wd); tuned(0.1 where bias)",
     "adamw(1e-3, weight_decay=0.1 where bias else 0)"),
    ("def ranger(lr, k=6) = lookahead(k, 0.5) { centralize | radam(lr) }; ranger(1e-3)",
     "lookahead(6, 0.5) { centralize | radam(1e-3) }"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "want"), SAME)
def test_names_are_written_out(text: str, want: str) -> None:
    assert meaning(text) == meaning(want)


def test_a_name_takes_the_form_that_its_slot_asks_for() -> None:
    assert values("n = 3.0; accumulate(n) { sgd(n) }")["k"] == 3
    assert type(values("n = 3.0; sgd(n)")["learning_rate"]) is float


UNUSED = [
    "x = «1 / 0»; sgd(0.1)",
    "x = «y»; sgd(0.1)",
    "x = «addam»(1e-3); sgd(0.1)",
    "x = clip(1.0) | «addam»(1e-3); sgd(0.1)",
    "x = adam(1e-3, «b3»=0.1); sgd(0.1)",
    "def f(x) = «addam»(x); sgd(0.1)",
    "def f(x) = adam(x, «b3»=0.1); sgd(0.1)",
    "def f(x) = adam(«y»); sgd(0.1)",
    "def f(x) = scale(«1 / 0» * x); sgd(0.1)",
    "def f(x) = clip(x) where «biass»; sgd(0.1)",
]


@pytest.mark.parametrize("marked", UNUSED)
def test_what_nothing_uses_is_checked_too(marked: str) -> None:
    text, where = read(marked)
    assert places(errors(text)) == where


@pytest.mark.parametrize(
    "definition",
    [
        "def f(x, y=2) = adam(x, b1=y)",
        "def f(x) = clip(x) when x > 1",
        "x = 2",
        "x = 0.1 where bias",
        "x = clip(1.0) | sgd(0.1)",
        "x = fan_in",
        "x = bfloat16",
        "x = 'text'",
        "x = {1k: 0.5}",
        "x = 0 -> linear(1, 10)",
        "x = cosine_decay_schedule(0.1, 10)",
        "x = none",
        "x = [1, 2]",
    ],
)
def test_what_nothing_uses_may_stand(definition: str) -> None:
    assert words(f"{definition}; sgd(0.1)") == ["sgd"]


@pytest.mark.parametrize(
    "definition",
    [
        "def f(c) = apply_if_finite(3) { c }",
        "def f(c) = c | sgd(0.1)",
        "def f(c, x) = c where ndim > x",
        "def f(x, c) = match { bias => sgd(x), else => c }",
    ],
)
def test_a_chain_as_parameter_of_what_nothing_uses_may_stand(definition: str) -> None:
    assert words(f"{definition}; sgd(0.1)") == ["sgd"]


BAD = [
    ("x = 1; «x» = 2; sgd(x)", "E209", "bound twice"),
    ("live x = 1; «x» = 2; sgd(x)", "E209", "bound twice"),
    ("«step» = 1; sgd(0.1)", "E209", "`step`"),
    ("«a.b» = 1; sgd(0.1)", "E209", "no dots"),
    ("def «adam»(x) = sgd(x); adam(1)", "E209", "is a stage already"),
    ("def «linear_schedule»(x) = sgd(x); sgd(0.1)", "E209", "is a schedule already"),
    ("def f(x) = sgd(x); def «f»(x) = adam(x); f(1)", "E209", "defined twice"),
    ("def f(x, «x») = sgd(x); f(1, 1)", "E209", "named twice"),
    ("x = «y»; y = 1e-3; sgd(x)", "E203", "`y`"),
    ("x = «x»; sgd(0.1)", "E203", "`x`"),
    ("def f(x) = «f»(x); f(1e-3)", "E201", "`f`"),
    ("def f(x) = «g»(x); def g(x) = sgd(x); f(1e-3)", "E201", "`g`"),
    ("def f(x) = sgd(x); «f»", "E211", "`x` of `f`"),
    ("def f(x) = sgd(x); f(1, «2»)", "E213", "1 argument by place"),
    ("def f(x) = sgd(x); f(«y»=1)", "E202", "no parameter `y`"),
    ("def f(x) = sgd(x); «f(1) { clip(1.0) }»", "E214", "takes no chain"),
    ("rate = clip(1.0); sgd(«rate»)", "E221", "found the stage `clip`"),
    ("def f(c) = c | sgd(0.1); «f(1.0)»", "E214", "takes a chain"),
]


@pytest.mark.parametrize(("marked", "code", "says"), BAD)
def test_what_names_may_not_do(marked: str, code: str, says: str) -> None:
    text, where = read(marked)
    found = the_error(text)
    assert (found.code, places((found,))) == (code, where)
    assert says in found.message


def test_a_number_in_the_place_of_a_stage_is_marked_where_it_stands() -> None:
    text, where = read("lr = 3e-4; scale_by_adam | «lr»")
    found = the_error(text)
    assert "the number 0.0003" in found.message
    assert places((found,)) == where


def test_a_definition_is_no_number() -> None:
    text, where = read("def f(x) = x; sgd(«f(1e-3)»)")
    assert where[0] in places(errors(text))
    assert all("varies over time" not in found.message for found in errors(text))


def test_a_call_of_a_binding_says_what_it_is() -> None:
    found = the_error("rate = adam(1e-3); clip(1.0) | rate(2)")
    assert "`rate`" not in (found.help or ""), "writing the same again helps nobody"
