"""What each code means: data for `optdsl codes` and for the pages in docs/codes; a test runs every program here."""

from optdsl.diagnostics.codes_advice import ADVICE
from optdsl.diagnostics.codes_meaning import MEANING
from optdsl.diagnostics.codes_names import NAMES
from optdsl.diagnostics.codes_syntax import SYNTAX
from optdsl.diagnostics.page import Page

CODES: dict[str, Page] = {**SYNTAX, **NAMES, **MEANING, **ADVICE}
"""Pages by code, in order: errors, warnings, notes."""
