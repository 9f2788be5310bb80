"""Writes the shapes of a model's parameters to a file, so that `optdsl explain --params` needs no model.

The file is one JSON object, path -> {"shape": [..], "dtype": ".."}. A path is the keys of a leaf joined by `/`.
"""

import json
from pathlib import Path
from typing import Any

import jax


def shapes_of(params: Any) -> dict[str, Any]:
    """Returns path -> shape and dtype for each leaf of `params`: arrays, or what `jax.eval_shape` returns."""
    shapes: dict[str, Any] = {}
    for keys, leaf in jax.tree_util.tree_leaves_with_path(params):
        path = jax.tree_util.keystr(keys, simple=True, separator="/")
        shapes[path] = {"shape": list(leaf.shape), "dtype": str(leaf.dtype)}
    return shapes


def write_shapes(params: Any, file: str | Path = "SHAPES.json") -> None:
    """Writes the shapes and dtypes of `params` as JSON, a line for each leaf."""
    lines = (f"  {json.dumps(path)}: {json.dumps(leaf)}" for path, leaf in shapes_of(params).items())
    Path(file).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
