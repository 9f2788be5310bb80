"""Layer 1: findings as values, their codes, and how they read."""

from optdsl.diagnostics.finding import Diagnostic as Diagnostic
from optdsl.diagnostics.finding import Edit as Edit
from optdsl.diagnostics.finding import Findings as Findings
from optdsl.diagnostics.finding import Label as Label
from optdsl.diagnostics.finding import OptdslError as OptdslError
from optdsl.diagnostics.finding import Severity as Severity
