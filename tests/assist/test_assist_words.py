"""Signatures, hover, definitions and kinds of words; and that none of them minds what a text looks like."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optdsl import api, registry
from optdsl.assist import complete, definition, hover, signature, tokens
from optdsl.assist.words import CLASSES, FUNCTIONS, KEYWORDS, SEGMENTS, SUBJECTS
from optdsl.semantics import arrows, functions, selectors, unknown, words
from optdsl.semantics.facts import default_text, label
from optdsl.syntax.mistakes import RESERVED

EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*.opt"))


def cut(marked: str) -> tuple[str, int]:
    return marked.replace("¦", ""), marked.index("¦")


# ---- words without rows


def test_words_without_rows_are_those_of_the_checker() -> None:
    assert tuple(SEGMENTS) == words.SEGMENTS
    assert set(FUNCTIONS) == set(unknown.FUNCTIONS)
    assert tuple(CLASSES) == words.CLASSES
    assert set(SUBJECTS) == {*selectors.TESTS, "path"}
    assert set(KEYWORDS) < RESERVED
    assert {word.lower() for word in RESERVED - set(KEYWORDS)} == {"true", "false", "none", "inf"}
    for name, row in SEGMENTS.items():
        assert [p.name for p in row.parameters] == [p.name for p in arrows._PARAMETERS[name]]
    for name in ("warmup", "rsqrt"):
        assert [p.name for p in FUNCTIONS[name].parameters] == [p.name for p in functions._N]
    for name in set(FUNCTIONS) - {"warmup", "rsqrt"}:
        assert api.check(f"adam(1e-3 * {name}(step + 1))") == []


# ---- signatures


@pytest.mark.parametrize(
    ("marked", "active"),
    [
        ("adam(¦", "learning_rate"),
        ("adam(1e-3, ¦", "b1"),
        ("adam(b2=¦", "b2"),
        ("adam(b2=0.9, ¦", "learning_rate"),
        ("accumulate(¦", "k"),
        ("accumulate(adam(1), ¦", "k"),
        ("accumulate(¦) { adam(1) }", "k"),
        ("sgd((1 + ¦), 0.9)", "learning_rate"),
        ("sgd(max(1, 2), ¦", "momentum"),
        ("0 -> linear(1, ¦", "n"),
        ("def f(a, b=2) = clip(a); f(1, ¦", "b"),
        ("match { bias => adam(1, ¦", "b1"),
        ("piecewise_constant_schedule(1.0, {1k: ¦", "boundaries_and_scales"),
    ],
)
def test_the_active_parameter(marked: str, active: str) -> None:
    found = signature(*cut(marked))
    assert found is not None
    assert found.active is not None
    assert found.parameters[found.active].name == active
    start, end = found.parameters[found.active].span
    assert found.label[start:end].partition("=")[0] == active


@pytest.mark.parametrize("marked", ["¦", "adam(1) ¦", "frobnicate(¦", "clip(1.0) | ¦", "adam(1); ¦"])
def test_no_signature(marked: str) -> None:
    assert signature(*cut(marked)) is None


@pytest.mark.parametrize("row", [*registry.transforms(), *registry.schedules()], ids=lambda row: row.name)
def test_every_row_has_a_label_and_a_page(row: registry.Row) -> None:
    shown = label(row)
    assert [shown.text[start:end].partition("=")[0] for start, end in shown.spans] == [p.name for p in row.parameters]
    found = hover(row.name, 1)
    assert found is not None
    assert found.span == (0, len(row.name))
    assert row.prose.summary in found.markdown
    assert row.prose.formula in found.markdown
    for parameter in row.parameters:
        assert parameter.name in found.markdown
        assert parameter.required or default_text(parameter) in found.markdown


# ---- hover and definitions


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ("ad¦am(1e-3)", "https://arxiv.org/abs/1412.6980"),
        ("adam(b¦1=0.9)", "`b1` of `adam`: number, >= 0 and < 1, default 0.9"),
        ("rate = 3e-4; adam(ra¦te)", "rate = 3e-4"),
        ("live rate = 1; lr(rate¦)", "live rate = 1"),
        ("def calm(x=1.0) = clip(x) | centralize; ca¦lm", "def calm(x=1.0) = clip(x) | centralize"),
        ("def calm(x=1.0) = clip(x¦)", "x=1.0"),
        ("0 -> lin¦ear(1, 2)", "straight line"),
        ("adam(1) where ker¦nel", CLASSES["kernel"]),
        ("adam(1) wh¦ere kernel", KEYWORDS["where"]),
        ("adam(0.1 * st¦ep)", "updates done so far"),
        ("adam(:tot¦al)", "whole run"),
    ],
)
def test_hover(marked: str, told: str) -> None:
    found = hover(*cut(marked))
    assert found is not None
    assert told in found.markdown


@pytest.mark.parametrize(
    "marked", ["adm¦a(1)", "adam(¦ 1)", "clip(1.0) ¦ | adam(1)", "adam(1e¦-3)", "# ad¦am", "'ad¦am'"]
)
def test_no_hover(marked: str) -> None:
    assert hover(*cut(marked)) is None


@pytest.mark.parametrize(
    ("marked", "place"),
    [
        ("rate = 1; adam(ra¦te)", (0, 4)),
        ("ra¦te = 1; adam(rate)", (0, 4)),
        ("live rate = 1; lr(¦rate)", (5, 9)),
        ("def calm(x) = clip(x); cal¦m(1)", (4, 8)),
        ("def calm(x) = clip(¦x); calm(1)", (9, 10)),
        ("lr = 1; scale_by_adam | lr(l¦r)", (0, 2)),
        ("lr = 1; scale_by_adam | l¦r(lr)", None),
        ("ad¦am(1)", None),
        ("adam(ra¦te); rate = 1", None),
        ("b1 = 0.5; adam(1, b¦1=b1)", None),
        ("b1 = 0.5; adam(1, b1=b¦1)", (0, 2)),
    ],
)
def test_definition(marked: str, place: tuple[int, int] | None) -> None:
    assert definition(*cut(marked)) == place


# ---- kinds of words


def test_kinds() -> None:
    text = (
        "rate = 0 -> linear(1e-3, 1k); # up\n"
        "clip(1.0) as c when step < 5% | adamw(rate, weight_decay=:wd where not bias and a/** else 0, mask='x')"
    )
    found = [(text[token.span.start : token.span.end], token.kind) for token in tokens(text)]
    words_only = [pair for pair in found if pair[1] not in ("punctuation", "operator")]
    assert words_only == [
        ("rate", "binding"),
        ("0", "number"),
        ("linear", "schedule"),
        ("1e-3", "number"),
        ("1k", "number"),
        ("# up", "comment"),
        ("clip", "stage"),
        ("1.0", "number"),
        ("as", "keyword"),
        ("c", "binding"),
        ("when", "keyword"),
        ("step", "schedule"),
        ("5%", "number"),
        ("adamw", "stage"),
        ("rate", "binding"),
        ("weight_decay", "parameter"),
        (":wd", "hole"),
        ("where", "keyword"),
        ("not", "keyword"),
        ("bias", "selector"),
        ("and", "keyword"),
        ("a/**", "path"),
        ("else", "keyword"),
        ("0", "number"),
        ("mask", "parameter"),
        ("'x'", "string"),
    ]
    assert [pair for pair in found if pair[1] == "operator"][:2] == [("=", "operator"), ("->", "operator")]


def test_a_name_is_told_from_a_call() -> None:
    text = "lr = 1; scale_by_adam | lr(lr) | adma(2)"
    found = [(text[token.span.start : token.span.end], token.kind) for token in tokens(text)]
    assert [kind for word, kind in found if word == "lr"] == ["binding", "stage", "binding"]
    assert ("adma", "stage") in found, "an unknown word where a stage is wanted is drawn as one"


def check_tokens(text: str) -> None:
    """Asserts that the tokens of a text are in order and leave out nothing but space."""
    at = 0
    for token in tokens(text):
        assert token.span.start >= at
        assert token.span.end > token.span.start
        assert not re.sub(r"[\s\ufeff]", "", text[at : token.span.start])
        at = token.span.end
    assert not re.sub(r"[\s\ufeff]", "", text[at:])


def ask_everything(text: str, offset: int) -> None:
    for found in complete(text, offset, ("embed/kernel", "w")):
        assert 0 <= found.start <= max(offset, 0)
        assert found.insert
    shown = signature(text, offset)
    assert shown is None or shown.active is None or shown.active < len(shown.parameters)
    pointed = hover(text, offset)
    assert pointed is None or pointed.span.start <= offset <= pointed.span.end
    place = definition(text, offset)
    assert place is None or text[slice(*place)].isidentifier()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_prefix_of_every_example(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    for end in range(len(text) + 1):
        check_tokens(text[:end])
        ask_everything(text[:end], end)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_place_of_every_example_with_the_rest_behind_it(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    for offset in range(0, len(text), 3):
        ask_everything(text, offset)


MARKS = (*"()[]{}|;,:=?~'\"#\n .*/<>-", "->", "=>", "é", "\ufeff")
WORDS = (
    "adam",
    "where ",
    "when ",
    "match ",
    "def ",
    "live ",
    "as ",
    "else ",
    "not ",
    "step",
    "linear",
    "bias",
    "optax.",
)
PIECES = st.sampled_from((*MARKS, *WORDS, "x", "1e-3", "5%", ":h", "a/**", "{i}"))


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60), st.integers(-3, 80))
def test_any_text(text: str, offset: int) -> None:
    check_tokens(text)
    ask_everything(text, min(offset, len(text)))


@pytest.mark.parametrize("piece", ["(", "((]", "a(", "x = 1; ", "def f(a) = ", "where ", "# \n", "'", "{1:", "adam |"])
def test_time_is_linear(piece: str) -> None:
    """Asserts on how often the text is read, rather than on a clock: the walk reads each lexeme once."""
    from optdsl.assist.lexemes import Reader

    reads = 0
    original = Reader.read

    def counted(self: Reader, **where: bool) -> object:
        nonlocal reads
        reads += 1
        return original(self, **where)

    text = piece * 2000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reader, "read", counted)
        found = tokens(text)
    assert reads == len(found) + 1
