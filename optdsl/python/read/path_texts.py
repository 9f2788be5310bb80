"""What Python makes of a path: text joined by `/`, one segment, some segments.

A path comes as text, as the keys that jax gives, or as a tuple of names as Flax gives. In: a `Thing`. Out: `Text` or
`Segments`, None for what is neither.
"""

import ast
from typing import NamedTuple

from optdsl.python.read.constants import constant
from optdsl.python.read.follow import called, head, items
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Expr, Role, Scope, Thing, Unread


class Text(NamedTuple):
    """A text made of a path: the whole of it, or one of its segments."""

    segment: int | None = None
    any_segment: bool = False
    before: str = ""
    after: str = ""
    folded: bool = False
    brackets: bool = False
    """Whether keys stand in it as jax prints them, in brackets."""


class Segments(NamedTuple):
    """The segments of a path, or some of them."""

    start: int | None = None
    stop: int | None = None
    keys: bool = False
    """Whether they are the keys of jax, which equal no text."""


def whole_of(thing: Thing, reading: Reading) -> Segments | None:
    """Returns all segments of a path; None for anything else."""
    found = segments_of(thing, reading)
    return found if found is not None and (found.start, found.stop) == (None, None) else None


def text_of(thing: Thing, reading: Reading) -> Text | None:
    """Returns the text of a path, or of a part of one, that an expression stands for."""
    with reading:
        found = head(thing, reading)
        if isinstance(found, Role):
            return _of_role(found)
        if not isinstance(found, Expr):
            return None
        scope = found.scope
        match found.node:
            case ast.Attribute(value, "key" | "name" | "idx"):
                text = text_of(Expr(value, scope), reading)
                return text._replace(brackets=False) if text is not None and text.brackets else None
            case ast.BinOp(left, ast.Add(), right):
                return _added(Expr(left, scope), Expr(right, scope), reading)
            case ast.Subscript(value, place) if not isinstance(place, ast.Slice):
                number, whole = place_of(Expr(place, scope), reading), whole_of(Expr(value, scope), reading)
                return None if whole is None or number is None else Text(segment=number, brackets=whole.keys)
            case ast.Call():
                return _called_text(called(found, reading), reading)
            case _:
                return None


def _of_role(role: Role) -> Text | None:
    if role.kind == "element":
        return Text(any_segment=True, brackets=role.name == "keys")
    return Text() if role.kind == "path" else None


def element(whole: Segments) -> Role:
    """Returns what stands for each segment of a path in turn."""
    return Role("element", "keys" if whole.keys else "")


def _added(left: Thing, right: Thing, reading: Reading) -> Text | None:
    text = text_of(left, reading)
    if text is not None:
        return text._replace(after=text.after + string(right, reading))
    text = text_of(right, reading)
    return None if text is None else text._replace(before=string(left, reading) + text.before)


def _called_text(call: Called, reading: Reading) -> Text | None:
    """Returns the text that a call makes of a path."""
    name = getattr(call.function, "path", "")
    if name == "builtins.str" and len(call.positional) == 1:
        return text_of(call.positional[0], reading)
    if name == "jax.tree_util.keystr" and call.positional and _is_jax(call.positional[0], reading):
        if not call.keywords:
            return Text(brackets=True)
        plain = {key: constant(value, reading) for key, value in call.keywords.items()}
        return Text() if plain == {"simple": True, "separator": "/"} else None
    match call.function:
        case Expr(ast.Attribute(value, "lower"), scope) if not call.positional:
            text = text_of(Expr(value, scope), reading)
            return text and text._replace(folded=True)
        case Expr(ast.Attribute(value, "join"), scope) if len(call.positional) == 1:
            parts = call.positional[0]
            joins = string(Expr(value, scope), reading) == "/"
            return Text() if joins and (_is_named(parts, reading) or _each_key(parts, reading)) else None
        case _:
            return None


def _is_jax(thing: Thing, reading: Reading) -> bool:
    whole = whole_of(thing, reading)
    return whole is not None and whole.keys


def _is_named(thing: Thing, reading: Reading) -> bool:
    whole = whole_of(thing, reading)
    return whole is not None and not whole.keys


def _each_key(thing: Thing, reading: Reading) -> bool:
    """Returns whether this is `k.key for k in path`, or `str(k)` of each."""
    match head(thing, reading):
        case Expr(ast.GeneratorExp(body, [generator]) | ast.ListComp(body, [generator]), scope):
            target = generator.target
            whole = whole_of(Expr(generator.iter, scope), reading)
            if generator.ifs or not isinstance(target, ast.Name) or whole is None:
                return False
            inner = Scope(scope, {target.id: element(whole)})
            return text_of(Expr(body, inner), reading) == Text(any_segment=True)
        case _:
            return False


def segments_of(thing: Thing, reading: Reading) -> Segments | None:
    """Returns segments of a path; None for anything else."""
    found = head(thing, reading)
    if isinstance(found, Role):
        return Segments(keys=found.kind == "keys") if found.kind in ("keys", "segments") else None
    if not isinstance(found, Expr):
        return None
    match found.node:
        case ast.Subscript(value, ast.Slice(start, stop, None)):
            whole = whole_of(Expr(value, found.scope), reading)
            first = None if start is None else place_of(Expr(start, found.scope), reading)
            last = None if stop is None else place_of(Expr(stop, found.scope), reading)
            unsaid = (start is not None and first is None) or (stop is not None and last is None)
            return None if whole is None or unsaid else Segments(first, last, whole.keys)
        case ast.Call(ast.Attribute(value, "split"), [separator]):
            whole = text_of(Expr(value, found.scope), reading) == Text()
            return Segments() if whole and string(Expr(separator, found.scope), reading) == "/" else None
        case ast.Call():
            made = called(found, reading)
            listed = getattr(made.function, "path", "") in ("builtins.tuple", "builtins.list")
            if listed and len(made.positional) == 1 and (_each_key(made.positional[0], reading)):
                return Segments()
            return None
        case ast.ListComp():
            return Segments() if _each_key(found, reading) else None
        case _:
            return None


def place_of(thing: Thing, reading: Reading) -> int | None:
    """Returns a place among segments that is written out."""
    found = head(thing, reading)
    try:
        value = ast.literal_eval(found.node) if isinstance(found, Expr) else None
    except ValueError:
        return None
    return value if type(value) is int and abs(value) < 10 else None


def string(thing: Thing, reading: Reading) -> str:
    """Returns a text that is written out; raises `Unread` for anything else."""
    value = constant(thing, reading)
    if not isinstance(value, str):
        raise Unread
    return value


def strings(thing: Thing, reading: Reading) -> list[str]:
    """Returns one text or several that are written out; raises `Unread` for anything else."""
    try:
        return [string(thing, reading)]
    except Unread:
        return [string(item, reading) for item in items(thing, reading)]
