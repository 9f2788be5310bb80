"""REPL, where a program goes on: a text in, whether Enter begins a new line rather than ending the program."""

from optdsl.source import Range, Source
from optdsl.syntax.parser import parse
from optdsl.syntax.scan import open_brackets

_OPEN, _EXPECTED, _EMPTY = "E102", "E101", "E106"


def is_unfinished(text: str) -> bool:
    """Returns whether nothing is wrong with a program but that it ends too early.

    >>> [is_unfinished(text) for text in ("adam(1e-3", "clip(1.0) |", "rate = 1e-3;", "adam(1e-3)", "adam(1e-3))")]
    [True, True, True, False, False]
    """
    source = Source(text.rstrip())
    if not source.text or source.text.startswith(":"):
        return False
    program, findings = parse(source)
    if program is not None or len(findings) != 1:
        return False
    finding = findings[0]
    if finding.code == _OPEN:
        return bool(open_brackets(source.text, len(source.text)))
    end = len(source.text)
    if finding.span != source.span(Range(end, end)):
        return False
    # A binding that no `;` ends is a whole line to most people, and is answered at once.
    return finding.code == _EXPECTED or (finding.code == _EMPTY and source.text.endswith(";"))


def is_nothing(text: str) -> bool:
    """Returns whether a text has only space and comments."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def indentation(text: str) -> str:
    """Returns what a new line behind `text` begins with: two spaces for each bracket that is open.

    >>> indentation("match { kernel => adam(")
    '    '
    """
    return "  " * len(open_brackets(text, len(text)))
