"""Globs that `to_python` wrote as regular expressions -> the globs. In: a pattern. Out: a glob, None for others."""

import re

from optdsl.python.literals import raw
from optdsl.python.patterns import match_of

_PIECES = (
    (re.compile(r"\(\?:\.\*\?/\)\?\?"), "**/"),
    (re.compile(r"\(\?:/\.\*\)\?$"), "/**"),
    (re.compile(r"\[\^/\]\*\?"), "*"),
    (re.compile(r"\(\?P<(\w+)>\[0-9\]\+\)\(\?!\[0-9\]\)"), r"{\1}"),
    (re.compile(r"\\([^A-Za-z0-9])"), r"\1"),
    (re.compile(r"([A-Za-z0-9_/\-])"), r"\1"),
)


def glob_of(pattern: str) -> str | None:
    """Returns the glob that a regular expression was written for, None if it was not."""
    if pattern == ".*":
        return "**"
    glob, place = "", 0
    while place < len(pattern):
        found = _piece(pattern, place)
        if found is None:
            return None
        glob, place = glob + found[0], found[1]
    return glob if match_of(glob) == f"re.fullmatch({raw(pattern)}, path)" else None


def _piece(pattern: str, place: int) -> tuple[str, int] | None:
    """Returns what the next piece of a pattern is in a glob, and where the piece ends."""
    for piece, text in _PIECES:
        found = piece.match(pattern, place)
        if found is not None:
            return found.expand(text), found.end()
    return None
