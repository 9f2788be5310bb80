"""Arguments of Optax's functions -> arguments of stages and schedules, each read for the slot that it fills.

In: a call and the row of what is called. Out: texts, in the order of the row. What has no words becomes a hole.
"""

import ast

from optdsl import ir
from optdsl.python.read import numbers, schedules, selectors, stages, trees
from optdsl.python.read.constants import is_constant, varies
from optdsl.python.read.follow import entries, head, items, seen
from optdsl.python.read.joining import EVERYTHING, either
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.terms import ATOM, OR, Term, is_whole, literal
from optdsl.python.read.things import Expr, Live, Role, Scope, Thing, Unread, node_of
from optdsl.registry import Kind, Parameter, Row
from optdsl.semantics.show import show, show_selector

_OPENINGS = {Kind.NUMBERS: "('", Kind.INTEGERS: "[", Kind.AXES: "("}
"""How a value of these kinds begins."""

_MASKS = ("mask", "weight_decay_mask")


def bound(row: Row, call: Called) -> dict[str, Thing]:
    """Returns the arguments of a call by parameter; raises `Unread` where they do not fit the row."""
    places = [parameter.name for parameter in row.parameters if not parameter.keyword_only]
    if len(call.positional) > len(places):
        raise Unread
    given = dict(zip(places, call.positional, strict=False))
    names = {parameter.name for parameter in row.parameters}
    if given.keys() & call.keywords.keys() or not call.keywords.keys() <= names:
        raise Unread
    given |= call.keywords
    if any(parameter.required and parameter.name not in given for parameter in row.parameters):
        raise Unread
    return given


def written(row: Row, call: Called, given: dict[str, Thing], reading: Reading, block: str | None = None) -> list[str]:
    """Returns the arguments but that of the block as texts, by place as long as they are given by place."""
    found = _masked(row, {name: thing for name, thing in given.items() if name != block}, reading)
    by_place = {parameter.name for parameter in row.parameters if not parameter.keyword_only}
    by_place &= {parameter.name for parameter in row.parameters[: len(call.positional)]}
    texts: list[str] = []
    for parameter in row.parameters:
        if parameter.name in found:
            text = found[parameter.name]
            texts.append(text if parameter.name in by_place else f"{parameter.name}={text}")
        elif parameter.name != block:
            by_place.clear()  # from here on, places would be those of others
    return texts


def _masked(row: Row, given: dict[str, Thing], reading: Reading) -> dict[str, str]:
    """Returns the texts of arguments, a weight decay and its mask as one."""
    mask = next((p for p in row.parameters if p.name in _MASKS and p.name in given), None)
    target = next((p for p in row.parameters if p.neutral == 0 and p.kind is not Kind.MASK), None)
    found: dict[str, str] = {}
    for parameter in row.parameters:
        if parameter is mask or parameter.name not in given:
            continue
        text = argument(parameter, given[parameter.name], reading)
        if text is not None:
            found[parameter.name] = text
    if mask is None:
        return found
    chosen = _mask(given[mask.name], reading)
    decay = None if target is None or chosen is None else _decay(target, given, reading)
    if chosen is None or decay is None or target is None:
        text = mask_argument(mask, given[mask.name], reading)
        return found if text is None else found | {mask.name: text}
    return found | {target.name: f"{decay.at(OR)} where {chosen}"}


def _mask(thing: Thing, reading: Reading) -> str | None:
    """Returns the selector of a mask; None for a mask that is no mask, or a hole."""
    found = head(thing, reading)
    if any(is_constant(found, value, reading) for value in (None, True, False)):
        return None
    try:
        return show_selector(mask(thing, reading))
    except Unread:
        return None


def _decay(target: Parameter, given: dict[str, Thing], reading: Reading) -> Term | None:
    """Returns the weight decay that a mask is for; None if there is none."""
    if target.name not in given:
        return literal(target.default) if target.default else None
    try:
        return numbers.number(given[target.name], reading)
    except Unread:
        return Term(reading.hole(target.name, seen(given[target.name], reading)))


def mask(thing: Thing, reading: Reading) -> ir.Selector:
    """Returns the selector of a mask as Optax takes it; raises `Unread` if it cannot be said."""
    found = head(thing, reading)
    if isinstance(found, Role) and found.kind == "hole":
        return ir.Host(reading.hole("mask", found).removeprefix(":"), None)
    if isinstance(found, Expr) and isinstance(found.node, (ast.Dict, ast.Constant)):
        return _of_dict(found, reading)
    return selectors.selector(trees.of_leaf(thing, reading), reading)


def _of_dict(thing: Expr, reading: Reading) -> ir.Selector:
    if isinstance(thing.node, ast.Constant):
        return selectors.selector(thing, reading)
    chosen = [
        ir.PathGlob(glob)
        for glob, answer in trees.by_path(thing, reading)
        if selectors.selector(answer, reading) == EVERYTHING
    ]
    return either(*chosen)


def mask_argument(parameter: Parameter, thing: Thing, reading: Reading) -> str | None:
    """Returns a mask that stands by itself, None where it says what the default does."""
    for value in (None, True, False):
        if is_constant(thing, value, reading):
            return None if value is parameter.default else show(value)
    try:
        return f"true where {show_selector(mask(thing, reading))}"
    except Unread:
        return reading.hole(parameter.name, seen(thing, reading))


# ---- one argument


