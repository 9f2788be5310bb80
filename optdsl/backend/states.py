"""States as people ask about them: current numbers by path, live ones set, the parameters to evaluate with."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax import contrib

from optdsl import ir
from optdsl.backend.evaluate import Moment, evaluate
from optdsl.backend.lower import Find
from optdsl.backend.wrappers import AverageState, LiveState, ScheduledState
from optdsl.diagnostics import Findings, OptdslError
from optdsl.diagnostics.suggest import listed, nearest
from optdsl.semantics.names import named
from optdsl.source import Range, Source

PyTree = Any
_AT_A_COUNT = (ir.Step, ir.Arrow, ir.OptaxSchedule)


def read(chain: ir.Chain, places: Mapping[str, Find], state: PyTree) -> dict[str, Any]:
    """Returns what moves, by path: live numbers, counts (`adam.count`), schedules at the current step."""
    live = dict(state.live) if isinstance(state, LiveState) else {}
    found: dict[str, Any] = dict(live)
    for path, stage in named(chain):
        if path not in places:
            continue
        count = _count(stage, places[path](state))
        if count is not None:
            found[f"{path}.count"] = count
        for argument in getattr(stage, "arguments", ()):
            if _varies(argument.value) and (count is not None or not ir.contains(argument.value, _AT_A_COUNT)):
                found[f"{path}.{argument.name}"] = evaluate(argument.value, Moment(count, live))
    return found


def _varies(value: ir.Value) -> bool:
    return ir.over_time(value) and not ir.contains(value, (ir.Spread, ir.Capture))


def _count(stage: ir.AnyStage, state: PyTree) -> Any:
    """Returns the number of updates that a stage has done, None where its state does not say."""
    if isinstance(state, ScheduledState):
        return state.count
    if any(isinstance(argument.value, ir.Chain) for argument in getattr(stage, "arguments", ())):
        return None
    counts = optax.tree.get_all_with_path(state, "count")
    return counts[0][1] if counts else None


def set_live(state: PyTree, values: Mapping[str, Any]) -> PyTree:
    """Returns the state with live numbers set; raises `OptdslError` E247 for a name that is not live."""
    known = tuple(state.live) if isinstance(state, LiveState) else ()
    findings = Findings(Source("", "set"))
    for name in values:
        if name not in known:
            near = nearest(name, known)
            more = f"live are {listed(known)}" if known else "the program has none"
            message = f"there is no live number `{name}`; {more}"
            findings.add(
                "E247", message, Range(0, 0), help=f"write `{near}`" if near else f"declare `live {name} = ...;`"
            )
    if findings.has_errors:
        raise OptdslError(findings.sorted())
    if not values:
        return state
    numbers = {name: jnp.asarray(value, jnp.float32) for name, value in values.items()}
    return state._replace(live={**state.live, **numbers})


def eval_params(params: PyTree, state: PyTree) -> PyTree:
    """Returns the parameters to evaluate with: slow ones of lookahead, averaged, schedule-free, else `params`."""
    if isinstance(params, optax.LookaheadParams):
        params = params.slow
    kept = jax.tree.leaves(state, is_leaf=_is_evaluated)
    for inner in filter(_is_evaluated, kept):
        params = _evaluated(params, inner)
    return params


def _is_evaluated(node: Any) -> bool:
    return isinstance(node, (AverageState, contrib.ScheduleFreeState))


def _evaluated(params: PyTree, state: Any) -> PyTree:
    """Returns `params` with the leaves that `state` covers replaced by those to evaluate with."""
    leaves, structure = jax.tree.flatten(params)
    held = structure.flatten_up_to(state.average if isinstance(state, AverageState) else state.z)
    covered = [place for place, leaf in enumerate(held) if not isinstance(leaf, optax.MaskedNode)]
    mine = [leaves[place] for place in covered]
    if isinstance(state, AverageState):
        better = [held[place].astype(leaves[place].dtype) for place in covered]
    else:
        plain: Any = state._replace(z=[held[place] for place in covered])
        better = contrib.schedule_free_eval_params(plain, mine)
    for place, leaf in zip(covered, better, strict=True):
        leaves[place] = leaf
    return jax.tree.unflatten(structure, leaves)
