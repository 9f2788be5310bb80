"""Stage 1, diagnostics as values: what a finding is, and how the stages collect them.

No stage raises on user input; each hands its findings on, and the API edge turns errors into one `OptdslError`.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, Literal, NamedTuple

from optdsl.node import field, node
from optdsl.source import Range, Source, Span

_HTML = "optdsl.integrations.html"
"""A module of a layer above; it is called by name, as this layer must not know it."""
Severity = Literal["error", "warning", "note"]
_SEVERITIES: dict[str, Severity] = {"E": "error", "W": "warning", "N": "note"}
_NOTES = frozenset({"W508"})
"""Warnings that are worth a note only, because what they find is usually meant."""


class Label(NamedTuple):
    """A second place that belongs to a finding, and what is to be seen there."""

    span: Span
    text: str

    def __str__(self) -> str:
        return f"{self.span}: {self.text}"


class Edit(NamedTuple):
    """A replacement that a machine may apply: characters `range` of the source become `text`."""

    range: Range
    text: str


@node
class Diagnostic:
    """One finding: a code, one sentence, the place, at most one action, and sometimes an edit that takes it."""

    code: str
    message: str
    span: Span
    labels: tuple[Label, ...] = ()
    help: str | None = None
    edit: Edit | None = None
    source: Source = field(default=Source(""), compare=False, repr=False)

    @property
    def severity(self) -> Severity:
        """Returns `error`, `warning` or `note`, as the code's letter says."""
        return "note" if self.code in _NOTES else _SEVERITIES[self.code[0]]

    def __str__(self) -> str:
        """Returns the finding on one line, as editors read it."""
        return f"{self.span}: {self.severity}[{self.code}]: {self.message}"

    def _repr_html_(self) -> str:
        """Returns the finding with its source line, as a notebook shows it."""
        return import_module(_HTML).findings([self])

    def to_dict(self) -> dict[str, Any]:
        """Returns the finding as plain data, in a stable shape."""
        place = self.edit and self.source.place(self.edit.range)
        edit = self.edit and place and {"start": place.start, "end": place.end, "text": self.edit.text}
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "span": self.span._asdict(),
            "labels": [{"span": label.span._asdict(), "text": label.text} for label in self.labels],
            "help": self.help,
            "edit": edit,
        }


class Findings:
    """Collects the findings of one source, whatever stage they come from."""

    __slots__ = ("_found", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: list[Diagnostic] = []

    def add(
        self,
        code: str,
        message: str,
        range: Range,
        *,
        help: str | None = None,
        labels: Iterable[tuple[Range, str]] = (),
        edit: str | tuple[Range, str] | None = None,
    ) -> None:
        """Adds a finding at `range`; `edit` is the text that may replace it, or another range and its text."""
        spans = tuple(Label(self.source.span(place), text) for place, text in labels)
        change = Edit(range, edit) if isinstance(edit, str) else None if edit is None else Edit(*edit)
        self._found.append(Diagnostic(code, message, self.source.span(range), spans, help, change, self.source))

    @property
    def has_errors(self) -> bool:
        """Returns whether any finding is an error."""
        return any(finding.severity == "error" for finding in self._found)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """Returns the findings by place; of two that are alike, the first."""
        ordered = sorted(self._found, key=lambda finding: finding.span[1:3])
        return tuple(dict.fromkeys(ordered))


class OptdslError(Exception):
    """Raised at the edge for a program with errors; carries all findings, and prints them with their source."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        from optdsl.diagnostics.render import render

        return "\n".join(["", *(render(finding) for finding in self.diagnostics)])

    def __repr__(self) -> str:
        return f"OptdslError({'; '.join(map(str, self.diagnostics))})"

    def _repr_html_(self) -> str:
        """Returns the findings with their source lines, as a notebook shows them."""
        return import_module(_HTML).findings(self.diagnostics)