def argument(parameter: Parameter, thing: Thing, reading: Reading) -> str | None:
    """Returns an argument as text, a hole where it has no words; None where it need not be written."""
    if isinstance(thing, Live) and parameter.kind not in (Kind.NUMBER, Kind.SCHEDULABLE):
        thing = thing.thing
    bare = thing.thing if isinstance(thing, Live) else thing
    if is_constant(bare, None, reading):
        if parameter.optional or parameter.default is None:
            return None if parameter.default is None else "none"
        return reading.hole(parameter.name, seen(bare, reading))
    if parameter.kind is Kind.MASK:
        return mask_argument(parameter, thing, reading)
    if parameter.kind is Kind.TRANSFORM:
        return stages.text_of(stages.chain(thing, reading))
    kept, slot = reading.keep(), reading.slot
    reading.slot = parameter.name
    try:
        return _argument(parameter, thing, reading)
    except Unread:
        reading.restore(kept)
        if varies(bare, reading) or (parameter.kind is Kind.INTEGER and _is_number(bare, reading)):
            raise  # no value of this slot
        found = seen(bare, reading)
        if isinstance(found, Role) and found.kind == "hole":
            return _open(found, reading)
        return reading.hole(parameter.name, found)
    finally:
        reading.slot = slot


def _open(thing: Role, reading: Reading) -> str:
    """Returns the hole of a parameter, with its default where that is a constant."""
    hole = reading.hole(thing.name, thing)
    value = getattr(getattr(thing.default, "node", None), "value", None)
    return f"{hole} ?? {show(value)}" if isinstance(value, (bool, str)) else hole


def _argument(parameter: Parameter, thing: Thing, reading: Reading) -> str:
    found = head(thing, reading)
    match parameter.kind:
        case Kind.NUMBER | Kind.SCHEDULABLE | Kind.KEY:
            return numbers.number(thing, reading).text
        case Kind.INTEGER:
            return _constant(numbers.number(thing, reading))
        case Kind.BOOL:
            return next(show(value) for value in _constants(found, (True, False), reading))
        case Kind.STRING:
            return _string(found)
        case Kind.DTYPE:
            return selectors.dtype(thing, reading)
        case Kind.NUMBERS | Kind.INTEGERS | Kind.AXES | Kind.OBJECT | Kind.SCHEDULES | Kind.MAP:
            return _several(parameter.kind, found, reading)
        case _:
            raise Unread


def _constant(term: Term) -> str:
    if term.varies or (term.value is not None and not is_whole(term.value)):
        raise Unread
    return term.text


def _is_number(thing: Thing, reading: Reading) -> bool:
    try:
        return numbers.number(thing, reading).value is not None
    except Unread:
        return False


def _several(kind: Kind, thing: Thing, reading: Reading) -> str:
    """Returns a list, tuple or map; one with a hole in it is a hole as a whole, as an item cannot be checked alone."""
    if kind is Kind.SCHEDULES:
        text = f"[{', '.join(schedules.item(item, reading) for item in items(thing, reading))}]"
    else:
        text = _map(thing, reading) if kind is Kind.MAP else _plain(thing, kind, reading)
    plain = text[0] in _OPENINGS.get(kind, text[0]) or (kind is Kind.AXES and text.lstrip("-").isdigit())
    if not plain or reading.has_hole(text):
        raise Unread
    return text


def _constants(thing: Thing, values: tuple[bool, ...], reading: Reading) -> list[bool]:
    found = [value for value in values if is_constant(thing, value, reading)]
    if not found:
        raise Unread
    return found


def _string(thing: Thing) -> str:
    value = thing.node.value if isinstance(thing, Expr) and isinstance(thing.node, ast.Constant) else None
    if not isinstance(value, str) or not value.isprintable() or ("'" in value and '"' in value):
        raise Unread
    return show(value)


def _plain(thing: Thing, kind: Kind, reading: Reading) -> str:
    """Returns a literal: a number, a string, or a tuple of them."""
    if isinstance(thing, Expr) and isinstance(thing.node, (ast.Tuple, ast.List)):
        inside = [_plain(item, kind, reading) for item in items(thing, reading)]
        if kind is Kind.INTEGERS:
            return f"[{', '.join(inside)}]"
        return f"({inside[0]},)" if len(inside) == 1 else f"({', '.join(inside)})"
    whole = kind in (Kind.INTEGERS, Kind.AXES)
    if isinstance(thing, Expr) and isinstance(thing.node, ast.Constant) and isinstance(thing.node.value, str):
        if whole:
            raise Unread
        return _string(thing)
    term = numbers.number(thing, reading)
    if kind is Kind.OBJECT and term.value is None:
        raise Unread
    return _constant(term) if whole else term.text


def _map(thing: Thing, reading: Reading) -> str:
    pairs = [(numbers.number(key, reading), numbers.number(value, reading)) for key, value in _pairs(thing, reading)]
    texts = [f"{k.text if k.text[0].isdigit() and k.level == ATOM else f'({k.text})'}: {v.text}" for k, v in pairs]
    return f"{{{', '.join(texts)}}}"


def _pairs(thing: Thing, reading: Reading) -> list[tuple[Thing, Thing]]:
    if isinstance(thing, Expr) and isinstance(thing.node, ast.Dict) and all(thing.node.keys):
        keys = [Expr(key, thing.scope) for key in thing.node.keys if key is not None]
        return list(zip(keys, [Expr(value, thing.scope) for value in thing.node.values], strict=True))
    place = node_of(thing)
    made: list[tuple[Thing, Thing]] = []
    for key, value in entries(thing, reading):
        if not isinstance(key, (int, float)):
            raise Unread
        literal(key)
        made.append((Expr(ast.copy_location(ast.Constant(key), place), _scope(thing)), value))
    return made


def _scope(thing: Thing) -> Scope:
    return thing.scope if isinstance(thing, Expr) else Scope()
