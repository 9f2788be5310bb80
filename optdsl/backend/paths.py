"""Paths of leaves: a tree -> texts such as `dense_0/kernel`. What a glob means is not known here.

The keys of dicts, dataclasses, modules, lists and tuples are all written alike: bare, joined by `/`. So
`dense/kernel` is the path in a dict, in an Equinox module and in an NNX state.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from optdsl.globs import Glob, compile_glob

PyTree = Any
Keys = tuple[Any, ...]
Stacked = Mapping[str, int] | tuple[tuple[str, int], ...]
StackedGlobs = tuple[tuple[Glob, int], ...]

_BOXES = ("Variable", "AxisMetadata")


def leaf_path(keys: Keys) -> str:
    """Returns `keys` as a path; that of a tree which is one leaf is empty."""
    return jax.tree_util.keystr(keys, simple=True, separator="/")


def leaf_paths(tree: PyTree) -> tuple[str, ...]:
    """Returns the paths of all leaves in the order of `jax.tree.leaves`.

    >>> leaf_paths({"layers": [{"kernel": 1.0}], "scale": 2.0})
    ('layers/0/kernel', 'scale')
    """
    nodes = jax.tree_util.tree_leaves_with_path(tree, is_leaf=_is_box)
    return tuple(leaf_path((*keys, *inner)) for keys, node in nodes for inner in _keys_within(node))


def map_with_path(function: Callable[..., Any], tree: PyTree, *others: PyTree) -> PyTree:
    """Returns the tree of `function(path, leaf, *leaves of the others)`."""
    leaves, structure = jax.tree.flatten(tree)
    rest = [structure.flatten_up_to(other) for other in others]
    return structure.unflatten(map(function, leaf_paths(tree), leaves, *rest))


def _is_box(node: Any) -> bool:
    """Says whether `node` is one of Flax's boxes, an NNX variable or partitioning metadata.

    Flax gives the content of a box the key `value`, which nobody wrote. The test goes by name, so that Flax
    need not be imported.
    """
    return any(kind.__module__.startswith("flax.") and kind.__name__ in _BOXES for kind in type(node).__mro__)


def _keys_within(node: Any) -> list[Keys]:
    """Returns the keys below `node`, a leaf or a box, to each of its leaves, less the box's own."""
    return [keys[1:] for keys, _ in jax.tree_util.tree_leaves_with_path(node)]


def compile_stacked(stacked: Stacked) -> StackedGlobs:
    """Returns the declarations `glob -> leading axes` compiled; raises `GlobError`, below 0 `ValueError`."""
    pairs = stacked.items() if isinstance(stacked, Mapping) else stacked
    declared = tuple((compile_glob(text), axes) for text, axes in pairs)
    for glob, axes in declared:
        if axes < 0:
            raise ValueError(f"stacked: '{glob}' is given {axes} leading axes; the least is 0")
    return declared


def stacked_axes(path: str, ndim: int, stacked: StackedGlobs) -> int:
    """Returns how many leading axes of a leaf are stacked layers: what the first matching glob declares.

    A leaf with fewer axes than declared (a number for each layer, say) has only stacked ones.
    """
    declared = (axes for glob, axes in stacked if glob.match(path) is not None)
    return min(next(declared, 0), ndim)
