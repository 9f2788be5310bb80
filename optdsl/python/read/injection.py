"""`inject_hyperparams(f)(...)` -> a call of `f` whose arguments are live numbers, but for the static ones.

In: both calls. Out: what the call of `f` comes down to, where `f` is a function of the source, or the call itself.
"""

from optdsl.python.read.constants import constant
from optdsl.python.read.follow import apply, head, is_word, items, unwrapped
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Address, Function, Live, Partial, Thing, Unread
from optdsl.registry import lookup


def injected(call: Called, made: Called, reading: Reading) -> Thing | Called:
    """Returns the call of the function inside, with the arguments that are given to it as live numbers."""
    factory = head(made.positional[0], reading)
    static = _static(made, reading)
    names = _parameters(factory, reading)
    if len(call.positional) > len(names):
        raise Unread
    given = dict(zip(names, call.positional, strict=False)) | call.keywords
    lively = {name: thing if name in static else Live(name, thing) for name, thing in given.items()}
    if isinstance(factory, Function):
        return apply(factory, (), lively, reading)
    return unwrapped(Called(call.node, factory, (), lively), reading)


def _static(made: Called, reading: Reading) -> set[object]:
    """Returns the names of the arguments that are no hyperparameters."""
    thing = made.keywords.get("static_args") or (made.positional[1] if len(made.positional) > 1 else None)
    if thing is None:
        return set()
    try:
        return {constant(thing, reading)}
    except Unread:
        return {constant(item, reading) for item in items(thing, reading)}


def _parameters(factory: Thing, reading: Reading) -> list[str]:
    """Returns the names of the parameters that a function takes by place."""
    match factory:
        case Function(node):
            return [parameter.arg for parameter in (*node.args.posonlyargs, *node.args.args)]
        case Address(_, path) if is_word(path) and (row := lookup(path.rpartition(".")[2])) is not None:
            return [parameter.name for parameter in row.parameters if not parameter.keyword_only]
        case Partial(_, function, positional):
            return _parameters(head(function, reading), reading)[len(positional) :]
        case _:
            raise Unread
