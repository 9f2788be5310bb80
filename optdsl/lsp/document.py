"""LSP, an open file: its text, the programs in it and what is found in them, each worked out once for a version."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from optdsl import api
from optdsl.diagnostics import Diagnostic
from optdsl.lsp.positions import Positions, Units
from optdsl.lsp.programs import Found, Inside, find_programs
from optdsl.semantics.resolve import resolve_value
from optdsl.syntax.parser import parse

_HOLE = "E205"


class At(NamedTuple):
    """A place in a program of a file."""

    found: Found
    inside: Inside


class Document:
    """One version of an open file."""

    def __init__(self, uri: str, text: str, language: str, units: Units, keys: Sequence[str]) -> None:
        self.uri = uri
        self.text = text
        self.language = language
        self.keys = keys
        self.positions = Positions(text, units)

    @cached_property
    def programs(self) -> tuple[Found, ...]:
        """Returns the programs of the file by place."""
        return find_programs(self.text, self.uri, self.language, self.keys)

    @cached_property
    def findings(self) -> tuple[tuple[Found, Diagnostic], ...]:
        """Returns everything that can be said against the programs."""
        return tuple((found, finding) for found in self.programs for finding in _findings(found))

    def at(self, offset: int) -> At | None:
        """Returns which program an offset stands in, and where."""
        for found in self.programs:
            if (inside := found.inside(offset)) is not None:
                return At(found, inside)
        return None


def is_hole(finding: Diagnostic) -> bool:
    """Returns whether a finding says that a hole is not filled, which only the host can do."""
    return finding.code == _HOLE


def _findings(found: Found) -> Iterator[Diagnostic]:
    program, syntax = parse(found.source)
    if program is None:
        yield from syntax
        return
    if found.form == "value":
        findings: Sequence[Diagnostic] = resolve_value(program, {})[1]
    else:
        findings = api.check(program, fragment=found.form == "fragment")
    for finding in findings:
        if not (is_hole(finding) and any(f"`:{name}`" in finding.message for name in found.holes)):
            yield finding
