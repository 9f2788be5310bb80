"""Groups of leaves, each with a transformation of its own -> `match`, `freeze`, and values over leaves.

In: calls of `optax.partition` and its like. Out: links of a chain.
"""

import ast

from optdsl import ir
from optdsl.python.read import arguments, selectors, stages, trees
from optdsl.python.read.constants import constant
from optdsl.python.read.follow import apply, entries, head, items
from optdsl.python.read.joining import EVERYTHING, both, either, negated
from optdsl.python.read.links import Link, are_complements, stage, text_of, traits
from optdsl.python.read.parameters import Called
from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Choice, Expr, Nothing, Thing, Unread
from optdsl.semantics.show import show_selector

Decided = list[tuple[ir.Selector | None, object]]
"""Labels in the order in which they are tried; the last may be that of all other leaves."""


def partition(call: Called, reading: Reading, outermost: bool) -> tuple[Link, ...]:
    """Returns the stages of `partition(transforms, labels)`."""
    names = ("transforms", "param_labels")
    given = dict(zip(names, call.positional, strict=False)) | call.keywords
    if len(call.positional) > len(names) or given.keys() != set(names):
        raise Unread
    transforms = dict(entries(given["transforms"], reading))
    decided = _merged(_decided(given["param_labels"], transforms, reading))
    if not {label for _, label in decided} <= transforms.keys():
        raise Unread
    arms = [(selector, transforms[label]) for selector, label in decided]
    frozen = [outermost and _is_still(thing, reading) for _, thing in arms]
    if len(arms) == 2 and sum(frozen) == 1 and arms[1][0] is None:
        place = frozen.index(True)
        selector = arms[0][0]
        assert selector is not None
        chosen = selector if place == 0 else negated(selector)
        rest = stages.chain(arms[1 - place][1], reading)
        return (stage(f"freeze where {show_selector(chosen)}", "freeze"), *rest)
    chains = [None if still else stages.chain(thing, reading) for still, (_, thing) in zip(frozen, arms, strict=True)]
    return (_match([selector for selector, _ in arms], chains),)


def selective(call: Called, reading: Reading, outermost: bool) -> tuple[Link, ...]:
    """Returns the stages of `selective_transform(optimizer, freeze_mask=mask)`."""
    if not outermost or len(call.positional) != 1 or call.keywords.keys() != {"freeze_mask"}:
        raise Unread
    chosen = arguments.mask(call.keywords["freeze_mask"], reading)
    frozen = stage(f"freeze where {show_selector(chosen)}", "freeze")
    return (frozen, *stages.chain(call.positional[0], reading))


def _is_still(thing: Thing, reading: Reading) -> bool:
    found = head(thing, reading)
    if not (isinstance(found, Expr) and isinstance(found.node, ast.Call)):
        return False
    function = head(Expr(found.node.func, found.scope), reading)
    return getattr(function, "path", "").startswith("optax.") and getattr(function, "path", "").endswith(".set_to_zero")


def _match(chosen: list[ir.Selector | None], chains: list[tuple[Link, ...] | None]) -> Link:
    arms = [
        f"{'else' if selector is None else show_selector(selector)} => {'freeze' if inner is None else text_of(inner)}"
        for selector, inner in zip(chosen, chains, strict=True)
    ]
    inside = [link for inner in chains for link in inner or ()]
    return stage(f"match {{ {', '.join(arms)} }}", "match", *inside)


def _pair(one: Link, other: Link) -> Link:
    """Returns two chains, each for the leaves that the other leaves out, as one `match`."""
    first, second = (
        (other, one) if isinstance(one.selector, ir.Combine) and one.selector.operator == "not" else (one, other)
    )
    return _match([first.selector, None], [first.inner, second.inner])


# ---- labels


def _decided(thing: Thing, transforms: dict[object, Thing], reading: Reading) -> Decided:
    found = head(thing, reading)
    if isinstance(found, Expr) and isinstance(found.node, ast.Dict):
        answers = trees.by_path(found, reading)
        return _by_label([(ir.PathGlob(glob), constant(answer, reading)) for glob, answer in answers])
    answer = trees.of_leaf(thing, reading)
    if transforms.keys() == {True, False}:
        return [(selectors.selector(answer, reading), True), (None, False)]
    return _labels(answer, EVERYTHING, reading)


