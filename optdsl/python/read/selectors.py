"""Conditions of Python on a leaf and its path -> selectors.

In: a `Thing` that is true of some leaves. Out: `ir.Selector`; holes stand in it as `ir.Host` without a value.
"""

import ast
from collections.abc import Callable

from optdsl import ir
from optdsl.python.read import numbers, paths
from optdsl.python.read.conditions import COMPARISONS
from optdsl.python.read.constants import varies
from optdsl.python.read.follow import called, head, items
from optdsl.python.read.joining import EVERYTHING, both, either, negated
from optdsl.python.read.parameters import Called
from optdsl.python.read.path_texts import element, whole_of
from optdsl.python.read.reading import Reading
from optdsl.python.read.terms import is_whole
from optdsl.python.read.things import Choice, Expr, Nothing, Role, Scope, Thing, Unread
from optdsl.semantics.words import DTYPES

_COMPARISONS = {**COMPARISONS, ast.Is: "==", ast.IsNot: "!="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_ARRAYS = ("jax.numpy.", "numpy.")


def selector(thing: Thing, reading: Reading) -> ir.Selector:
    """Returns what a condition selects; raises `Unread` if it cannot be said."""
    with reading:
        found = head(thing, reading)
        match found:
            case Choice(_, test, one, other):
                held = selector(test, reading)
                one_of = both(held, _side(one, reading))
                return either(one_of, both(negated(held), _side(other, reading)))
            case Role("mark", name):
                return ir.Host(name, None)
            case Expr():
                return _expression(found, reading)
            case _:
                raise Unread


def _side(thing: Thing, reading: Reading) -> ir.Selector:
    return negated(EVERYTHING) if isinstance(thing, Nothing) else selector(thing, reading)


def _expression(thing: Expr, reading: Reading) -> ir.Selector:
    scope = thing.scope
    match thing.node:
        case ast.Constant(bool() as value):
            return EVERYTHING if value else negated(EVERYTHING)
        case ast.BoolOp(ast.And(), values):
            return both(*(selector(Expr(value, scope), reading) for value in values))
        case ast.BoolOp(ast.Or(), values):
            return either(*(selector(Expr(value, scope), reading) for value in values))
        case ast.BinOp(left, (ast.BitAnd() | ast.BitOr()) as operator, right):
            join = both if isinstance(operator, ast.BitAnd) else either
            return join(selector(Expr(left, scope), reading), selector(Expr(right, scope), reading))
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            return negated(selector(Expr(operand, scope), reading))
        case ast.Compare(left, operators, rights):
            sides = (left, *rights)
            pairs = zip(sides, operators, rights, strict=False)
            return both(*(_compared(Expr(a, scope), o, Expr(b, scope), reading) for a, o, b in pairs))
        case ast.Call():
            return _call(called(thing, reading), reading)
        case _:
            raise Unread


def _call(call: Called, reading: Reading) -> ir.Selector:
    name = getattr(call.function, "path", "")
    if name == "builtins.bool" and len(call.positional) == 1:
        return selector(call.positional[0], reading)
    if name in ("builtins.any", "builtins.all") and len(call.positional) == 1:
        return _several(call.positional[0], either if name.endswith("any") else both, reading)
    if name.startswith(_ARRAYS) and name.rpartition(".")[2] in ("logical_and", "logical_or"):
        join = both if name.endswith("and") else either
        return join(*(selector(item, reading) for item in call.positional))
    if name.startswith(_ARRAYS) and name.endswith(".logical_not") and len(call.positional) == 1:
        return negated(selector(call.positional[0], reading))
    return paths.call(call, reading)


def _several(thing: Thing, join: Callable[..., ir.Selector], reading: Reading) -> ir.Selector:
    """Returns `any` or `all` of a list, or of conditions on each of some texts or of the keys of a path."""
    found = head(thing, reading)
    match found:
        case Expr(ast.GeneratorExp(body, [generator]) | ast.ListComp(body, [generator]), scope):
            target = generator.target
            if generator.ifs or not isinstance(target, ast.Name):
                raise Unread
            source = Expr(generator.iter, scope)
            whole = whole_of(source, reading)
            each = items(source, reading) if whole is None else (element(whole),)
            if not each:
                raise Unread
            return join(*(selector(Expr(body, Scope(scope, {target.id: item})), reading) for item in each))
        case _:
            return join(*(selector(item, reading) for item in items(thing, reading)))


# ---- comparisons


def _compared(left: Thing, operator: ast.cmpop, right: Thing, reading: Reading) -> ir.Selector:
    match operator:
        case ast.NotIn():
            return negated(_compared(left, ast.In(), right, reading))
        case ast.In():
            return _contained(left, right, reading)
        case _:
            symbol = _COMPARISONS[type(operator)]
    if not varies(left, reading):
        left, right, symbol = right, left, _TURNED[symbol]
    test = _subject(left, reading)
    if test is not None:
        return ir.LeafTest(*test, symbol, _value(test[0], right, reading))
    if symbol not in ("==", "!="):
        raise Unread
    equal = paths.equal(left, right, reading)
    return equal if symbol == "==" else negated(equal)


def _contained(left: Thing, right: Thing, reading: Reading) -> ir.Selector:
    if varies(left, reading):
        return either(*(_compared(left, ast.Eq(), item, reading) for item in items(right, reading)))
    return paths.contained(left, right, reading)


def _subject(thing: Thing, reading: Reading) -> tuple[str, int | None] | None:
    """Returns what is asked of a leaf, and the axis of a shape; None if it is nothing that selectors ask."""
    found = head(thing, reading)
    if not isinstance(found, Expr):
        return None
    scope = found.scope
    match found.node:
        case ast.Attribute(value, ("ndim" | "size" | "dtype") as name) if _is_leaf(Expr(value, scope), reading):
            return name, None
        case ast.Subscript(value, index) if _is_shape(Expr(value, scope), reading):
            axis = numbers.number(Expr(index, scope), reading).value
            return ("shape", axis) if isinstance(axis, int) else None
        case ast.Call():
            call = called(found, reading)
            name = getattr(call.function, "path", "")
            if len(call.positional) != 1:
                return None
            if name == "builtins.len" and _is_shape(call.positional[0], reading):
                return "ndim", None
            if name.startswith(_ARRAYS) and name.endswith((".ndim", ".size")) and _is_leaf(call.positional[0], reading):
                return name.rpartition(".")[2], None
            return None
        case _:
            return None


def _is_leaf(thing: Thing, reading: Reading) -> bool:
    found = head(thing, reading)
    return isinstance(found, Role) and found.kind == "leaf"


def _is_shape(thing: Thing, reading: Reading) -> bool:
    match head(thing, reading):
        case Expr(ast.Attribute(value, "shape"), scope):
            return _is_leaf(Expr(value, scope), reading)
        case Expr(ast.Call()) as found:
            call = called(found, reading)
            shapes = getattr(call.function, "path", "").endswith("numpy.shape")
            return shapes and len(call.positional) == 1 and _is_leaf(call.positional[0], reading)
        case _:
            return False


def _value(subject: str, thing: Thing, reading: Reading) -> ir.Value:
    if subject == "dtype":
        return ir.Dtype(dtype(thing, reading))
    kept = reading.keep()
    value = numbers.number(thing, reading).value
    reading.restore(kept)
    if value is None or not is_whole(value):
        raise Unread
    return int(value)


def dtype(thing: Thing, reading: Reading) -> str:
    """Returns the name of a dtype; raises `Unread` for one that the language has no word for."""
    found = head(thing, reading)
    if isinstance(found, Expr) and isinstance(found.node, ast.Constant):
        name = found.node.value
    else:
        path = getattr(found, "path", "")
        name = path.rpartition(".")[2] if path.startswith((*_ARRAYS, "ml_dtypes.")) else ""
    if name not in DTYPES:
        raise Unread
    return str(name)
