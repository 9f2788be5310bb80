"""Parameters of functions of the source, and the arguments that a call gives them. It follows no names."""

import ast
from typing import NamedTuple

from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Expr, Function, Scope, Thing, Unread


class Called(NamedTuple):
    """A call: what is called, and its arguments with lists and dicts of them written out."""

    node: ast.AST
    function: Thing
    positional: tuple[Thing, ...]
    keywords: dict[str, Thing]


def scope_of(function: Function, call: Called, reading: Reading) -> Scope:
    """Returns the scope of a function's body in a call of it; raises `Unread` where the arguments do not fit."""
    arguments = function.node.args
    if arguments.vararg or arguments.kwarg:
        raise Unread
    places = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    names = [*places, *(a.arg for a in arguments.kwonlyargs)]
    if len(call.positional) > len(places) or not call.keywords.keys() <= set(names):
        raise Unread
    given: dict[str, Thing] = dict(zip(places, call.positional, strict=False))
    if given.keys() & call.keywords.keys():
        raise Unread
    given |= call.keywords
    defaults = parameter_defaults(function)
    for name in names:
        reading.burn()
        if name not in given:
            if name not in defaults:
                raise Unread
            given[name] = defaults[name]
    return Scope(function.scope, given)


def parameter_defaults(function: Function) -> dict[str, Thing]:
    """Returns the defaults of a function's parameters by name."""
    arguments, scope = function.node.args, function.scope
    places = [*arguments.posonlyargs, *arguments.args]
    last = zip(reversed(places), reversed(arguments.defaults), strict=False)
    found: dict[str, Thing] = {parameter.arg: Expr(value, scope) for parameter, value in last}
    for parameter, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            found[parameter.arg] = Expr(value, scope)
    return found
