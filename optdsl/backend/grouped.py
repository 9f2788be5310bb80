"""Many leaves: a transform that treats each leaf by itself, traced once for each kind of leaf instead of once a leaf.

In: a transform of Optax whose leaves do not meet. Out: the same transform, same state, same operations, less to
trace. Which transforms qualify, and what a program is, is not known here.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import optax
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Var, jaxpr_as_fun

PyTree = Any
Transform = optax.GradientTransformationExtraArgs
Row = tuple[Any, ...]
"""What belongs to one leaf: its gradient, its part of each tree in the state, and its parameter if there is one."""
Run = Callable[..., list[Any]]
FEW = 4
"""With fewer leaves a kind than this, nothing worth the bookkeeping is saved."""


def grouped(tx: optax.GradientTransformation, few: int = FEW) -> Transform:
    """Returns `tx` with the operations on a leaf traced once for all leaves of the same shapes and dtypes.

    `tx` must treat every leaf as if it were the only one, by its shape and dtype and never by its path. What leaves
    share, such as counts, depends on no leaf and is computed once. The state is that of `tx`. Called outside of a
    trace, with less than `few` leaves a kind, or with a state that a single leaf would not have, it is `tx`.

    >>> import jax.numpy as jnp
    >>> tx, params = grouped(optax.scale_by_adam()), [jnp.ones(3)] * 100
    >>> updates, state = jax.jit(tx.update)(params, tx.init(params))
    """
    full = optax.with_extra_args_support(tx)

    def update(updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> tuple[PyTree, PyTree]:
        call = _taken_apart(updates, state, params)
        if call is None or not _helps(call, extra, few) or not _stand_alone(full, call):
            return full.update(updates, state, params, **extra)
        return _done(full, call, extra)

    return Transform(full.init, update)


# ---- a call taken apart


class _Call(NamedTuple):
    """A row for each leaf, and the state with one leaf in place of each tree over all leaves (where `is_own`)."""

    tree: Any
    rows: tuple[Row, ...]
    state: Any
    is_own: tuple[bool, ...]
    shared: tuple[Any, ...]
    has_params: bool

    def alone(self, row: Row, shared: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Returns gradient, state and parameter as if the leaf were the whole tree."""
        own = iter(row[1:])
        others = iter(shared)
        parts = [next(own if mine else others) for mine in self.is_own]
        return row[0], jax.tree.unflatten(self.state, parts), next(own) if self.has_params else None

    def kinds(self) -> dict[Row, Row]:
        """Returns one row of each kind, by what decides the operations on it."""
        return {_kind(row): row for row in self.rows}


def _taken_apart(updates: PyTree, state: PyTree, params: PyTree) -> _Call | None:
    """Returns a call by rows, or None where the parameters are another tree than the updates."""
    leaves, tree = jax.tree.flatten(updates)
    if params is not None and jax.tree.structure(params) != tree:
        return None

    def is_over_leaves(part: Any) -> bool:
        return jax.tree.structure(part) == tree

    parts, holed = jax.tree.flatten(state, is_leaf=is_over_leaves)
    is_own = tuple(map(is_over_leaves, parts))
    trees = [part for part, own in zip(parts, is_own, strict=True) if own]
    columns = [leaves, *map(jax.tree.leaves, trees if params is None else [*trees, params])]
    shared = tuple(part for part, own in zip(parts, is_own, strict=True) if not own)
    return _Call(tree, tuple(zip(*columns, strict=True)), holed, is_own, shared, params is not None)


def _kind(row: Row) -> Row:
    return tuple(map(jax.typeof, row))


def _helps(call: _Call, extra: dict[str, Any], few: int) -> bool:
    """Returns whether something is being traced, for leaves enough, and nothing of it is a function."""
    traced = any(isinstance(array, Tracer) for row in call.rows for array in row)
    plain = not any(map(callable, jax.tree.leaves(extra)))
    return traced and plain and len(call.rows) >= few * len(call.kinds())


