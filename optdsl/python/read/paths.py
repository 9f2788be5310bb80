"""Conditions of Python on the path of a leaf -> globs, regular expressions and classes.

In: calls and comparisons on what Python makes of a path. Out: `ir.Selector`; `Unread` is raised for what the language
cannot say of a path.
"""

import ast
import re

from optdsl import ir
from optdsl.python.read.follow import called, head, items
from optdsl.python.read.joining import FOLDED, either
from optdsl.python.read.parameters import Called
from optdsl.python.read.path_texts import Segments, Text, segments_of, string, strings, text_of
from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Address, Expr, Thing, Unread
from optdsl.python.read.written_globs import glob_of
from optdsl.regex import RegexError, compile_regex
from optdsl.semantics.classes import PATTERNS

_CLASSES = {FOLDED + "|".join(PATTERNS[name]): name for name in ("bias", "norm", "embedding")}

_SPECIAL = frozenset("*{}")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_\-]+")


# ---- what is asked


def call(call: Called, reading: Reading) -> ir.Selector:
    """Returns what a call says of a path."""
    if isinstance(call.function, Address) and call.function.path.startswith("re."):
        return _regex(call.function.path.removeprefix("re."), call, reading)
    match call.function:
        case Expr(ast.Attribute(value, ("startswith" | "endswith") as name), scope) if len(call.positional) == 1:
            text = text_of(Expr(value, scope), reading)
            if text is None:
                raise Unread
            asked = strings(call.positional[0], reading)
            return either(*[_starts(text, one) if name == "startswith" else _ends(text, one) for one in asked])
        case Expr(ast.Attribute(value, ("search" | "match" | "fullmatch") as name), scope):
            made = called(head(Expr(value, scope), reading), reading)  # `re.compile(...).search(path)`
            if getattr(made.function, "path", "") != "re.compile" or not made.positional:
                raise Unread
            whole = call._replace(positional=(made.positional[0], *call.positional, *made.positional[1:]))
            return _regex(name, whole._replace(keywords={**made.keywords, **call.keywords}), reading)
        case _:
            raise Unread


def contained(left: Thing, right: Thing, reading: Reading) -> ir.Selector:
    """Returns `"bias" in path`, of text or of segments; and `path in (...)`."""
    text = text_of(left, reading)
    if text is not None:
        return either(*[equal(left, item, reading) for item in items(right, reading)])
    needle = string(left, reading)
    within = text_of(right, reading)
    if within is not None:
        return _contains(within, needle)
    if segments_of(right, reading) == Segments():
        return _glob(f"**/{_key(needle)}/**")
    raise Unread


def equal(left: Thing, right: Thing, reading: Reading) -> ir.Selector:
    """Returns `path == "a/b"`, of text, of one segment or of several."""
    text = text_of(left, reading)
    if text is not None:
        return _equals(text, string(right, reading))
    segments = segments_of(left, reading)
    if segments is None or segments.keys:
        raise Unread
    keys = [_key(string(item, reading)) for item in items(right, reading)]
    joined = "/".join(keys)
    match segments:
        case Segments(None | 0, None):
            return _glob(joined)
        case Segments(None | 0, stop) if stop == len(keys):
            return _glob(f"{joined}/**")
        case Segments(start, None) if start == -len(keys):
            return _glob(f"**/{joined}")
        case _:
            raise Unread


def _regex(name: str, call: Called, reading: Reading) -> ir.Selector:
    given = (*call.positional, *call.keywords.values())
    if call.keywords.keys() - {"flags"} or not 2 <= len(given) <= 3 or text_of(given[1], reading) != Text():
        raise Unread
    pattern, _, *flags = given
    text = string(pattern, reading)
    if flags and getattr(head(flags[0], reading), "path", "") not in ("re.IGNORECASE", "re.I"):
        raise Unread
    glob = glob_of(text) if name == "fullmatch" and not flags else None
    if glob is not None:
        return ir.PathGlob(glob)
    framed = {"search": text, "match": f"^(?:{text})", "fullmatch": f"^(?:{text})$"}.get(name)
    if framed is None:
        raise Unread
    return _searched(FOLDED + framed if flags else framed)


