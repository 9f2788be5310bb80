"""What people read when a program does not parse: mistakes.txt shows it; `make golden` writes it anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import programs

from optdsl.diagnostics.render import render
from optdsl.source import Source
from optdsl.syntax.parser import MOST_ERRORS, parse

SNAPSHOT = Path(__file__).with_name("mistakes.txt")

PROGRAMS = (
    "",
    "   # only a remark",
    "peak = 3e-4; wd = 0.1;",
    "clip_norm(1.0) | lion(1e-4",
    "lion(1e-4])",
    "clip_norm(0.3)) | sgd(0.1)",
    "accumulate(8) { clip_norm(1.0) | lamb(1e-3)",
    "clip_norm(1.0) || lion(1e-4)",
    "clip_norm(1.0) |> lion(1e-4)",
    "zero_nans, lion(1e-4)",
    "zero_nans lion(1e-4)",
    "zero_nans\nlion(1e-4)",
    "| zero_nans | lion(1e-4)",
    "zero_nans | lion(1e-4) |",
    "lion(1e-4 b1=0.95)",
    "lion(1e-4, b1: 0.95)",
    "lion(1e-4, b1=)",
    "lion(1e-4,, 0.9)",
    "lion(1..0)",
    "lion(1e)",
    "lion(0b1)",
    "polyak_sgd(variant='sps)",
    "polyak_sgd(variant=“sps”)",
    "lion(${lr})",
    "lion(@rate)",
    "where = 3; lion(1e-4)",
    "lambda params: params",
    "import optax\noptax.lion(1e-4)",
    "tx = optax.chain(optax.clip(1.0), optax.adam(1e-3))",
    "live rate; lion(rate)",
    "def twice(x): scale(2 * x)",
    "trace(0.9) where | lion(1e-4)",
    "trace(0.9) where ndim > | lion(1e-4)",
    "trace(0.9) else zero_nans | lion(1e-4)",
    "lion(0 -> linear(1e-4, 100) where bias -> hold)",
    "match { bias => freeze lion => 3 }",
    "match { bias -> freeze, else => lion(1e-4) }",
    "match { }",
    "sgd(piecewise_constant_schedule(1.0, {100 0.1}))",
    "sgd(0.1)\n| trace(0.9,, 3)\n| scale(2]\n| clip(1.0)\n| lion(1e-4 5)",
    "(" * 65 + "x" + ")" * 65,
)


def test_messages(golden: Callable[[Path, str], None]) -> None:
    shown = []
    for text in PROGRAMS:
        program, findings = parse(Source(text))
        assert program is None, text
        shown.append("\n".join([*(f"> {line}" for line in text.split("\n")), "", *map(render, findings)]))
    lines = f"\n{'-' * 72}\n".join(shown).split("\n")
    golden(SNAPSHOT, "\n".join(line.rstrip() for line in lines))  # as editors save it


@pytest.mark.parametrize("text", PROGRAMS)
def test_findings_are_fit_to_be_read(text: str) -> None:
    """The voice of DIAGNOSTICS.md: a place in the text, one action, and no name of a terminal of Lark's."""
    source = Source(text)
    for finding in parse(source)[1]:
        assert finding.code.startswith("E1")
        assert finding.help
        assert 1 <= finding.span.line <= text.count("\n") + 1
        assert 1 <= finding.span.column <= len(source.line(finding.span.line)) + 1
        words = f"{finding.message} {finding.help}"
        assert not any(word in words for word in ("!", "you ", "please", "$END", "VBAR", "LPAR", "__ANON"))
        assert not finding.message.endswith(".")


def test_each_stage_has_its_own_finding() -> None:
    text = "sgd(0.1)\n| trace(0.9,, 3)\n| scale(2..)\n| clip(1.0)\n| lion(1e-4 5)"
    assert [finding.span.line for finding in parse(Source(text))[1]] == [2, 3, 5]


def test_a_mistake_is_not_reported_without_end() -> None:
    assert 1 < len(parse(Source(" | ".join(["f(,)"] * 500)))[1]) <= MOST_ERRORS + 1


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab1.(){}[]|,;:=>-'\"#\n $where*/", max_size=30))
def test_any_text_is_a_program_or_has_findings(text: str) -> None:
    program, findings = parse(Source(text))
    assert (program is None) == bool(findings)
    assert all(render(finding) for finding in findings)


@settings(max_examples=150, deadline=None)
@given(programs(depth=3), st.data())
def test_a_program_with_a_token_lost_or_doubled(tokens: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(tokens) - 1))
    changed = [*tokens[:place], *data.draw(st.sampled_from(([], [tokens[place]] * 2))), *tokens[place + 1 :]]
    program, findings = parse(Source(" ".join(changed)))
    assert (program is None) == bool(findings)
    assert all(render(finding) for finding in findings)