def _by_label(answers: list[tuple[ir.Selector, object]]) -> Decided:
    """Returns each label once, with all its globs, of which no two share a leaf."""
    labels = dict.fromkeys(label for _, label in answers)
    return [(either(*(one for one, theirs in answers if theirs == label)), label) for label in labels]


def _labels(thing: Thing, reach: ir.Selector, reading: Reading) -> Decided:
    """Returns the labels that a decision gives, `reach` being what leads to it."""
    with reading:
        found = head(thing, reading)
        if isinstance(found, Nothing):
            return []
        if not isinstance(found, Choice):
            return [(None if reach == EVERYTHING else reach, constant(found, reading))]
        test = selectors.selector(found.test, reading)
        one = _labels(found.one, both(reach, test), reading)
        other = _labels(found.other, reach, reading)
        return [*one, *other]


def _merged(decided: Decided) -> Decided:
    """Returns labels each of which stands once: two groups of one label share a transformation."""
    rest = next((label for selector, label in decided if selector is None), None)
    merged: dict[object, ir.Selector] = {}
    before: list[tuple[ir.Selector, object]] = []
    for selector, label in decided:
        if selector is None:
            break
        # Arms of the label of all others leave the order, and a label that comes again joins its first arm.
        others = [one for one, theirs in before if theirs != label and (label in merged or theirs == rest)]
        reach = both(selector, *map(negated, others))
        merged[label] = either(merged[label], reach) if label in merged else reach
        before.append((selector, label))
    arms: Decided = [(selector, label) for label, selector in merged.items() if label != rest]
    if any(selector is None for selector, _ in decided):
        arms.append((None, rest))
    return arms


# ---- a whole chain


def finished(links: tuple[Link, ...], reading: Reading, outermost: bool) -> tuple[Link, ...]:
    """Returns a chain, stages that complement one another as a `match`, leaves without an update frozen."""
    paired: list[Link] = []
    for link in links:
        before = paired[-1] if paired else None
        if before is not None and _is_pair(before, link):
            paired[-1] = _pair(before, link)
        else:
            paired.append(link)
    frozen = _with_frozen(tuple(paired)) if outermost else tuple(paired)
    return tuple(_spoken(link, reading) for link in frozen)


def _is_pair(one: Link, other: Link) -> bool:
    if one.selector is None or other.selector is None or not (one.descends or other.descends):
        return False
    return are_complements(one.selector, other.selector)


def _spoken(link: Link, reading: Reading) -> Link:
    """Returns a link as it may stand: a hole where leaves would keep their raw gradient."""
    if link.selector is None or not link.descends or link.thing is None:
        return link
    return stages.hole(link.thing, reading)


# ---- leaves that stay as they are


def _with_frozen(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """Returns a whole program, `set_to_zero` for some leaves as `freeze` where both do the same.

    They do if it comes last and no other stage lets leaves count for one another.
    """
    if not links or links[-1].selector is None or links[-1].words != frozenset({"set_to_zero"}):
        return links
    others = links[:-1]
    if any(_couples(word) for link in others for word in link.words):
        return links
    return (stage(f"freeze where {show_selector(links[-1].selector)}", "freeze"), *others)


def _couples(word: str) -> bool:
    found = traits(word)
    return found is None or found.couples_leaves


# ---- values that vary over leaves


def of_leaves(functions: tuple[Thing, ...], keywords: dict[str, Thing], reading: Reading) -> tuple[Thing, ...]:
    """Returns what the functions of `per_leaf(make, *functions)` say of a leaf, as `to_python` writes it."""
    masks = items(keywords["masks"], reading) if "masks" in keywords else ()
    given = (trees.PATH, trees.LEAF, *trees.marks(masks, reading))
    return tuple(apply(function, given, {}, reading) for function in functions)
