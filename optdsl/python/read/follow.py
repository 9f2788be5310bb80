"""Following names: an expression -> what it comes down to, through assignments, imports, literals and plain functions.

In: a `Thing`. Out: one that says more. Nothing is computed: a call of a function of the source is its body with the
arguments in place of its parameters, and any other call stays a call.
"""

import ast
from collections.abc import Iterator

from optdsl.python.read.known import known
from optdsl.python.read.parameters import Called, scope_of
from optdsl.python.read.reading import Reading
from optdsl.python.read.statements import run
from optdsl.python.read.things import (
    Address,
    Choice,
    Expr,
    Free,
    Function,
    Partial,
    Scope,
    Thing,
    Unread,
)
from optdsl.registry import lookup, refusal

_MODULES = {
    "optax": "optax",
    "jax": "jax",
    "jnp": "jax.numpy",
    "np": "numpy",
    "math": "math",
    "re": "re",
    "functools": "functools",
    "contrib": "optax.contrib",
    "traverse_util": "flax.traverse_util",
}
"""What these names usually stand for, where a source that is an excerpt does not import them."""

_OPTAX = ("optax", "optax.contrib", "optax.schedules", "optax.transforms")

_BUILTINS = frozenset(
    "abs all any bool dict float getattr int len list max min pow range reversed round set str sum tuple".split()
)


def head(thing: Thing, reading: Reading) -> Thing:
    """Returns what `thing` comes down to; an expression that is no name, function or choice stays."""
    while True:
        reading.burn()
        following = _followed(thing, reading) if isinstance(thing, Expr) else None
        if following is None:
            return thing
        thing = following


def seen(thing: Thing, reading: Reading) -> Thing:
    """Returns what `thing` comes down to as far as that can be followed, for a comment about it."""
    try:
        return head(thing, reading)
    except Unread:
        return thing


def _followed(thing: Expr, reading: Reading) -> Thing | None:
    """Returns what an expression stands for by one step, None where it stands for itself."""
    scope = thing.scope
    match thing.node:
        case ast.Name(name):
            return scope.find(name) or _unbound(thing.node, name, scope)
        case ast.Attribute(value, name):
            base = head(Expr(value, scope), reading)
            return Address(thing.node, f"{base.path}.{name}") if isinstance(base, Address) else None
        case ast.Lambda():
            return Function(thing.node, scope)
        case ast.IfExp(test, one, other):
            return Choice(thing.node, Expr(test, scope), Expr(one, scope), Expr(other, scope))
        case ast.NamedExpr(_, value):
            return Expr(value, scope)
        case ast.Subscript():
            return _subscripted(thing.node, scope, reading)
        case ast.Call():
            return _applied(thing, reading)
        case _:
            return None


def _unbound(node: ast.Name, name: str, scope: Scope) -> Thing:
    module = scope.outermost().module
    for star in () if module is None else module.stars:
        if is_word(f"{star}.{name}"):
            return Address(node, f"{star}.{name}")
    if name in _MODULES:
        return Address(node, _MODULES[name])
    if name in _BUILTINS:
        return Address(node, f"builtins.{name}")
    return Free(node, name)


def is_word(path: str) -> bool:
    """Returns whether a full name is a function of Optax that the language has, or has its own way for."""
    module, _, name = path.rpartition(".")
    if module not in _OPTAX and not module.startswith("optax._src."):
        return False
    row = lookup(name)
    return (row is not None and row.target != "") or name == "centralize" or refusal(name) is not None


def _subscripted(node: ast.Subscript, scope: Scope, reading: Reading) -> Thing | None:
    """Returns the entry of a dict, list or tuple that is written out."""
    if not isinstance(node.slice, ast.Constant):
        return None
    base, key = head(Expr(node.value, scope), reading), node.slice.value
    if not isinstance(base, Expr):
        return None
    match base.node:
        case ast.Dict():
            return dict(_entries(base, reading)).get(key)
        case ast.List(items) | ast.Tuple(items) if isinstance(key, int) and -len(items) <= key < len(items):
            plain = not any(isinstance(item, ast.Starred) for item in items)
            return Expr(items[key], base.scope) if plain else None
        case _:
            return None


def _entries(thing: Expr, reading: Reading) -> Iterator[tuple[object, Thing]]:
    """Yields the entries of a dict that is written out with constant keys."""
    match thing.node:
        case ast.Dict(keys, values):
            for key, value in zip(keys, values, strict=True):
                if key is None:
                    yield from entries(Expr(value, thing.scope), reading)
                    continue
                found = head(Expr(key, thing.scope), reading)
                if not (isinstance(found, Expr) and isinstance(found.node, ast.Constant)):
                    raise Unread
                yield found.node.value, Expr(value, thing.scope)
        case ast.Call() if is_call(call := called(thing, reading), "builtins.dict") and not call.positional:
            yield from call.keywords.items()
        case _:
            raise Unread