def _stand_alone(tx: Transform, call: _Call) -> bool:
    """Returns whether each leaf alone would have the state that it has here."""
    return all(_stands_alone(tx, *call.alone(row, call.shared)) for row in call.kinds().values())


def _stands_alone(tx: Transform, gradient: Any, state: PyTree, param: Any) -> bool:
    try:
        alone = jax.eval_shape(tx.init, gradient if param is None else param)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):
        return False  # it looks at the tree, such as a mask does
    if jax.tree.structure(alone) != jax.tree.structure(state):
        return False
    pairs = zip(jax.tree.leaves(alone), jax.tree.leaves(state), strict=True)
    return all(one.shape == jax.typeof(other).shape for one, other in pairs)


# ---- one leaf's operations, outlined


def _done(tx: Transform, call: _Call, extra: dict[str, Any]) -> tuple[PyTree, PyTree]:
    """Returns the updates and the state of all leaves together."""

    def one(row: Row, shared: Sequence[Any], given: dict[str, Any]) -> tuple[Any, Any]:
        gradient, state, param = call.alone(row, shared)
        return tx.update(gradient, state, param, **given)

    outlines = {kind: _outline(one, row, call.shared, extra) for kind, row in call.kinds().items()}
    done = [outlines[_kind(row)](row) for row in call.rows]
    updates = jax.tree.unflatten(call.tree, [update for update, _ in done])
    by_part = zip(*(jax.tree.leaves(state) for _, state in done), strict=True)
    parts = [
        jax.tree.unflatten(call.tree, leaves) if own else leaves[0]
        for own, leaves in zip(call.is_own, by_part, strict=True)
    ]
    return updates, jax.tree.unflatten(call.state, parts)


def _outline(one: Callable[..., Any], row: Row, shared: Any, extra: Any) -> Callable[[Row], Any]:
    """Returns `one` for rows of this kind, traced once; what no row enters is computed now."""
    closed, out = jax.make_jaxpr(one, return_shape=True)(row, shared, extra)
    once, each = _split(closed, len(row))
    known = once(*jax.tree.leaves((shared, extra)))
    structure = jax.tree.structure(out)
    return lambda own: jax.tree.unflatten(structure, each(*own, *known))


def _split(closed: ClosedJaxpr, owned: int) -> tuple[Run, Run]:
    """Returns `once` and `each`: `each(*own, *once(*shared))` is the whole, of which `owned` inputs come first.

    `once` has the operations that no own input reaches.
    """
    whole = closed.jaxpr
    own, shared = whole.invars[:owned], whole.invars[owned:]
    reached = set(own)
    early: list[Any] = []
    late: list[Any] = []
    for operation in whole.eqns:
        is_late = bool(operation.effects) or not reached.isdisjoint(_variables(operation.invars))
        (late if is_late else early).append(operation)
        reached.update(operation.outvars if is_late else ())
    used = _variables([*(atom for operation in late for atom in operation.invars), *whole.outvars])
    known = [variable for variable in dict.fromkeys(used) if variable not in reached]
    once = ClosedJaxpr(_program(whole, whole.constvars, shared, known, early), closed.consts)
    each = ClosedJaxpr(_program(whole, (), [*own, *known], whole.outvars, late), ())
    return jaxpr_as_fun(once), jax.jit(jaxpr_as_fun(each))


def _program(
    whole: Jaxpr, constants: Sequence[Var], inputs: Sequence[Var], outputs: Sequence[Any], operations: list[Any]
) -> Jaxpr:
    effects = frozenset(effect for operation in operations for effect in operation.effects)
    return Jaxpr(constants, inputs, outputs, operations, effects, whole.debug_info.with_unknown_names())


def _variables(atoms: Iterable[Any]) -> list[Var]:
    return [atom for atom in atoms if not isinstance(atom, Literal)]
