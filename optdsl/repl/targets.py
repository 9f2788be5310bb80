"""REPL, which program a command means: words in, programs out. `opt`, a number of `:hist`, a file, or a program."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from optdsl.assist import Token, tokens
from optdsl.cli.programs import Given, is_file_name, parsed, read_path
from optdsl.diagnostics import OptdslError
from optdsl.repl.session import Kept, Refused, Session
from optdsl.source import Range
from optdsl.syntax.ast import Program

_OPTION = re.compile(r"(?:^|(?<=\s))(?:--[a-z]|-[a-z](?=\s|$))")
_OPERANDS = frozenset({"stage", "schedule", "number", "string", "selector", "hole", "binding", "path"})
_BEGINNINGS = frozenset({"match", "def", "live"})


class Words(NamedTuple):
    """What stands behind a command: programs, and options as on the command line."""

    programs: str
    options: str


def words(rest: str) -> Words:
    """Tells programs from the options behind them.

    >>> words("adam(1e-3) --steps 20")
    Words(programs='adam(1e-3)', options='--steps 20')
    """
    found = _OPTION.search(rest)
    at = found.start() if found else len(rest)
    return Words(rest[:at].strip(), rest[at:].strip())


def program(session: Session, text: str) -> Kept:
    """Returns the program that a text names, by default the one that is kept; raises `Refused`, `OptdslError`."""
    text = _unquoted(text)
    if text in ("", "opt"):
        return session.opt
    if text.isdecimal():
        return Kept(numbered(session, int(text)))
    given = read_path(text, "repl") if is_file_name(text) else Given(text, "<program>")
    tree, findings = parsed(given)
    if tree is None:
        raise OptdslError(findings)
    return Kept(tree)


def numbered(session: Session, number: int) -> Program:
    """Returns a program of `:hist`; raises `Refused` if there is none of that number."""
    if not 1 <= number <= len(session.programs):
        count = len(session.programs)
        raise Refused(f"`:hist` has no {number}: it goes from 1 to {count}" if count else "`:hist` is empty")
    return session.programs[number - 1]


def side_by_side(text: str) -> tuple[str, ...]:
    """Returns the programs that stand side by side: one ends where a word follows another without an operator.

    >>> side_by_side("clip(1.0) | adam(1e-3) sgd(0.1) 'lion(1e-4)'")
    ('clip(1.0) | adam(1e-3)', 'sgd(0.1)', "'lion(1e-4)'")
    """
    cuts = [0, *_cuts(text, tokens(text)), len(text)]
    return tuple(piece for start, end in pairwise(cuts) if (piece := text[start:end].strip()))


def _cuts(text: str, found: tuple[Token, ...]) -> Iterator[int]:
    depth = 0
    for before, token in pairwise(found):
        mark = _written(text, before.span)
        depth += (mark in "([{") - (mark in ")]}") if len(mark) == 1 else 0
        ends = before.kind in _OPERANDS or mark in (")", "]", "}", "true", "false", "none", "inf")
        begins = token.kind in _OPERANDS or _written(text, token.span) in _BEGINNINGS or _is_path(text, token)
        if depth == 0 and ends and begins and before.span.end < token.span.start:
            yield token.span.start


def _is_path(text: str, token: Token) -> bool:
    """Returns whether a file's name begins here that is no name of the language: `./a.opt`, `/a.opt`."""
    return re.match(r"[.~]{0,2}/\S+\.(?:opt|ya?ml|toml|json)\b", text[token.span.start :]) is not None


def _written(text: str, span: Range) -> str:
    return text[span.start : span.end]


def _unquoted(text: str) -> str:
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]
    return text[1:-1].strip() if is_quoted else text
