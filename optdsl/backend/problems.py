"""What is wrong with a program once its parameters are known: findings, before anything runs."""

from optdsl import ir
from optdsl.backend.bound import bound_to, depends_on_leaves, selected_tree
from optdsl.backend.machine import Meaning, PyTree
from optdsl.diagnostics import Diagnostic, Findings, OptdslError
from optdsl.source import Source


def problems(meaning: Meaning, params: PyTree, source: Source) -> tuple[Diagnostic, ...]:
    """Returns the findings about `meaning` on parameters, arrays or shapes, with places in `source`."""
    findings = Findings(source)
    bound_to(meaning.chain, meaning.options, selected_tree(params), findings)
    return findings.sorted()


def check_params(meaning: Meaning, params: PyTree, source: Source) -> None:
    """Raises `OptdslError` if the program does not fit the parameters."""
    if not depends_on_leaves(meaning.chain) and not ir.contains(meaning.chain, ir.Centralize):
        return
    found = problems(meaning, params, source)
    if any(finding.severity == "error" for finding in found):
        raise OptdslError(found)
