"""Stage 2, parse: `Source` -> `Program`, with all syntax errors of the text, one for each top-level stage.

The only module that imports lark. It does not know the registry, so unknown names parse.
"""

from collections.abc import Iterator
from functools import cache
from os.path import dirname, exists, join
from typing import TYPE_CHECKING, Any

from optdsl.diagnostics import Diagnostic, Findings
from optdsl.source import Range, Source
from optdsl.syntax import limits, scan
from optdsl.syntax.ast import Program

if TYPE_CHECKING:
    from lark import Lark
    from lark.exceptions import UnexpectedInput

    from optdsl.syntax.mistakes import Stop

_HERE = dirname(__file__)
TABLES = join(_HERE, "tables.bin")
_GRAMMARS = (join(_HERE, "optdsl.lark"), join(dirname(dirname(_HERE)), "grammar", "optdsl.lark"))
MOST_ERRORS = 20


def parse(source: Source) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Returns the program, or None and why there is none.

    >>> program, findings = parse(Source("clip(1.0) | adam(1e-3)"))
    >>> len(program.body.stages)
    2
    """
    findings = Findings(source)
    if not limits.check_text(source, findings):
        return None, findings.sorted()
    from lark.exceptions import UnexpectedInput

    try:
        statements, body = _parse(source.text)
    except UnexpectedInput as error:
        _report(source, error, findings)
        return None, findings.sorted()
    program = Program(source, statements, body, scan.comments(source.text))
    if not limits.check_tree(program, findings):
        return None, findings.sorted()
    return program, ()


def grammar_text() -> str:
    """Returns the grammar: from the package, or from the repository where it is worked on."""
    with open(next(path for path in _GRAMMARS if exists(path)), encoding="utf-8") as file:
        return file.read()


def _parse(text: str) -> Any:
    return _lark().parse(text)  # pyright: ignore[reportUnknownMemberType]


@cache
def _lark() -> "Lark":
    """Returns the parser, from the prebuilt tables if this Lark made them, else from the grammar."""
    from optdsl.syntax import tables

    return tables.load(TABLES) or tables.build(grammar_text())


def _report(source: Source, error: "UnexpectedInput", findings: Findings) -> None:
    """Reports `error`, and the first error of each top-level stage behind it."""
    from optdsl.syntax.mistakes import explain

    first = _stop(error, len(source.text))
    explain(source, first, findings)
    for number, piece in enumerate(scan.pieces_after(source.text, first.offset)):
        if number == MOST_ERRORS:
            return
        for stop in _errors_in(source.text[piece.start : piece.end]):
            explain(source, stop.moved(piece.start), findings)


def _errors_in(piece: str) -> Iterator["Stop"]:
    """Yields the first error of one stage or statement; an empty one was reported by what stands around it."""
    from lark.exceptions import UnexpectedInput

    from optdsl.syntax.mistakes import Stop

    if not piece.strip() or piece.strip().startswith("#"):
        return
    try:
        _parse(f"{piece}\n; statement" if _is_statement(piece) else piece)
    except UnexpectedInput as error:
        stop = _stop(error, len(piece))
        yield stop if stop.offset < len(piece) else Stop(len(piece), None, stop.previous, stop.accepts)


def _is_statement(piece: str) -> bool:
    from lark.exceptions import UnexpectedInput

    try:
        _parse(piece)
    except UnexpectedInput as error:
        return _stop(error, len(piece)).text is None
    return False


def _stop(error: "UnexpectedInput", end: int) -> "Stop":
    """Returns where and on what the parser stopped, and what could have stood there."""
    from optdsl.syntax.mistakes import Stop

    found: Any = error  # Lark's own errors are not typed
    parser = getattr(found, "interactive_parser", None)
    accepts = frozenset[str](parser.accepts()) if parser else frozenset[str]()
    before = [token for token in (getattr(found, "token_history", None) or ()) if token is not None]
    previous = Range(before[-1].start_pos, before[-1].end_pos) if before else None
    token = getattr(found, "token", None)
    if token is None:
        return Stop(found.pos_in_stream, found.char, previous, accepts)
    if token.type != "$END":
        return Stop(token.start_pos or 0, str(token), previous, accepts)
    # The end borrows its place from the last real token.
    return Stop(end, None, Range(token.start_pos, token.end_pos) if token.end_pos else None, accepts)
