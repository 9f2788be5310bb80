"""Pieces of a chain that run together -> one update over the states of their stages, as the passes allow it.

In: factors, clips and means. Out: an update of a run of stages, none of which has a state of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import optax

from optdsl.backend import kernels

PyTree = Any
States = tuple[Any, ...]
Run = Callable[..., tuple[PyTree, States]]
"""`(updates, states, params, **extra) -> updates, states` of adjacent stages."""


class Member(NamedTuple):
    """One stage of a linear run: what it multiplies by, a number or a function of the norm so far, or what it maps."""

    factor: Any = None
    max_norm: Any = None
    centre: Callable[[PyTree], PyTree] | None = None


def linear(members: Sequence[Member]) -> Run:
    """Returns the update of a run of linear stages: leaves are centred where they stand, and multiplied once."""

    def update(updates: PyTree, states: States, params: PyTree = None, **extra: Any) -> tuple[PyTree, States]:
        del params, extra
        factor: Any = None
        for member in members:
            if member.centre is not None:
                updates = member.centre(updates)
            else:
                own = member.factor if member.max_norm is None else _clipping(updates, member.max_norm, factor)
                factor = own if factor is None else factor * own
        return (updates if factor is None else kernels.scaled(updates, factor)), states

    return update


def _clipping(updates: PyTree, max_norm: Any, factor: Any) -> Any:
    """Returns what clipping `factor * updates` multiplies by; a `factor` of 0 leaves nothing to clip."""
    return kernels.norm_factor(updates, max_norm if factor is None else max_norm / abs(factor))


class Piece(NamedTuple):
    """Adjacent stages of a chain: their transforms, whose `init` makes their states, and the update of them all."""

    stages: tuple[optax.GradientTransformationExtraArgs, ...]
    update: Run


def single(tx: optax.GradientTransformationExtraArgs) -> Piece:
    """Returns a piece of one stage that runs as it is."""

    def update(updates: PyTree, states: States, params: PyTree = None, **extra: Any) -> tuple[PyTree, States]:
        done, state = tx.update(updates, states[0], params, **extra)
        return done, (state,)

    return Piece((tx,), update)


def chained(pieces: Sequence[Piece]) -> optax.GradientTransformationExtraArgs:
    """Returns the chain of the pieces, with the state of `optax.chain` of their stages; of one stage, its own."""
    stages = [stage for piece in pieces for stage in piece.stages]

    def init(params: PyTree) -> Any:
        states = tuple(stage.init(params) for stage in stages)
        return states if len(stages) > 1 else states[0]

    def update(updates: PyTree, state: Any, params: PyTree = None, **extra: Any) -> tuple[PyTree, Any]:
        states = state if len(stages) > 1 else (state,)
        left, kept = list(states), []
        for piece in pieces:
            own, left = tuple(left[: len(piece.stages)]), left[len(piece.stages) :]
            updates, own = piece.update(updates, own, params, **extra)
            kept.extend(own)
        return updates, tuple(kept) if len(stages) > 1 else kept[0]

    return optax.GradientTransformationExtraArgs(init, update)
