"""Parameters by path, as shapes -> a tree of them, for those who have no model at hand."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

PyTree = Any


class WrongShape(ValueError):
    """A path or a dtype that no tree of parameters has; the message says of the file what it has."""


def shapes(leaves: Mapping[str, tuple[tuple[int, ...], str]]) -> PyTree:
    """Returns nested dicts of `jax.ShapeDtypeStruct`, in the order of `leaves`: path -> (shape, dtype).

    A `/` in a path goes one dict deeper. Raises `WrongShape`.
    >>> shapes({"dense/bias": ((3,), "float32")})["dense"]["bias"].shape
    (3,)
    """
    # jax sorts the keys of a plain dict; the order here is the one that the model's own tree has.
    tree: PyTree = OrderedDict()
    for path, (shape, dtype) in leaves.items():
        struct = jax.ShapeDtypeStruct(shape, _dtype(path, dtype))
        if path == "":
            if len(leaves) > 1:
                raise WrongShape("has an empty path, which only a lone leaf has")
            return struct
        _put(tree, path, struct)
    return tree


def _put(tree: Any, path: str, struct: jax.ShapeDtypeStruct) -> None:
    *above, last = path.split("/")
    node = tree
    for depth, key in enumerate(above, 1):
        node = node.setdefault(key, OrderedDict())
        if not isinstance(node, OrderedDict):
            raise WrongShape(f"has the leaf `{'/'.join(above[:depth])}` and another below it, `{path}`")
    if last in node:
        raise WrongShape(f"has the leaf `{path}` and others below it")
    node[last] = struct


def _dtype(path: str, name: str) -> Any:
    try:
        return jnp.dtype(name)
    except TypeError:
        raise WrongShape(f"has the dtype `{name}` at `{path}`, which jax does not know") from None
