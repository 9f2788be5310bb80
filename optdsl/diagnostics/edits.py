"""Edits of findings: which of them can be made together, and a text with them made.

In: a text and its findings. Out: text. It does not know whether an edit is wise.
"""

from collections.abc import Iterable

from optdsl.diagnostics.finding import Diagnostic, Edit


def apply_edits(text: str, findings: Iterable[Diagnostic]) -> str:
    """Returns `text` with the edits of its findings made, of those that overlap the first; the rest is left alone.

    >>> from optdsl.diagnostics import Findings
    >>> from optdsl.source import Range, Source
    >>> found = Findings(Source("adm(1e-3)  # Adam"))
    >>> found.add("E201", "there is no stage `adm`", Range(0, 3), edit="adam")
    >>> apply_edits("adm(1e-3)  # Adam", found.sorted())
    'adam(1e-3)  # Adam'
    """
    return spliced(text, [edit for finding in compatible(text, findings) if (edit := finding.edit)])


def compatible(text: str, findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Returns the findings of `text`, by place, whose edits can be made at once: of those that overlap the first."""
    edits = [(finding.edit, finding) for finding in findings if finding.edit and finding.source.text == text]
    kept: list[tuple[Edit, Diagnostic]] = []
    for edit, finding in sorted(edits, key=lambda pair: pair[0].range):
        if not kept or edit == kept[-1][0] or _follows(edit, kept[-1][0]):
            kept.append((edit, finding))
    return tuple(finding for _, finding in kept)


def _follows(edit: Edit, before: Edit) -> bool:
    return edit.range.start >= before.range.end and edit.range.start > before.range.start


def spliced(text: str, edits: Iterable[Edit]) -> str:
    """Returns `text` with `edits` made, which do not overlap; the same one twice is made once."""
    parts: list[str] = []
    at = 0
    for place, replacement in sorted(set(edits)):
        parts += [text[at : place.start], replacement]
        at = place.end
    return "".join([*parts, text[at:]])
