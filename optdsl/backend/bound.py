"""Programs on real parameters: leaves taken off a tree, the program bound to them and lowered."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax
import numpy as np
import optax

from optdsl import ir
from optdsl.backend import wrappers
from optdsl.backend.evaluate import first_live
from optdsl.backend.lower import Lowering, Part, Tree
from optdsl.backend.options import Options
from optdsl.backend.paths import StackedGlobs, compile_stacked, leaf_paths, stacked_axes
from optdsl.diagnostics import Findings, OptdslError
from optdsl.semantics.bind import Binder, Bound, bind
from optdsl.semantics.leaves import Leaf
from optdsl.semantics.names import named
from optdsl.source import Source

PyTree = Any
_SELECTING = (ir.Guarded, ir.Match, ir.Freeze, ir.Spread)


def depends_on_leaves(chain: ir.Chain) -> bool:
    """Returns whether a program means different things on different trees."""
    return ir.contains(chain, _SELECTING)


def bound_to(chain: ir.Chain, options: Options, params: PyTree, findings: Findings) -> Bound:
    """Returns the program bound to the leaves of `params`, arrays or shapes; what does not fit goes to `findings`."""
    leaves = leaves_of(params, options)

    def masks(host: ir.Host) -> Sequence[bool]:
        return _mask(host, params)

    return bind(chain, Binder(leaves, masks, findings, options.layout))


def lowered(chain: ir.Chain, options: Options, params: PyTree, *, exact: bool = True) -> Part:
    """Returns the transform for parameters like `params`; raises `OptdslError` if the program does not fit them."""
    if not depends_on_leaves(chain):
        return _around(chain, _lower(chain, options, None, exact=exact))
    findings = Findings(Source("", "parameters"))
    bound = bound_to(chain, options, params, findings)
    if findings.has_errors:
        raise OptdslError(findings.sorted())
    tree = Tree(jax.tree.structure(params))
    part = _lower(bound.chain, options, tree, exact=exact)
    if any(bound.frozen):
        trained = tree.constant(tuple(not still for still in bound.frozen))
        part = part.inside(wrappers.frozen(part.tx, trained), lambda state: state.inner_states[True].inner_state)
    return _around(chain, part)


def _lower(chain: ir.Chain, options: Options, tree: Tree | None, *, exact: bool) -> Part:
    paths = {id(stage): path for path, stage in named(chain)}
    return Lowering(options, tree, exact).chain(chain, paths)


def _around(chain: ir.Chain, part: Part) -> Part:
    """Returns the program with its live numbers around it, if it has any."""
    live = first_live(chain)
    if not live:
        return part
    return part.inside(wrappers.with_live(part.tx, live), lambda state: state.inner)


# ---- leaves


def selected_tree(params: PyTree) -> PyTree:
    """Returns the tree whose leaves selectors speak of: of lookahead's pair, the fast parameters."""
    return params.fast if isinstance(params, optax.LookaheadParams) else params


def leaves_of(params: PyTree, options: Options) -> tuple[Leaf, ...]:
    """Returns the leaves as selectors see them; stacked axes are counted in the size alone."""
    stacked = _compiled(options.stacked)
    return tuple(
        _leaf(path, leaf, stacked) for path, leaf in zip(leaf_paths(params), jax.tree.leaves(params), strict=True)
    )


@lru_cache(maxsize=64)
def _compiled(stacked: tuple[tuple[str, int], ...]) -> StackedGlobs:
    return compile_stacked(stacked)


def _leaf(path: str, leaf: Any, stacked: StackedGlobs) -> Leaf:
    shape = tuple(np.shape(leaf))
    skipped = stacked_axes(path, len(shape), stacked)
    dtype = getattr(leaf, "dtype", None)
    return Leaf(path, shape[skipped:], int(np.prod(shape, dtype=np.int64)), str(dtype or np.asarray(leaf).dtype))


def _mask(host: ir.Host, params: PyTree) -> Sequence[bool]:
    """Returns a host's mask, a tree of booleans or a function that returns one, as one boolean a leaf."""
    mask = host.value(params) if callable(host.value) else host.value
    try:
        full = jax.tree.map(lambda one, below: jax.tree.map(lambda _: bool(one), below), mask, params)
    except ValueError as error:
        findings = Findings(Source("", "parameters"))
        message = f"the mask in `:{host.hole}` has another structure than the parameters"
        findings.add("E245", message, ir.NOWHERE, help="give it one boolean for each leaf, or for each branch")
        raise OptdslError(findings.sorted()) from error
    return jax.tree.leaves(full)
