"""What `doctor` runs programs on: a program, or shapes, in; parameters, data and a loss out.

It knows models and trees. It does not know how programs are run, nor what is found out about them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from optdsl import ir
from optdsl.backend.bound import bound_to, depends_on_leaves
from optdsl.backend.optimizer import Optimizer
from optdsl.backend.paths import leaf_paths
from optdsl.backend.problems import problems
from optdsl.diagnostics import Findings
from optdsl.source import Source

PyTree = Any
MOST_PARAMETERS = 20_000_000
"""Of shapes from a file: more would fill the memory of a small machine several times over."""

_Shapes = Mapping[str, tuple[int, ...]]
_MODEL: _Shapes = {
    "embed/embedding": (8, 6),
    "dense_0/kernel": (6, 8),
    "dense_0/bias": (8,),
    "norm/scale": (8,),
    "head/kernel": (8, 1),
    "head/bias": (1,),
}
_ASSORTED: _Shapes = {**_MODEL, "conv/kernel": (2, 2, 3, 4), "row/kernel": (1, 5), "temperature": ()}
_WIDTH = 4


class Problem(NamedTuple):
    """A loss over parameters and constant data: `loss(params, *data)`, a float32 of shape ()."""

    name: str
    params: PyTree
    data: tuple[PyTree, ...]
    loss: Callable[..., jax.Array]


def problem_for(opt: Optimizer, shapes: PyTree | None = None) -> Problem | str:
    """Returns what to run the program on, or why there is nothing.

    Without `shapes`: a small model if the program fits it, else leaves that the program's globs name.
    """
    if shapes is not None:
        return _of_shapes(opt, shapes)
    model = regression()
    if _misfit(opt, model.params) is None and not _all_frozen(opt, model.params):
        return model
    named = _named(opt.meaning.chain)
    for candidate in (_ASSORTED, {**_ASSORTED, **named}, named):
        tree = _tree(candidate)
        if candidate and _misfit(opt, tree) is None and not _all_frozen(opt, tree):
            return bowl(f"a quadratic over {len(jax.tree.leaves(tree))} leaves named after the program's globs", tree)
    misfit = _misfit(opt, model.params)
    return f"no tree of parameters comes to mind that it fits ({misfit}): give --params" if misfit else model


def assorted(opt: Optimizer, fallback: PyTree) -> PyTree:
    """Returns leaves of 0 to 4 axes, or `fallback` where the program speaks of leaves or does not fit them."""
    tree = _tree(_ASSORTED)
    return fallback if depends_on_leaves(opt.meaning.chain) or _misfit(opt, tree) is not None else tree


def bowl(name: str, params: PyTree) -> Problem:
    """Returns half the squared distance to a random point of the same shapes, summed over all leaves."""

    def loss(params: PyTree, target: PyTree) -> jax.Array:
        return half_squares(jax.tree.map(lambda leaf, to: leaf.astype(jnp.float32) - to, params, target))

    return Problem(name, params, (drawn(params, 1, jnp.float32),), loss)


def half_squares(tree: PyTree) -> jax.Array:
    """Returns half the sum of all squares."""
    return 0.5 * sum((jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(tree)), jnp.zeros(()))


def drawn(like: PyTree, seed: int, dtype: Any = None) -> PyTree:
    """Returns normal numbers of standard deviation 0.5 in the shapes of `like`, the same for the same seed."""
    leaves, structure = jax.tree.flatten(like)
    draw = np.random.default_rng(seed)
    return structure.unflatten(
        jnp.asarray(draw.normal(0, 0.5, leaf.shape).astype(np.float32)).astype(dtype or leaf.dtype) for leaf in leaves
    )


def regression() -> Problem:
    """Returns the regression of a smooth function of two tokens by a model with one leaf of each usual kind."""
    draw = np.random.default_rng(0)
    tokens = draw.integers(0, 8, (64, 2))
    target = np.sin(tokens[:, 0]) + 0.1 * tokens[:, 1]
    params = _tree(_MODEL)
    start = {"bias": jnp.zeros_like, "scale": jnp.ones_like}
    for layer in params.values():
        for name, leaf in layer.items():
            layer[name] = start.get(name, lambda leaf: 2 * leaf / np.sqrt(leaf.shape[0]))(leaf)
    data = (jnp.asarray(tokens, jnp.int32), jnp.asarray(target, jnp.float32))
    return Problem(f"a small regression with {len(_MODEL)} leaves", params, data, _mean_squared_error)


def _mean_squared_error(params: PyTree, tokens: jax.Array, target: jax.Array) -> jax.Array:
    hidden = params["embed"]["embedding"][tokens].sum(axis=1)
    hidden = jnp.tanh(hidden @ params["dense_0"]["kernel"] + params["dense_0"]["bias"])
    size = jnp.sqrt(jnp.mean(jnp.square(hidden), axis=1, keepdims=True) + 1e-6)
    scores = (params["norm"]["scale"] * hidden / size) @ params["head"]["kernel"] + params["head"]["bias"]
    return jnp.mean(jnp.square(scores[:, 0] - target))


# ---- trees


def _misfit(opt: Optimizer, params: PyTree) -> str | None:
    """Returns why the program does not fit a tree, None if it does."""
    found = [finding for finding in problems(opt.meaning, params, opt.source) if finding.severity == "error"]
    return f"{found[0].code}, {found[0].message}" if found else None


def _all_frozen(opt: Optimizer, params: PyTree) -> bool:
    return all(frozen(opt, params))


def frozen(opt: Optimizer, params: PyTree) -> tuple[bool, ...]:
    """Returns for each leaf whether the program, which fits the tree, freezes it."""
    return bound_to(opt.meaning.chain, opt.meaning.options, params, Findings(Source("", "doctor"))).frozen


def _of_shapes(opt: Optimizer, shapes: PyTree) -> Problem | str:
    leaves = jax.tree.leaves(shapes)
    for path, leaf in zip(leaf_paths(shapes), leaves, strict=True):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            return f"`{path}` is {leaf.dtype}, and gradients exist for real floating-point leaves alone"
    size = sum(leaf.size for leaf in leaves)
    if not 0 < size <= MOST_PARAMETERS:
        return f"{size:,} parameters: from 1 to {MOST_PARAMETERS:,} are run"
    misfit = _misfit(opt, shapes)
    if misfit is not None:
        return misfit
    params = jax.tree.map(lambda leaf: leaf.astype(jax.dtypes.canonicalize_dtype(leaf.dtype)), drawn(shapes, 0))
    return bowl(f"a quadratic over the {len(leaves)} {'leaf' if len(leaves) == 1 else 'leaves'} given", params)


def _tree(shapes: _Shapes) -> PyTree:
    """Returns nested dicts of random float32 leaves; a path below another leaf is left out."""
    tree: dict[str, Any] = {}
    for path, shape in shapes.items():
        *above, last = path.split("/")
        node: Any = tree
        for key in above:
            node = node.setdefault(key, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node.setdefault(last, jax.ShapeDtypeStruct(shape, jnp.float32))
    return drawn(tree, 0)


def _shape_at(path: str) -> tuple[int, ...]:
    last = path.rpartition("/")[2]
    return (_WIDTH,) if re.search(r"bias|scale|gamma|beta|offset|^b$", last) else (_WIDTH, _WIDTH)


def _named(node: Any) -> _Shapes:
    """Returns leaves whose paths the globs and regular expressions of a program match, alone and together."""
    patterns = list(_patterns(node))
    inner = [_sample(pattern.pattern) for pattern in patterns if isinstance(pattern, ir.PathRegex)]
    globs = [pattern.pattern for pattern in patterns if isinstance(pattern, ir.PathGlob)]
    paths = [path for glob in [*globs, *(f"{text}/**" for text in inner)] for path in _paths_in(glob, inner)]
    return {path: _shape_at(path) for path in paths}


def _patterns(node: Any) -> Iterator[ir.PathGlob | ir.PathRegex]:
    if isinstance(node, (ir.PathGlob, ir.PathRegex)):
        yield node
    for part in ir.parts(node):
        yield from _patterns(part)


def _paths_in(glob: str, inner: list[str]) -> Iterator[str]:
    """Yields paths that a glob matches: `blocks_{i}/**` gives blocks_0/kernel, blocks_0/bias, blocks_1/kernel, ..."""
    last = glob.rpartition("/")[2]
    ends = ["kernel", "bias", *(f"{text}/kernel" for text in inner)] if last == "**" else ["kernel", "bias"]
    glob = glob[: -len(last)] if last in ("*", "**") else glob
    for index in ("0", "1") if "{" in glob else ("0",):
        above = re.sub(r"\{\w+\}", index, glob).replace("**", "inner").replace("*", "0")
        yield from [f"{above}{end}" for end in ends] if last in ("*", "**") else [above]


def _sample(regex: str) -> str:
    """Returns a text that a simple regular expression is found in: `^stage_[234]/` gives stage_2."""
    text = re.sub(r"\[([^\]^])[^\]]*\]", r"\1", regex.partition("|")[0])
    return re.sub(r"[\^$+*?()]", "", text.replace(r"\d", "0").replace("\\", "")).strip("/")
