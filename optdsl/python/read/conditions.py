"""Conditions of Python on the step, or on what the source does not say -> conditions of `when`.

In: a `Thing` that is true or false. Out: a `Term`. What selects leaves is in `selectors`.
"""

import ast

from optdsl.python.read import numbers
from optdsl.python.read.constants import varies
from optdsl.python.read.follow import apply, called, head
from optdsl.python.read.reading import Reading
from optdsl.python.read.terms import COMPARE, NOT, SUM, Term, joined
from optdsl.python.read.things import Address, Expr, Free, Function, Partial, Role, Thing, Unknown, Unread

COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def condition(thing: Thing, reading: Reading) -> Term:
    """Returns a condition over the step or on what the source does not say, for `when`."""
    kept = reading.keep()
    try:
        return _decided(thing, reading)
    except Unread:
        reading.restore(kept)
        if isinstance(thing, (Function, Partial)) or varies(thing, reading):
            raise
        return Term(reading.hole("condition", thing))


def _decided(thing: Thing, reading: Reading) -> Term:
    with reading:
        found = head(thing, reading)
        if isinstance(found, Function):
            return _decided(apply(found, (numbers.STEP,), {}, reading), reading)
        if isinstance(found, (Free, Unknown)) or (isinstance(found, Role) and found.kind == "hole"):
            return Term(reading.hole("condition", found))
        if not isinstance(found, Expr):
            raise Unread
        return _condition(found, reading)


def _condition(thing: Expr, reading: Reading) -> Term:
    scope = thing.scope
    match thing.node:
        case ast.Constant(bool() as value):
            return Term(str(value).lower())
        case ast.Compare(left, operators, rights):
            sides = [numbers.number(Expr(side, scope), reading) for side in (left, *rights)]
            return joined("and", [_compared(a, o, b) for a, o, b in zip(sides, operators, sides[1:], strict=False)])
        case ast.BoolOp(operator, values):
            word = "and" if isinstance(operator, ast.And) else "or"
            return joined(word, [condition(Expr(value, scope), reading) for value in values])
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            return Term(f"not {condition(Expr(operand, scope), reading).at(NOT)}", NOT)
        case ast.BinOp(left, (ast.BitAnd() | ast.BitOr()) as operator, right):
            word = "and" if isinstance(operator, ast.BitAnd) else "or"
            return joined(word, [condition(Expr(side, scope), reading) for side in (left, right)])
        case ast.Call():
            call = called(thing, reading)
            name = call.function.path.rpartition(".")[2] if isinstance(call.function, Address) else ""
            if name in ("logical_and", "logical_or"):
                return joined(name.removeprefix("logical_"), [condition(side, reading) for side in call.positional])
            if name == "logical_not" and call.positional:
                return Term(f"not {condition(call.positional[0], reading).at(NOT)}", NOT)
            raise Unread
        case _:
            if varies(thing, reading):
                raise Unread
            return Term(reading.hole("condition", thing))


def _compared(left: Term, operator: ast.cmpop, right: Term) -> Term:
    if type(operator) not in COMPARISONS:
        raise Unread
    return Term(f"{left.at(SUM)} {COMPARISONS[type(operator)]} {right.at(SUM)}", COMPARE)
