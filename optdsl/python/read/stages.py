"""Calls that make transformations -> stages.

In: a `Thing` that is a GradientTransformation. Out: links of a chain. Groups of leaves are in `groups`.
"""

import ast
import re

from optdsl import ir
from optdsl.python.read import arguments, groups, numbers
from optdsl.python.read.constants import constant, is_constant
from optdsl.python.read.follow import apply, called, head, is_call, is_word, items, seen
from optdsl.python.read.injection import injected
from optdsl.python.read.known import known
from optdsl.python.read.links import Link, bundled, confined, stage, text_of, words_of
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.terms import NOT, OR
from optdsl.python.read.things import Address, Choice, Expr, Function, Role, Scope, Thing, Unread
from optdsl.registry import Kind, Row, Sort, lookup
from optdsl.semantics.show import show
from optdsl.syntax.mistakes import RESERVED

_OWN = {
    "scale_by_learning_rate": "lr",
    "clip_by_global_norm": "clip_norm",
    "apply_if_finite": "skip_nonfinite",
}
"""Functions for which the language has a word of its own that does exactly the same."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def chain(thing: Thing, reading: Reading, outermost: bool = False) -> tuple[Link, ...]:
    """Returns the stages of a transformation; a hole for one that has no words.

    `outermost` says that nothing is around it, so that leaves without an update may leave the program.
    """
    return groups.finished(_links(thing, reading, outermost), reading, outermost)


def _links(thing: Thing, reading: Reading, outermost: bool = False) -> tuple[Link, ...]:
    """Returns the stages of a transformation as they are, what stands around them not yet looked at."""
    kept = reading.keep()
    try:
        with reading:
            return _chain(head(thing, reading), reading, outermost)
    except Unread:
        reading.restore(kept)
        return (hole(thing, reading),)


def hole(thing: Thing, reading: Reading) -> Link:
    """Returns a hole for a transformation that has no words, called as its function is."""
    wish = "stage"
    found = seen(thing, reading)
    if isinstance(found, Expr) and isinstance(found.node, ast.Call):
        wish = ast.unparse(found.node.func).rpartition(".")[2]
        wish = wish if _NAME.fullmatch(wish) else "stage"
    return stage(reading.hole(wish, found), "")


def _chain(thing: Thing, reading: Reading, outermost: bool) -> tuple[Link, ...]:
    if isinstance(thing, Role) and thing.kind == "hole":
        return (hole(thing, reading),)
    if isinstance(thing, Choice):
        return _configured(thing, reading)
    call = called(thing, reading)
    if isinstance(call.function, Function):
        return _of_snippet(thing, call, reading)
    if isinstance(call.function, Expr):
        return _of_expression(call, call.function, reading, outermost)
    if not (isinstance(call.function, Address) and is_word(call.function.path)):
        raise Unread
    return _of_optax(thing, call, call.function.path.rpartition(".")[2], reading, outermost)


def _of_optax(thing: Thing, call: Called, word: str, reading: Reading, outermost: bool) -> tuple[Link, ...]:
    match word:
        case "chain":
            if call.keywords:
                raise Unread
            return tuple(link for part in call.positional for link in _links(part, reading))
        case "named_chain":
            pairs = [items(part, reading) for part in call.positional]
            return tuple(link for pair in pairs for link in _called_by_name(pair, reading))
        case "masked":
            return (_masked(thing, call, reading),)
        case "partition" | "multi_transform":
            return groups.partition(call, reading, outermost)
        case "selective_transform":
            return groups.selective(call, reading, outermost)
        case "MultiSteps":
            return (_accumulated(call, reading),)
        case "conditionally_transform" if len(call.positional) == 2 and not call.keywords:
            inner = chain(call.positional[0], reading)
            test = numbers.condition(call.positional[1], reading)
            return (Link(f"{bundled(inner)} when {test.at(OR)}", words_of(inner)),)
        case "with_extra_args_support" if len(call.positional) == 1:
            return _links(call.positional[0], reading, outermost)
        case _:
            row = lookup(word)
            if row is None or row.sort is not Sort.TRANSFORM:
                raise Unread
            return (_row(row, call, reading),)


def _row(row: Row, call: Called, reading: Reading) -> Link:
    given = arguments.bound(row, call)
    if row.name == "scale_by_learning_rate" and is_constant(given.get("flip_sign", _NONE), True, reading):
        del given["flip_sign"]
    if row.name == "centralize" and given:
        raise Unread  # that of Optax takes nothing
    own = row.name in _OWN and given.keys() == {p.name for p in row.parameters if not p.keyword_only}
    if own and not any(is_constant(thing, None, reading) for thing in given.values()):
        mine = lookup(_OWN[row.name])
        assert mine is not None
        row = mine
    return written(row, call, given, reading)


_NONE = Expr(ast.Constant(None), Scope())


def written(row: Row, call: Called, given: dict[str, Thing], reading: Reading) -> Link:
    """Returns the stage of a row with these arguments, its first transformation as a block."""
    block = next((p.name for p in row.parameters if p.kind is Kind.TRANSFORM and p.name in given), None)
    if block is not None and is_constant(given[block], None, reading):
        block = None
    texts = arguments.written(row, call, given, reading, block)
    inner = () if block is None else chain(given[block], reading)
    text = row.name + (f"({', '.join(texts)})" if texts else "")
    text += "" if block is None else f" {{ {text_of(inner)} }}"
    return stage(text, row.name, *inner)


def _configured(thing: Choice, reading: Reading) -> tuple[Link, ...]:
    """Returns the stages of `one if test else other`: each side is kept when the condition says so."""
    test = numbers.condition(thing.test, reading)
    sides = ((thing.one, test.at(OR)), (thing.other, f"not {test.at(NOT)}"))
    links: list[Link] = []
    for side, when in sides:
        inner = chain(side, reading)
        if inner and text_of(inner) != "identity":
            links.append(Link(f"{bundled(inner)} when {when}", frozenset({""})))
    return tuple(links)


# ---- around other transformations


def _called_by_name(pair: tuple[Thing, ...], reading: Reading) -> tuple[Link, ...]:
    """Returns the stages of one item of `named_chain`, named where the language can name them."""
    if len(pair) != 2:
        raise Unread
    name, links = constant(pair[0], reading), _links(pair[1], reading)
    single = len(links) == 1 and links[0].named and isinstance(name, str)
    if not single or name in links[0].words:
        return links
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED:
        return links
    return (links[0]._replace(text=f"{links[0].text} as {name}"),)


def _masked(thing: Thing, call: Called, reading: Reading) -> Link:
    if len(call.positional) + len(call.keywords) != 2 or not call.keywords.keys() <= {"inner", "mask"}:
        raise Unread
    given = dict(zip(("inner", "mask"), call.positional, strict=False)) | call.keywords
    inner = chain(given["inner"], reading)
    if is_constant(given["mask"], True, reading):
        return Link(bundled(inner), words_of(inner), named=len(inner) == 1)
    try:
        selector = arguments.mask(given["mask"], reading)
    except Unread:
        hole = reading.hole("mask", seen(given["mask"], reading))
        selector = ir.Host(hole.removeprefix(":"), None)
    return confined(selector, inner, thing)


def _accumulated(call: Called, reading: Reading) -> Link:
    names = ("opt", "every_k_schedule", "use_grad_mean")
    given = dict(zip(names, call.positional, strict=False)) | call.keywords
    if len(call.positional) > len(names) or not set(names[:2]) <= given.keys() <= set(names):
        raise Unread
    if "use_grad_mean" in given and not is_constant(given["use_grad_mean"], True, reading):
        raise Unread
    return _accumulate(given["opt"], given["every_k_schedule"], reading)


def _accumulate(inner: Thing, k: Thing, reading: Reading) -> Link:
    links = chain(inner, reading)
    count = numbers.number(k, reading)
    if count.varies:
        raise Unread
    return stage(f"accumulate({count.text}) {{ {text_of(links)} }}", "accumulate", *links)


def _of_expression(call: Called, function: Expr, reading: Reading, outermost: bool) -> tuple[Link, ...]:
    """Returns the stages of `MultiSteps(...).gradient_transformation()` and of `inject_hyperparams(f)(...)`."""
    match function.node:
        case ast.Attribute(value, "gradient_transformation") if not call.positional and not call.keywords:
            inner = called(head(Expr(value, function.scope), reading), reading)
            if not (isinstance(inner.function, Address) and inner.function.path.endswith(".MultiSteps")):
                raise Unread
            return (_accumulated(inner, reading),)
        case ast.Call():
            made = called(function, reading)
            names = ("optax.inject_hyperparams", "optax.schedules.inject_hyperparams")
            if not is_call(made, *names, "optax.inject_stateful_hyperparams") or not made.positional:
                raise Unread
            return _injected(injected(call, made, reading), reading, outermost)
        case _:
            raise Unread


def _injected(made: Thing | Called, reading: Reading, outermost: bool) -> tuple[Link, ...]:
    if not isinstance(made, Called):
        return _chain(head(made, reading), reading, outermost)
    row = lookup(made.function.path.rpartition(".")[2]) if isinstance(made.function, Address) else None
    if row is None or row.sort is not Sort.TRANSFORM:
        raise Unread
    return (written(row, made, arguments.bound(row, made), reading),)


# ---- what `to_python` writes


def _of_snippet(thing: Thing, call: Called, reading: Reading) -> tuple[Link, ...]:
    assert isinstance(call.function, Function)
    found = known(call.function, reading)
    if isinstance(found, ir.Centralize):
        return (stage(_centralize(found), "centralize"),)
    match found, call.positional:
        case "average", (decay,):
            return (stage(f"average({numbers.number(decay, reading).text})", "average"),)
        case "accumulate", (inner, k):
            return (_accumulate(inner, k, reading),)
        case "scheduled", (make, *schedules):
            return remade(make, tuple(schedules), call, reading)
        case (("per_leaf" | "per_leaf_masked"), (make, *functions)):
            return remade(make, groups.of_leaves(tuple(functions), call.keywords, reading), call, reading)
        case _:
            del thing
            raise Unread


def remade(make: Thing, values: tuple[Thing, ...], call: Called, reading: Reading) -> tuple[Link, ...]:
    """Returns the stages of `make(*values)`, where values may vary over steps or leaves."""
    found = head(make, reading)
    if isinstance(found, Address) and is_word(found.path):
        made = Called(call.node, found, values, {})
        return _of_optax(make, made, found.path.rpartition(".")[2], reading, False)
    return _chain(head(apply(found, values, {}, reading), reading), reading, False)


def _centralize(node: ir.Centralize) -> str:
    given = [f"{argument.name}={show(argument.value)}" for argument in node.arguments if argument.given]
    return f"centralize({', '.join(given)})" if given else "centralize"