def entries(thing: Thing, reading: Reading) -> tuple[tuple[object, Thing], ...]:
    """Returns the entries of a dict, the last of each key; raises `Unread` if it is not written out."""
    found = head(thing, reading)
    if not isinstance(found, Expr):
        raise Unread
    return tuple(dict(_entries(found, reading)).items())


def items(thing: Thing, reading: Reading) -> tuple[Thing, ...]:
    """Returns the items of a list or tuple, also of one put together; raises `Unread` if it is not written out."""
    found = head(thing, reading)
    if not isinstance(found, Expr):
        raise Unread
    scope = found.scope
    match found.node:
        case ast.List(parts) | ast.Tuple(parts) | ast.Set(parts):
            return tuple(item for part in parts for item in _item(part, scope, reading))
        case ast.BinOp(left, ast.Add(), right):
            with reading:
                return (*items(Expr(left, scope), reading), *items(Expr(right, scope), reading))
        case ast.Call():
            call = called(found, reading)
            if is_call(call, "builtins.list", "builtins.tuple") and len(call.positional) <= 1:
                return items(call.positional[0], reading) if call.positional else ()
            raise Unread
        case _:
            raise Unread


def _item(part: ast.expr, scope: Scope, reading: Reading) -> tuple[Thing, ...]:
    return items(Expr(part.value, scope), reading) if isinstance(part, ast.Starred) else (Expr(part, scope),)


# ---- calls


def called(thing: Thing, reading: Reading) -> Called:
    """Returns a call with its function followed; raises `Unread` for anything else."""
    if not (isinstance(thing, Expr) and isinstance(thing.node, ast.Call)):
        raise Unread
    node, scope = thing.node, thing.scope
    positional = tuple(item for argument in node.args for item in _item(argument, scope, reading))
    keywords: dict[str, Thing] = {}
    for keyword in node.keywords:
        value = Expr(keyword.value, scope)
        given = {keyword.arg: value} if keyword.arg is not None else dict(entries(value, reading))
        keywords.update({str(name): item for name, item in given.items()})
    return unwrapped(Called(node, head(Expr(node.func, scope), reading), positional, keywords), reading)


def unwrapped(call: Called, reading: Reading) -> Called:
    """Returns the call that a call of a partial function is."""
    while isinstance(call.function, Partial):
        reading.burn()
        part = call.function
        inner = head(part.function, reading)
        call = Called(call.node, inner, (*part.positional, *call.positional), {**part.keywords, **call.keywords})
    return call


def is_call(call: Called, *paths: str) -> bool:
    """Returns whether a call is of a function with one of these full names."""
    return isinstance(call.function, Address) and call.function.path in paths


def _applied(thing: Expr, reading: Reading) -> Thing | None:
    """Returns what a call of a function of the source comes down to, or a partial function."""
    assert isinstance(thing.node, ast.Call)
    try:
        call = called(thing, reading)
    except Unread:
        return None
    if is_call(call, "functools.partial") and call.positional:
        return Partial(thing.node, call.positional[0], call.positional[1:], call.keywords)
    if not isinstance(call.function, Function) or known(call.function, reading):
        return None
    try:
        return apply(call.function, call.positional, call.keywords, reading)
    except Unread:
        return None


def apply(function: Thing, positional: tuple[Thing, ...], keywords: dict[str, Thing], reading: Reading) -> Thing:
    """Returns the body of a function with these arguments; raises `Unread` for what is no plain function."""
    reading.burn()
    call = unwrapped(Called(ast.Pass(), head(function, reading), positional, keywords), reading)
    made = call.function
    if not isinstance(made, Function):
        raise Unread
    scope = scope_of(made, call, reading)
    if isinstance(made.node, ast.Lambda):
        return Expr(made.node.body, scope)
    if made.node.decorator_list and not all(map(_is_harmless, made.node.decorator_list)):
        raise Unread
    result, _ = run(made.node.body, scope, reading)
    if result is None:
        raise Unread
    return result


def _is_harmless(decorator: ast.expr) -> bool:
    """Returns whether a decorator leaves what the function returns alone."""
    return ast.unparse(decorator) in ("jax.jit", "jit", "functools.cache", "cache")
