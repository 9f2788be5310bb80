"""Text to canonical text, for programs that are known to parse."""

from optdsl.source import Source
from optdsl.syntax.format import format_program
from optdsl.syntax.parser import parse


def canonical(text: str) -> str:
    """Returns the canonical text of a program that the compiler itself has written.

    >>> canonical("clip( 1.0 )|adam( 1e-3 )")
    'clip(1.0) | adam(1e-3)'
    """
    program, findings = parse(Source(text))
    assert program is not None, findings
    return format_program(program)
