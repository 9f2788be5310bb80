"""Functions from a tree of parameters to a tree of answers -> what they answer for one leaf.

In: what Optax takes as a mask or as labels: a function, a tree mapped already, a dict written out. Out: a thing that
reads the leaf and its path, or the answers of a dict by path.
"""

import ast

from optdsl.python.read.constants import constant
from optdsl.python.read.follow import apply, called, entries, head, is_call, seen
from optdsl.python.read.known import known
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Address, Expr, Function, Partial, Role, Scope, Thing, Unread

LEAF, PATH, KEYS, SEGMENTS = Role("leaf"), Role("path"), Role("keys"), Role("segments")

_MAPS = frozenset({"jax.tree.map", "jax.tree_map", "jax.tree_util.tree_map"})
_PATH_MAPS = frozenset(
    {"jax.tree.map_with_path", "jax.tree_util.tree_map_with_path", "optax.tree_utils.tree_map_with_path"}
)
_FLAX = "flax.traverse_util."


def of_leaf(thing: Thing, reading: Reading) -> Thing:
    """Returns what a mask or a label function says of a leaf; raises `Unread` if it is written in another way."""
    with reading:
        found = head(thing, reading)
        if isinstance(found, (Function, Partial)):
            return of_leaf(apply(found, (Role("tree"),), {}, reading), reading)
        if not isinstance(found, Expr):
            raise Unread
        call = called(found, reading)
        if isinstance(call.function, Function):
            return _of_snippet(call, reading)
        if not isinstance(call.function, Address):
            raise Unread
        return _mapped(call, call.function.path, reading)


def _mapped(call: Called, path: str, reading: Reading) -> Thing:
    if path.startswith(_FLAX) and path.endswith(".unflatten_dict") and call.positional:
        return _of_flat(call.positional[0], reading)
    if len(call.positional) != 2 or call.keywords:
        raise Unread
    function = call.positional[0]
    if path in _MAPS:
        return apply(function, (LEAF,), {}, reading)
    if path in _PATH_MAPS:
        return apply(function, (KEYS, LEAF), {}, reading)
    if path.startswith(_FLAX) and path.endswith(".path_aware_map"):
        return apply(function, (SEGMENTS, LEAF), {}, reading)
    raise Unread


def _of_snippet(call: Called, reading: Reading) -> Thing:
    """Returns what the function inside of `leafwise(f)` or `maskwise(f, *masks)` says, as `to_python` writes them."""
    assert isinstance(call.function, Function)
    name = known(call.function, reading)
    if name not in ("leafwise", "maskwise") or call.keywords or not call.positional:
        raise Unread
    function, *masks = call.positional
    return apply(function, (PATH, LEAF, *marks(tuple(masks), reading)), {}, reading)


def marks(masks: tuple[Thing, ...], reading: Reading) -> tuple[Thing, ...]:
    """Returns what stands for the marks of masks: each mask is a hole."""
    return tuple(Role("mark", reading.hole("mask", seen(mask, reading)).removeprefix(":")) for mask in masks)


def _of_flat(thing: Thing, reading: Reading) -> Thing:
    """Returns what `{path: answer for path in flatten_dict(tree)}` answers for one path."""
    match head(thing, reading):
        case Expr(ast.DictComp(key, value, [generator]), scope) if not generator.ifs:
            source, names = generator.iter, generator.target
        case _:
            raise Unread
    match source:
        case ast.Call(ast.Attribute(flat, "items"), []):
            pairs = True
        case _:
            flat, pairs = source, False
    path = _flattened(Expr(flat, scope), reading)
    given: dict[str, Thing] = {}
    match names:
        case ast.Name(name) if not pairs:
            given[name] = path
        case ast.Tuple([ast.Name(name), ast.Name(leaf)]) if pairs:
            given = {name: path, leaf: LEAF}
        case _:
            raise Unread
    if not (isinstance(key, ast.Name) and given.get(key.id) is path):
        raise Unread
    return Expr(value, Scope(scope, given))


def _flattened(thing: Thing, reading: Reading) -> Role:
    call = called(head(thing, reading), reading)
    if not is_call(call, f"{_FLAX}flatten_dict"):
        raise Unread
    separator = call.keywords.get("sep")
    if separator is None:
        return SEGMENTS
    if constant(separator, reading) != "/":
        raise Unread
    return PATH


def by_path(thing: Thing, reading: Reading, prefix: str = "") -> list[tuple[str, Thing]]:
    """Returns the answers of a dict that is written out, each with the glob of the leaves that it is for."""
    found: list[tuple[str, Thing]] = []
    with reading:
        for key, value in entries(thing, reading):
            if not (isinstance(key, str) and key.replace("-", "_").isidentifier()):
                raise Unread
            inner = head(value, reading)
            if isinstance(inner, Expr) and isinstance(inner.node, ast.Dict):
                found += by_path(inner, reading, f"{prefix}{key}/")
            else:
                found.append((f"{prefix}{key}/**", inner))
    return found
