"""Programs with their findings marked: « » around what a finding is about, ‹ › around its labels."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from optdsl import check
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.edits import apply_edits

CLOSING = {"»": "«", "›": "‹"}


class Case(NamedTuple):
    """A marked program, words of the message or help, and the program that the edit makes of it, if there is one."""

    marked: str
    says: str = ""
    fixed: str | None = None


def read(marked: str) -> tuple[str, dict[str, list[tuple[int, int]]]]:
    """Returns the text without marks, and the ranges that each kind of mark encloses."""
    text, open_at = "", dict[str, list[int]]()
    ranges: dict[str, list[tuple[int, int]]] = {"«": [], "‹": []}
    for character in marked:
        if character in ranges:
            open_at.setdefault(character, []).append(len(text))
        elif character in CLOSING:
            kind = CLOSING[character]
            ranges[kind].append((open_at[kind].pop(), len(text)))
        else:
            text += character
    return text, ranges


def found(code: str, text: str, **options: Any) -> list[Diagnostic]:
    return [finding for finding in check(text, **options) if finding.code == code]


def codes(text: str, **options: Any) -> list[str]:
    return [finding.code for finding in check(text, **options)]


def alarms(text: str, **options: Any) -> list[str]:
    """Returns the findings that are more than notes, on a line each."""
    return [str(finding) for finding in check(text, **options) if finding.severity != "note"]


def assert_fires(code: str, case: Case, **options: Any) -> None:
    text, ranges = read(case.marked)
    findings = found(code, text, **options)
    assert [_range(text, finding.span) for finding in findings] == sorted(ranges["«"])
    labels = {_range(text, label.span) for finding in findings for label in finding.labels}
    assert labels >= set(ranges["‹"])
    assert all(finding.help for finding in findings)
    assert case.says in " ".join(f"{finding.message} {finding.help}" for finding in findings)
    _assert_mended(code, case, text, findings, **options)


def _assert_mended(code: str, case: Case, text: str, findings: Sequence[Diagnostic], **options: Any) -> None:
    edited = apply_edits(text, findings)
    assert edited == (text if case.fixed is None else case.fixed)
    if case.fixed is not None:
        assert found(code, edited, **options) == []
        assert [c for c in codes(edited, **options) if c[:2] in ("E1", "E2")] == []


def _range(text: str, span: Any) -> tuple[int, int]:
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
    return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
