"""Numbers of Python, also those that vary over steps or leaves -> values of the language, as text.

In: a `Thing`. Out: a `Term`. Schedules of Optax are in `schedules`, what selects leaves in `selectors`.
"""

import ast
import math
import re

from optdsl.python.read import schedules, selectors
from optdsl.python.read.conditions import condition
from optdsl.python.read.constants import constant, is_constant, mentions_step, varies
from optdsl.python.read.follow import apply, called, head
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.terms import ATOM, GUARD, NAMED, OR, POWER, PRODUCT, SIGN, SUM, Term, computed, literal
from optdsl.python.read.things import Address, Choice, Expr, Free, Function, Live, Partial, Role, Thing, Unknown, Unread
from optdsl.semantics.show import show_selector

STEP = Role("step")

_OPERATORS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("-", SUM),
    ast.Mult: ("*", PRODUCT),
    ast.Div: ("/", PRODUCT),
    ast.FloorDiv: ("//", PRODUCT),
    ast.Pow: ("**", POWER),
}
_PLAIN = re.compile(r"(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?|\.[0-9]+)(?:e-?[0-9]+)?")
_MATH = ("jax.numpy", "numpy", "math", "builtins", "jax.lax")
_FUNCTIONS = {
    **{name: name for name in ("min", "max", "abs", "sqrt", "exp", "log", "cos", "floor")},
    "minimum": "min",
    "maximum": "max",
    "absolute": "abs",
    "fabs": "abs",
}
_SAME = frozenset({"float", "asarray", "array", "float32", "stop_gradient"})
"""Functions that leave a number what it is."""

_CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}


def number(thing: Thing, reading: Reading) -> Term:
    """Returns a number, also one that varies; a part that has no words becomes a hole if it is a constant."""
    with reading:
        named = _named(thing, reading)
        return named or _number(head(thing, reading), reading)


def _named(thing: Thing, reading: Reading) -> Term | None:
    """Returns the name of a number or schedule that the module itself gives a name, bound in the program too."""
    while isinstance(thing, Expr) and isinstance(thing.node, ast.Name) and not thing.scope.at_module(thing.node.id):
        reading.burn()
        thing = thing.scope.find(thing.node.id) or STEP
    if not (isinstance(thing, Expr) and isinstance(thing.node, ast.Name)):
        return None
    found = thing.scope.find(thing.node.id)
    if not isinstance(found, (Expr, Function, Choice)):
        return None
    term = number(found, reading)
    if reading.is_marked_live(found.node):
        return term if term.varies else Term(reading.live(thing.node.id, term.text, id(found)))
    if term.text.isidentifier() or (term.text[0] == ":" and term.level in (ATOM, NAMED)):
        return term
    return Term(reading.bind(thing.node.id, term.text, id(found)), ATOM, term.value, term.varies)


def _number(thing: Thing, reading: Reading) -> Term:
    match thing:
        case Expr():
            return _expression(thing, reading)
        case Choice():
            return _choice(thing, reading)
        case Role("step"):
            return Term("step", varies=True)
        case Role("hole"):
            return _parameter(thing, reading)
        case Function() | Partial():
            return number(apply(thing, (STEP,), {}, reading), reading)
        case Live(name, inner):
            return _live(thing, name, inner, reading)
        case Address(_, path) if path.rpartition(".")[2] in _CONSTANTS and path.startswith(_MATH):
            return literal(_CONSTANTS[path.rpartition(".")[2]])
        case Free() | Unknown() | Address():
            return Term(reading.hole(reading.slot, thing))
        case _:
            raise Unread


def _parameter(thing: Role, reading: Reading) -> Term:
    hole = reading.hole(thing.name, thing)
    if thing.default is None or is_constant(thing.default, None, reading):
        return Term(hole)
    default = number(thing.default, reading)
    return Term(f"{hole} ?? {default.at(ATOM if default.level != SIGN else SIGN)}", NAMED)


def _live(thing: Live, name: str, inner: Thing, reading: Reading) -> Term:
    term = number(inner, reading)
    return term if term.varies else Term(reading.live(name, term.text, id(thing)))


def _choice(thing: Choice, reading: Reading) -> Term:
    one, other = number(thing.one, reading), number(thing.other, reading)
    in_time = mentions_step(thing.test, reading)
    if in_time or not varies(thing.test, reading):
        test = condition(thing.test, reading).at(OR)
        varying = in_time or one.varies or other.varies
        return Term(f"{one.at(OR)} when {test} else {other.at(GUARD)}", GUARD, varies=varying)
    chosen = show_selector(selectors.selector(thing.test, reading))
    return Term(f"{one.at(OR)} where {chosen} else {other.at(GUARD)}", GUARD, varies=True)


