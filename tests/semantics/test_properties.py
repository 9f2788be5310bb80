"""Random programs: checking never raises, findings lie in the text, and formatting keeps the meaning."""

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from programs import joined, programs  # pyright: ignore[reportMissingImports]
from sensible import sensible_programs

import optdsl
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.render import render
from optdsl.semantics.resolve import Resolved, resolve
from optdsl.source import Source
from optdsl.syntax.parser import parse

HOLES: dict[str, Any] = {"total": 1000, "epoch_steps": 10}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
PIECES = ("", "(", ")", "|", "->", "=", "'", "1e999", "{", "}", "é", "adam", " where ", "\n")
REAL_NAMES = {"x": "trace", "matches": "ndim", "rate": "step", "bias": "decay"}


def assert_sound(text: str, findings: list[Diagnostic]) -> None:
    """Holds findings to what everything that prints them relies on."""
    lines = text.split("\n")
    for found in findings:
        for span in (found.span, *(label.span for label in found.labels)):
            start, end = (span.line, span.column), (span.end_line, span.end_column)
            assert (1, 1) <= start <= end, found
            for line, column in (start, end):
                assert line <= len(lines), found
                assert column <= len(lines[line - 1]) + 1, found
        assert found.message
        assert "Unknown" not in found.message
        assert "object at 0x" not in found.message
        assert render(found).startswith(f"{found.severity}[{found.code}]: ")
        if found.edit is not None:
            assert 0 <= found.edit.range.start <= found.edit.range.end <= len(text)


@settings(max_examples=120, suppress_health_check=SLOW)
@given(programs(depth=4), st.booleans())
def test_any_program_of_the_grammar_resolves_or_is_reported(tokens: list[str], real: bool) -> None:
    named = [REAL_NAMES.get(token, token) if real else token for token in tokens]
    text = joined(named, [" "] * (len(named) + 1))
    assert_sound(text, optdsl.check(text, holes={**HOLES, "rate": 0.1, "mask": None}))
    assert_sound(text, optdsl.check(text))


@settings(max_examples=80, suppress_health_check=SLOW)
@given(sensible_programs(), st.data())
def test_a_program_that_was_cut_up_is_reported(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    piece = data.draw(st.sampled_from(PIECES))
    cut = text[:start] + piece + text[end:]
    assert_sound(cut, optdsl.check(cut, **HOLES))


@settings(max_examples=60)
@given(st.text(max_size=60))
def test_any_text_is_reported(text: str) -> None:
    assert_sound(text, optdsl.check(text))


@settings(max_examples=60, suppress_health_check=SLOW)
@given(sensible_programs())
def test_sensible_programs_have_a_meaning(text: str) -> None:
    resolved = _resolved(text)
    codes = {finding.code for finding in resolved.findings}
    # Freezing at some steps only has no meaning, and a name may bring it behind a condition.
    assert resolved.chain is not None or codes == {"E243"}, (text, resolved.findings)


@settings(max_examples=60, suppress_health_check=SLOW)
@given(sensible_programs())
def test_a_formatted_program_means_the_same(text: str) -> None:
    before, after = _resolved(text), _resolved(optdsl.format(text))
    assert before.chain == after.chain
    assert [found.code for found in before.findings] == [found.code for found in after.findings]


@settings(max_examples=60, suppress_health_check=SLOW)
@given(programs(depth=3))
def test_a_formatted_program_has_the_same_findings(tokens: list[str]) -> None:
    text = joined(tokens, [" "] * (len(tokens) + 1))
    program, findings = parse(Source(text))
    assume(program is not None)
    del findings
    before, after = _resolved(text), _resolved(optdsl.format(text))
    said = [sorted((found.code, found.message) for found in part.findings) for part in (before, after)]
    assert said[0] == said[1]


def _resolved(text: str, holes: dict[str, Any] = HOLES) -> Resolved:
    program, findings = parse(Source(text))
    assert program is not None, findings
    return resolve(program, holes)
