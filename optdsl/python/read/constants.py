"""What an expression surely is, a constant, and what it surely is not: free of the step and of the leaf.

In: a `Thing`. Out: its constant, or yes or no.
"""

import ast

from optdsl.python.read.follow import head
from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Choice, Expr, Role, RoleKind, Thing, Unread

_VARYING: frozenset[RoleKind] = frozenset({"tree", "flat", "leaf", "path", "keys", "segments", "element", "step"})


def constant(thing: Thing, reading: Reading) -> object:
    """Returns the constant that stands here; raises `Unread` for anything else."""
    found = head(thing, reading)
    if isinstance(found, Expr) and isinstance(found.node, ast.Constant):
        return found.node.value
    raise Unread


def is_constant(thing: Thing, value: object, reading: Reading) -> bool:
    """Returns whether the constant `value`, which equals nothing of another type, stands here."""
    found = head(thing, reading)
    if not (isinstance(found, Expr) and isinstance(found.node, ast.Constant)):
        return False
    return type(found.node.value) is type(value) and found.node.value == value


def varies(thing: Thing, reading: Reading) -> bool:
    """Returns whether an expression mentions the step, a leaf or its path, so that no hole can stand for it."""
    return _mentions(thing, _VARYING, reading)


def mentions_step(thing: Thing, reading: Reading) -> bool:
    """Returns whether an expression mentions the step."""
    return _mentions(thing, frozenset({"step"}), reading)


def _mentions(thing: Thing, kinds: frozenset[RoleKind], reading: Reading) -> bool:
    if isinstance(thing, Role):
        return thing.kind in kinds
    if isinstance(thing, Choice):
        return any(_mentions(part, kinds, reading) for part in (thing.test, thing.one, thing.other))
    if not isinstance(thing, Expr):
        return False
    with reading:
        names = sorted({node.id for node in ast.walk(thing.node) if isinstance(node, ast.Name)})
        reading.burn(1 + len(names))
        found = (thing.scope.find(name) for name in names)
        return any(_mentions(part, kinds, reading) for part in found if part is not None)