def _expression(thing: Expr, reading: Reading) -> Term:
    scope = thing.scope
    match thing.node:
        case ast.Constant(bool() | str() | bytes() | None):
            raise Unread
        case ast.Constant(int() | float() as value):
            found = literal(value)
            written = reading.segment(thing.node)
            return found._replace(text=written) if _PLAIN.fullmatch(written) and math.isfinite(value) else found
        case ast.UnaryOp(ast.USub(), operand):
            inner = number(Expr(operand, scope), reading)
            return Term(f"-{inner.at(SIGN)}", SIGN, computed("neg", inner), inner.varies)
        case ast.UnaryOp(ast.UAdd(), operand):
            return number(Expr(operand, scope), reading)
        case ast.BinOp(left, operator, right):
            return _binary(Expr(left, scope), operator, Expr(right, scope), reading)
        case ast.Call():
            return _call(thing, called(thing, reading), reading)
        case ast.Attribute() | ast.Subscript() if not varies(thing, reading):
            return Term(reading.hole(reading.slot, thing))
        case _:
            raise Unread


def _binary(left: Thing, operator: ast.operator, right: Thing, reading: Reading) -> Term:
    one, other = number(left, reading), number(right, reading)
    if type(operator) not in _OPERATORS:
        if isinstance(operator, ast.Mod) and one.value is not None and other.value:
            return literal(one.value % other.value)
        raise Unread
    symbol, level = _OPERATORS[type(operator)]
    value = computed(symbol, one, other)
    varying = one.varies or other.varies
    if symbol == "**":
        return Term(f"{one.at(ATOM)} ** {other.at(SIGN)}", POWER, value, varying)
    return Term(f"{one.at(level)} {symbol} {other.at(level + 1)}", level, value, varying)


# ---- calls


def _call(thing: Expr, call: Called, reading: Reading) -> Term:
    made = schedules.schedule(thing, call, reading)
    if made is not None:
        return made
    if isinstance(call.function, Expr) and isinstance(thing.node, ast.Call) and _is_step(call.positional, reading):
        return number(Expr(thing.node.func, thing.scope), reading)  # `schedule(step)`
    if _is_open(call.function) and _is_step(call.positional, reading):
        return Term(reading.hole("schedule", call.function), varies=True)
    captured = _captured(call, reading)
    if captured is not None:
        return Term(captured, varies=True)
    term = _of_math(call, reading)
    if term is not None:
        return term
    if varies(thing, reading) or call.keywords.keys() & {"path", "leaf"}:
        raise Unread
    return Term(reading.hole(reading.slot, thing))


def _is_open(thing: Thing) -> bool:
    return isinstance(thing, (Free, Unknown)) or (isinstance(thing, Role) and thing.kind == "hole")


def _is_step(given: tuple[Thing, ...], reading: Reading) -> bool:
    found = head(given[0], reading) if len(given) == 1 else None
    return isinstance(found, Role) and found.kind == "step"


def _captured(call: Called, reading: Reading) -> str | None:
    """Returns the name of a captured number: of `int(found["i"])`, where `found` is a match."""
    if not (isinstance(call.function, Address) and call.function.path == "builtins.int" and call.positional):
        return None
    match head(call.positional[0], reading):
        case Expr(ast.Subscript(value, key), scope) as found:
            name = constant(Expr(key, scope), reading)
            selectors.selector(Expr(value, found.scope), reading)
            return str(name)
        case _:
            return None


def _of_math(call: Called, reading: Reading) -> Term | None:
    if not isinstance(call.function, Address):
        return None
    module, _, name = call.function.path.rpartition(".")
    given = call.positional
    if module not in _MATH or not given:
        return None
    if name in _SAME and call.keywords.keys() <= {"dtype"}:
        return _spelled(given[0], reading) or number(given[0], reading)
    if call.keywords:
        return None
    if name in _FUNCTIONS:
        return _function(_FUNCTIONS[name], given, reading)
    match name, given:
        case (("pow" | "power"), (base, exponent)):
            return _binary(base, ast.Pow(), exponent, reading)
        case (("where" | "select"), (test, one, other)):
            return _choice(Choice(call.node, test, one, other), reading)
        case "clip", (value, low, high):
            inner = _function("max", (value, low), reading)
            top = number(high, reading)
            return Term(f"min({inner.text}, {top.text})", varies=inner.varies or top.varies)
        case (("int" | "round"), (value,)):
            known = number(value, reading).value
            return (
                None
                if known is None or not math.isfinite(known)
                else literal(int(known) if name == "int" else round(known))
            )
        case _:
            return None


def _spelled(thing: Thing, reading: Reading) -> Term | None:
    """Returns the number of `float("inf")`, None for what is no string."""
    found = head(thing, reading)
    if not (isinstance(found, Expr) and isinstance(found.node, ast.Constant) and isinstance(found.node.value, str)):
        return None
    try:
        return literal(float(found.node.value))
    except ValueError:
        raise Unread from None


def _function(name: str, given: tuple[Thing, ...], reading: Reading) -> Term:
    terms = [number(item, reading) for item in given]
    if (len(terms) > 1) != (name in ("min", "max")):
        raise Unread  # of several, or of an array
    text = ", ".join(term.text for term in terms)
    return Term(f"{name}({text})", ATOM, computed(name, *terms), any(term.varies for term in terms))
