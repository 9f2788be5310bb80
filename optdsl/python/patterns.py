"""Path globs -> Python conditions on a path, by string methods, or else a regular expression."""

import re

from optdsl.globs import Capture, Literal, Piece, Star, compile_glob
from optdsl.python.literals import raw, text


def glob_condition(pattern: str, path: str = "path") -> str:
    """Returns the shortest condition that says what a glob says."""
    plain = not set(pattern) & set("*{}")
    below, last = pattern.removesuffix("/**"), pattern.removeprefix("**/")
    if pattern == "**":
        return "True"
    if plain:
        return f"{path} == {text(pattern)}"
    if below != pattern and not set(below) & set("*{}"):
        return f'({path} + "/").startswith({text(below + "/")})'
    if last != pattern and not set(last) & set("*{}"):
        return f'("/" + {path}).endswith({text("/" + last)})'
    return match_of(pattern, path)


def match_of(pattern: str, path: str = "path") -> str:
    """Returns the call that matches a path with a glob, a group for each capture."""
    return f"re.fullmatch({raw(_regex(pattern))}, {path})"


def _regex(pattern: str) -> str:
    segments = pattern.split("/") if pattern else []
    glob = compile_glob(pattern)
    pieces = iter([piece for block in glob.blocks for piece in block])
    parts: list[str] = []
    for place, segment in enumerate(segments):
        if segment == "**":
            parts.append("**")
        else:
            parts.append("".join(map(_piece, next(pieces))) + ("" if place == len(segments) - 1 else "/"))
    return _with_any_segments(parts)


def _with_any_segments(parts: list[str]) -> str:
    """Joins segments; `**` takes as few as it can, and the slash that parts it from its neighbours."""
    parts = [part for place, part in enumerate(parts) if part != "**" or parts[place - 1 : place] != ["**"]]
    if parts == ["**"]:
        return ".*"
    if parts and parts[-1] == "**":
        return "".join(map(_inner, parts[:-2])) + parts[-2].removesuffix("/") + "(?:/.*)?"
    return "".join(map(_inner, parts))


def _inner(part: str) -> str:
    return "(?:.*?/)??" if part == "**" else part


def _piece(piece: Piece) -> str:
    match piece:
        case Literal(character):
            return re.escape(character)
        case Star():
            return "[^/]*?"
        case Capture(name):
            return f"(?P<{name}>[0-9]+)(?![0-9])"
