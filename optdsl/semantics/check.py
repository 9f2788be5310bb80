"""Stage 4, check: what a program's meaning tells without parameters, less what the host or a comment allows.

In: `ir.Chain` and the program it came from. Out: findings by place.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from optdsl import ir
from optdsl.diagnostics import Diagnostic, Findings
from optdsl.semantics.rules import findings as found_by_rules
from optdsl.syntax import ast

OVERRIDABLE = frozenset({"E301", "E302", "E307"})
"""Errors that can be allowed, as every warning can: what is found is sure, but it may be meant."""

_ALLOW = re.compile(r"#\s*allow:\s*([EWN]\d{3}(?:\s*,\s*[EWN]\d{3})*)")


def check(chain: ir.Chain, program: ast.Program, *, fragment: bool = False) -> tuple[Diagnostic, ...]:
    """Returns what the rules find; a fragment may lack the step down."""
    findings = Findings(program.source)
    for found in found_by_rules(chain, program.source.text):
        if not (fragment and found.lacks_descent):
            findings.add(found.code, found.message, found.place, help=found.help, labels=found.labels, edit=found.edit)
    return findings.sorted()


def allowed(findings: Iterable[Diagnostic], program: ast.Program, allow: Collection[str]) -> tuple[Diagnostic, ...]:
    """Returns the findings that neither the host nor an `# allow: W501` at the end of their line silences."""
    lines = _allowed_lines(program)
    return tuple(found for found in findings if not _silenced(found, lines, allow))


def _silenced(found: Diagnostic, lines: Mapping[int, frozenset[str]], allow: Collection[str]) -> bool:
    if found.severity == "error" and found.code not in OVERRIDABLE:
        return False
    if found.code in allow:
        return True
    if not lines or found.source.text == "":
        return False
    return any(found.code in lines.get(line, ()) for line in range(found.span.line, found.span.end_line + 1))


def _allowed_lines(program: ast.Program) -> dict[int, frozenset[str]]:
    """Returns the codes that comments allow, by line."""
    lines: dict[int, frozenset[str]] = {}
    for comment in program.comments:
        named = _ALLOW.match(comment.text)
        if named:
            line = program.source.span(comment.span).line
            lines[line] = frozenset(re.split(r"\s*,\s*", named[1]))
    return lines
