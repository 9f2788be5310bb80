"""LSP, findings: a document in, diagnostics, quick fixes and the edits that format it out."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from lsprotocol import types

from optdsl.diagnostics import Diagnostic, Edit, Severity
from optdsl.diagnostics.edits import compatible
from optdsl.lsp.document import Document, is_hole
from optdsl.lsp.programs import Found, changed
from optdsl.source import Range, Span
from optdsl.syntax.format import format_program
from optdsl.syntax.parser import parse

SOURCE = "optdsl"
FIX_ALL = "source.fixAll.optdsl"
_SEVERITIES: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}


def diagnostics(document: Document, docs: str) -> list[types.Diagnostic]:
    """Returns what an editor shows of the findings; `docs` is where pages about codes are, empty for nowhere."""
    return [_diagnostic(document, finding, docs) for _, finding in document.findings]


def _diagnostic(document: Document, finding: Diagnostic, docs: str) -> types.Diagnostic:
    message = finding.message if finding.help is None else f"{finding.message}\nhelp: {finding.help}"
    page = _page(finding.code, docs)
    # What fills a hole is not in the text, so the text may be right.
    severity = types.DiagnosticSeverity.Information if is_hole(finding) else _SEVERITIES[finding.severity]
    return types.Diagnostic(
        _range(document, finding, finding.span),
        message,
        severity,
        finding.code,
        types.CodeDescription(page) if page else None,
        SOURCE,
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(document.uri, _range(document, finding, label.span)), label.text
            )
            for label in finding.labels
        ],
    )


def _range(document: Document, finding: Diagnostic, span: Span) -> types.Range:
    return document.positions.range(_offsets(finding, span))


def _page(code: str, docs: str) -> str | None:
    """Returns the address of the page about a code: where the client says, the project, or the folder it runs from."""
    if docs:
        return f"{docs.rstrip('/')}/{code}"
    folder = _folder()
    return f"{folder}/{code}.md" if folder else None


@cache
def _folder() -> str:
    folder = Path(__file__).parents[2] / "docs" / "codes"
    return folder.as_uri() if folder.is_dir() else ""


# ---- edits


def quick_fixes(document: Document, place: Range, shown: Sequence[types.Diagnostic]) -> Iterator[types.CodeAction]:
    """Yields the edits of the findings at a place, and all edits of the file together."""
    for found, finding in document.findings:
        at = finding.source.place(finding.edit.range) if finding.edit else None
        spot = _offsets(finding, finding.span)
        if finding.edit is None or at is None or not (_touches(spot, place) or _touches(at, place)):
            continue
        edit = changed(found, [finding.edit], document.keys, document.language)
        if edit is not None:
            own = [
                one
                for one in shown
                if one.code == finding.code and one.range == _range(document, finding, finding.span)
            ]
            yield types.CodeAction(
                _title(finding),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=own or None,
                is_preferred=True,
                edit=_workspace_edit(document, [edit]),
            )


def fix_all(document: Document) -> types.CodeAction | None:
    """Returns the action that makes all edits which can be made at once, None where there is none."""
    edits: list[Edit] = []
    for found in document.programs:
        findings = [finding for owner, finding in document.findings if owner is found]
        wanted = [one.edit for one in compatible(found.source.text, findings) if one.edit]
        edit = changed(found, wanted, document.keys, document.language) if wanted else None
        edits += [edit] if edit else []
    if not edits:
        return None
    return types.CodeAction("Fix all programs", kind=FIX_ALL, edit=_workspace_edit(document, edits))


def _title(finding: Diagnostic) -> str:
    title = finding.help or (f"write `{finding.edit.text}`" if finding.edit else finding.message)
    return title[:1].upper() + title[1:]


def _offsets(finding: Diagnostic, span: Span) -> Range:
    """Returns where the file has a span of a finding."""
    origin = finding.source.origin
    starts = (finding.source if origin is None else origin.host).line_starts
    return Range(starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1)


def _touches(one: Range, other: Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _workspace_edit(document: Document, edits: Sequence[Edit]) -> types.WorkspaceEdit:
    return types.WorkspaceEdit(changes={document.uri: text_edits(document, edits)})


def text_edits(document: Document, edits: Sequence[Edit]) -> list[types.TextEdit]:
    """Returns edits as an editor makes them."""
    return [types.TextEdit(document.positions.range(edit.range), edit.text) for edit in edits]


def formatting(document: Document) -> list[types.TextEdit]:
    """Returns the edits that give every program of the file its canonical text; one that does not parse stays."""
    edits = (_formatted(found, document) for found in document.programs)
    return text_edits(
        document, [edit for edit in edits if edit is not None and (edit.text or edit.range.end > edit.range.start)]
    )


def _formatted(found: Found, document: Document) -> Edit | None:
    program, _ = parse(found.source)
    if program is None:
        return None
    text, formatted = found.source.text, format_program(program)
    if found.source.origin is None:
        whole = f"{formatted}\n"
        edit = Edit(Range(0, len(text)), whole.replace("\n", "\r\n") if "\r\n" in text else whole)
    else:  # a value keeps the space around it
        start = len(text) - len(text.lstrip())
        edit = Edit(Range(start, start + len(text.strip())), formatted)
    return changed(found, [edit], document.keys, document.language)
