"""Which edits are made together, and that nothing else of a text changes."""

from hypothesis import given
from hypothesis import strategies as st

from optdsl.diagnostics import Diagnostic, Edit
from optdsl.diagnostics.edits import apply_edits, compatible, spliced
from optdsl.source import Range, Source

TEXT = "clip(1.0)  # first\n  | adm(1e-3)"


def finding(start: int, end: int, text: str, of: str = TEXT) -> Diagnostic:
    source = Source(of, "a.opt")
    place = Range(start, end)
    return Diagnostic("E201", "it is wrong", source.span(place), edit=Edit(place, text), source=source)


def test_what_is_around_an_edit_stays() -> None:
    assert apply_edits(TEXT, [finding(23, 26, "adam")]) == "clip(1.0)  # first\n  | adam(1e-3)"


def test_edits_are_made_in_any_order() -> None:
    findings = [finding(23, 26, "sgd"), finding(0, 4, "clip_norm"), finding(32, 32, " | lr(1)")]
    assert apply_edits(TEXT, findings) == apply_edits(TEXT, findings[::-1])
    assert apply_edits(TEXT, findings) == "clip_norm(1.0)  # first\n  | sgd(1e-3) | lr(1)"


def test_a_finding_without_an_edit_changes_nothing() -> None:
    bare = Diagnostic("E201", "it is wrong", Source(TEXT).span(Range(0, 4)), source=Source(TEXT))
    assert apply_edits(TEXT, [bare]) == TEXT
    assert compatible(TEXT, [bare]) == ()


def test_of_edits_that_overlap_the_first_is_made() -> None:
    outer, inner, next_to = finding(0, 9, "zero_nans"), finding(0, 4, "clip_norm"), finding(9, 11, " ")
    kept = compatible(TEXT, [outer, inner, next_to])
    assert kept == (inner, next_to)
    assert apply_edits(TEXT, kept) == "clip_norm(1.0) # first\n  | adm(1e-3)"


def test_two_insertions_at_one_place_wait_for_each_other() -> None:
    assert apply_edits("a", [finding(1, 1, "b", "a"), finding(1, 1, "c", "a")]) == "ab"


def test_an_edit_that_two_findings_share_is_made_once() -> None:
    twice = [finding(23, 26, "adam"), finding(23, 26, "adam")]
    assert len(compatible(TEXT, twice)) == 2
    assert apply_edits(TEXT, twice) == "clip(1.0)  # first\n  | adam(1e-3)"


def test_edits_of_another_text_are_not_made() -> None:
    assert apply_edits(TEXT, [finding(0, 1, "x", "another text")]) == TEXT


@given(
    st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.text(max_size=3)), max_size=8)
)
def test_only_what_edits_cover_changes(text: str, triples: list[tuple[int, int, str]]) -> None:
    findings = [finding(min(a, b, len(text)), min(max(a, b), len(text)), new, text) for a, b, new in triples]
    edits = [found.edit for found in compatible(text, findings) if found.edit]
    after = spliced(text, edits)
    at = moved = 0
    for edit in sorted(set(edits)):
        kept = edit.range.start - at
        assert after[moved : moved + kept] == text[at : edit.range.start]
        assert after[moved + kept : moved + kept + len(edit.text)] == edit.text
        at, moved = edit.range.end, moved + kept + len(edit.text)
    assert after[moved:] == text[at:]
    assert bool(edits) == bool(findings)
