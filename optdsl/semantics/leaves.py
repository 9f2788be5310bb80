"""Leaves of a parameter tree as selectors see them, and which of them a selector chooses. No arrays, no jax."""

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from optdsl import ir
from optdsl.globs import compile_glob
from optdsl.regex import compile_regex
from optdsl.semantics.classes import matches


class Leaf(NamedTuple):
    """One leaf: its path, its shape without stacked axes, its size with them, its dtype by name."""

    path: str
    shape: tuple[int, ...]
    size: int
    dtype: str

    def __str__(self) -> str:
        return f"{self.path} {self.shape}"


Captures = dict[str, int]
Masks = Callable[[ir.Host], Sequence[bool]]
"""The mask that a host object means, one boolean a leaf."""

_COMPARE: dict[str, Callable[..., bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def choose(selector: ir.Selector, leaves: Sequence[Leaf], masks: Masks) -> tuple[Captures | None, ...]:
    """Returns for each leaf what the selector captured from its path, None where the leaf is not selected."""
    match selector:
        case ir.PathGlob(pattern):
            glob = compile_glob(pattern)
            return tuple(glob.match(leaf.path) for leaf in leaves)
        case ir.PathRegex(pattern):
            regex = compile_regex(pattern)
            return _plain(regex.search(leaf.path) for leaf in leaves)
        case ir.LeafClass(name):
            return _plain(matches(name, leaf.path, len(leaf.shape)) for leaf in leaves)
        case ir.LeafTest():
            return _plain(_test(selector, leaf) for leaf in leaves)
        case ir.Combine("not", (inner,)):
            return _plain(found is None for found in choose(inner, leaves, masks))
        case ir.Combine(word, (left, right)):
            both = zip(choose(left, leaves, masks), choose(right, leaves, masks), strict=True)
            return tuple(_join(word, one, other) for one, other in both)
        case ir.Host():
            return _plain(masks(selector))
        case ir.Decided(mask):
            return _plain(mask)
        case _:
            raise AssertionError(selector)


def _plain(chosen: Sequence[bool] | Iterator[bool]) -> tuple[Captures | None, ...]:
    return tuple({} if selected else None for selected in chosen)


def _join(word: str, one: Captures | None, other: Captures | None) -> Captures | None:
    if word == "or":
        return one if one is not None else other
    return None if one is None or other is None else {**one, **other}


def _test(test: ir.LeafTest, leaf: Leaf) -> bool:
    compared = test.value.name if isinstance(test.value, ir.Dtype) else test.value
    match test.subject:
        case "ndim":
            found: object = len(leaf.shape)
        case "size":
            found = leaf.size
        case "dtype":
            found = leaf.dtype
        case _:
            index = test.index or 0
            if not -len(leaf.shape) <= index < len(leaf.shape):
                return False
            found = leaf.shape[index]
    return _COMPARE[test.operator](found, compared)
