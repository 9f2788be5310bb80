"""Leaves that nothing covers (E401), selections that select nothing (E402), axes that are not there (E403).

Messages name the nearest paths that exist.
"""

import re
from collections.abc import Iterator, Sequence

from optdsl import ir
from optdsl.diagnostics import Findings
from optdsl.diagnostics.suggest import listed
from optdsl.semantics.leaves import Leaf
from optdsl.source import Range

_SHOWN = 4


def report_uncovered(left: Sequence[bool], place: Range, leaves: Sequence[Leaf], findings: Findings) -> None:
    """Reports the leaves that no arm of a match takes."""
    uncovered = [leaf for leaf, open in zip(leaves, left, strict=True) if open]
    if not uncovered:
        return
    more = len(uncovered) - _SHOWN
    paths = ", ".join(str(leaf) for leaf in uncovered[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    number = f"{len(uncovered)} of {len(leaves)} leaves"
    findings.add("E401", f"no arm takes {number}: {paths}", place, help="add `else => freeze`, or an arm for them")


def report_dead(
    what: str,
    selector: ir.Selector | None,
    chosen: Sequence[bool],
    active: Sequence[bool],
    place: Range,
    leaves: Sequence[Leaf],
    findings: Findings,
) -> None:
    """Reports a selection that no leaf is in, with the nearest paths; on a tree without leaves, nothing."""
    if any(chosen) or not leaves:
        return
    near = listed(_nearest(selector, leaves)) if selector is not None else ""
    reached = sum(active)
    message = f"{what} matches 0 of {reached} leaves"
    if near:
        message = f"{message}; nearest: {near}"
    elif selector is None:
        message = f"{message}: the arms before it take them all"
    findings.add("E402", message, place, help="mend the selector, or remove it")


def report_taken(place: Range, findings: Findings) -> None:
    """Reports an arm whose leaves all go to arms before it."""
    message = "no leaf is left for the arm: the arms before it take all that it selects"
    findings.add("E402", message, place, help="put the arm first, or remove it")


def report_axes(stage: ir.Centralize, active: Sequence[bool], leaves: Sequence[Leaf], findings: Findings) -> None:
    """Reports an axis of `centralize` that a leaf which comes by does not have (E403)."""
    axes = stage.axes if isinstance(stage.axes, tuple) else (stage.axes,) if isinstance(stage.axes, int) else ()
    for leaf, there in zip(leaves, active, strict=True):
        ndim = len(leaf.shape)
        wrong = [axis for axis in axes if not -ndim <= axis < ndim]
        if there and wrong and ndim >= stage.min_ndim and not leaf.dtype.startswith(("int", "uint", "bool")):
            message = f"`centralize`: `{leaf.path}` of shape {leaf.shape} has no axis {wrong[0]}"
            help = f"write an axis from {-ndim} to {ndim - 1}, or limit the stage with `where`"
            findings.add("E403", message, stage.axes_span, help=help)
            return


def _nearest(selector: ir.Selector, leaves: Sequence[Leaf]) -> list[str]:
    """Returns up to three paths that are most like the globs of a selector, else the first paths there are."""
    from difflib import get_close_matches

    paths = [leaf.path for leaf in leaves]
    found: list[str] = []
    for pattern in _patterns(selector):
        plain = re.sub(r"\*+|\{\w+\}", "", pattern).strip("/")
        heads = {path[: len(plain) + 2]: path for path in paths}
        close = [heads[head] for head in get_close_matches(plain, heads, n=2, cutoff=0.5)]
        found += close or get_close_matches(pattern, paths, n=2, cutoff=0.3)
    return list(dict.fromkeys(found))[:3] or paths[:2]


def _patterns(selector: ir.Selector) -> Iterator[str]:
    match selector:
        case ir.PathGlob(pattern) | ir.PathRegex(pattern):
            yield pattern
        case ir.LeafClass(name):
            yield name
        case ir.Combine(_, operands):
            for operand in operands:
                yield from _patterns(operand)
        case _:
            return
