"""Mistakes that show only when an optimizer runs, as the same findings that programs get."""

from collections.abc import Iterable, Mapping
from typing import Any

from optdsl import ir
from optdsl.backend.extras import EVERYTHING, asked, needed
from optdsl.diagnostics import Findings, OptdslError
from optdsl.diagnostics.suggest import listed, nearest
from optdsl.source import Range, Source


def check_extras(chain: ir.Chain, needs: frozenset[str], accepts: frozenset[str], extra: Mapping[str, Any]) -> None:
    """Raises E405 if an extra argument is missing that a stage needs, or is there and no stage takes it."""
    findings = Findings(Source("", "step"))
    for stage, name in needed(chain):
        if name not in extra:
            message = f"`{getattr(stage, 'word', 'a stage')}` needs the extra argument `{name}`"
            findings.add("E405", message, Range(0, 0), help=f"pass `{name}=...` to `step`")
    if accepts != EVERYTHING:
        for name in extra:
            if name not in asked(accepts, extra):
                findings.add("E405", _surplus(name, needs), Range(0, 0), help=f"leave out `{name}=...`")
    if findings.has_errors:
        raise OptdslError(findings.sorted())


def _surplus(name: str, needs: Iterable[str]) -> str:
    near = nearest(name, needs)
    instead = f"; `{near}` is taken" if near else f"; taken are {listed(sorted(needs))}" if needs else ""
    return f"no stage takes the extra argument `{name}`{instead}"