def _searched(pattern: str) -> ir.Selector:
    """Returns the selector of a regular expression, or of the class that it stands for."""
    if pattern in _CLASSES:
        return ir.LeafClass(_CLASSES[pattern])
    if "\n" in pattern or ("'" in pattern and '"' in pattern):
        raise Unread  # strings of the language have no escapes
    try:
        compile_regex(pattern)
    except RegexError:
        raise Unread from None
    return ir.PathRegex(pattern)


# ---- from a question to a selector


def _equals(text: Text, wanted: str) -> ir.Selector:
    if text.brackets or text.before or text.after:
        raise Unread
    if text.folded:
        return _searched(f"{FOLDED}{_frame(text)[0]}{_escaped(text, wanted)}{_frame(text)[1]}")
    if text.any_segment:
        return _glob(f"**/{_key(wanted)}/**")
    if text.segment is None:
        return _glob(wanted)
    return _glob(_at(text.segment, _key(wanted)))


def _at(place: int, pattern: str) -> str:
    return f"{'*/' * place}{pattern}/**" if place >= 0 else f"**/{pattern}{'/*' * (-place - 1)}"


def _contains(text: Text, needle: str) -> ir.Selector:
    if text.segment is not None:
        if text.folded:
            raise Unread
        return _glob(_at(text.segment, f"*{_key(needle)}*"))
    if text.any_segment or text.brackets:
        _key(needle)  # what has no slash lies in one segment
    return _searched(_flags(text) + _anchored(text, needle))


def _starts(text: Text, wanted: str) -> ir.Selector:
    if text.any_segment and not text.folded:
        return _glob(f"**/{_key(wanted)}*/**")
    if text.segment is not None and not text.folded:
        return _glob(_at(text.segment, f"{_key(wanted)}*"))
    if text.any_segment or text.segment is not None or text.before or text.brackets:
        raise Unread
    if text.after == "/" and wanted.endswith("/") and not text.folded and not _SPECIAL & set(wanted):
        return _glob(f"{wanted}**")
    return _searched(f"{_flags(text)}^{_anchored(text, wanted)}")


def _ends(text: Text, wanted: str) -> ir.Selector:
    if text.any_segment and not text.folded:
        return _glob(f"**/*{_key(wanted)}/**")
    if text.segment is not None and not text.folded:
        return _glob(_at(text.segment, f"*{_key(wanted)}"))
    if text.any_segment or text.segment is not None or text.after or text.brackets:
        raise Unread
    if text.before == "/" and wanted.startswith("/") and not text.folded and not _SPECIAL & set(wanted):
        return _glob(f"**{wanted}")
    return _searched(f"{_flags(text)}{_anchored(text, wanted)}$")


def _anchored(text: Text, needle: str) -> str:
    """Returns a pattern that finds `needle` in the path, slashes that were added at its ends being the ends."""
    start, end = "", ""
    if text.before == "/" and needle.startswith("/"):
        start, needle = "(?:^|/)", needle[1:]
    if text.after == "/" and needle.endswith("/"):
        end, needle = "(?:$|/)", needle[:-1]
    if text.before not in ("", "/") or text.after not in ("", "/"):
        raise Unread
    return f"{start}{_escaped(text, needle)}{end}"


def _frame(text: Text) -> tuple[str, str]:
    if text.segment == -1:
        return r"(?:^|/)", "$"
    if text.segment is not None or text.any_segment:
        raise Unread
    return "^", "$"


def _flags(text: Text) -> str:
    return FOLDED if text.folded else ""


def _escaped(text: Text, needle: str) -> str:
    if text.folded and needle != needle.lower():
        raise Unread  # never true
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", needle)


def _key(text: str) -> str:
    """Returns a key that may stand in a glob as it is."""
    if not _PLAIN_KEY.fullmatch(text):
        raise Unread
    return text


def _glob(pattern: str) -> ir.Selector:
    plain = set(pattern.replace("*", "")) & _SPECIAL
    if plain or "\n" in pattern or ("'" in pattern and '"' in pattern) or not pattern:
        raise Unread
    return ir.PathGlob(pattern)
