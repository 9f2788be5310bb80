"""Extra arguments of `update`: which stage declares which, and handing each stage just those.

Some stages of Optax raise on keywords that they do not know, so nothing is passed on that was not asked for.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import optax

from optdsl import ir
from optdsl.semantics.rows import row_of

EVERYTHING = frozenset({"*"})
"""What a transform asks for that takes any keyword."""


def routed(tx: optax.GradientTransformation, names: frozenset[str]) -> optax.GradientTransformationExtraArgs:
    """Returns `tx` with the same state, its `update` given only the extra arguments in `names`."""
    if not isinstance(tx, optax.GradientTransformationExtraArgs):
        return optax.with_extra_args_support(tx)
    if names == EVERYTHING:
        return tx

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        return tx.update(updates, state, params, **asked(names, extra))

    return optax.GradientTransformationExtraArgs(tx.init, update)


def asked(names: frozenset[str], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those extra arguments that are in `names`, and those that a `value_fn` among them asks for.

    A line search of Optax hands `value_fn` the keywords that it has beside the parameters.
    """
    if names == EVERYTHING:
        return dict(extra)
    passed_on = _named_after_first(extra["value_fn"]) if "value_fn" in names & extra.keys() else ()
    return {name: value for name, value in extra.items() if name in names or name in passed_on}


def needs(node: Any) -> frozenset[str]:
    """Returns the names of the extra arguments that a chain or stage cannot do without."""
    return frozenset(name for _, name in needed(node))


def needed(node: Any) -> Iterator[tuple[ir.AnyStage, str]]:
    """Yields each stage with each extra argument that it needs."""
    if isinstance(node, ir.Stage):
        yield from ((node, name) for name in _needed_by(node))
    elif isinstance(node, ir.HostStage):
        for name in required(node.host.value):
            yield node, name
    for part in ir.parts(node):
        yield from needed(part)


def _needed_by(stage: ir.Stage) -> Iterator[str]:
    """Yields what a stage of Optax needs: as measured with its defaults, and for arguments that ask for more."""
    row = row_of(stage)
    searches = not (stage.word == "lbfgs" and stage["linesearch"] is None)
    yield from row.traits.extras if row and row.traits and searches else ()
    if stage.word == "sam" and stage["opaque_mode"] is True:
        yield "grad_fn"
    yield from (p.name for p in _condition(stage) if p.default is p.empty and p.kind is not p.VAR_KEYWORD)


def accepted(node: Any) -> frozenset[str]:
    """Returns the extra arguments that a chain or stage can take: `EVERYTHING` if something of Python may take any."""
    names = set(needs(node))
    for stage in _stages(node):
        if isinstance(stage, ir.HostStage):
            names |= optional(stage.host.value)
        elif isinstance(stage, ir.RegisteredStage):
            names |= EVERYTHING  # only what its function returns will tell; it is handed no more than it takes
        elif isinstance(stage, ir.Stage):
            names |= {_name(parameter) for parameter in _condition(stage)}
    return EVERYTHING if "*" in names else frozenset(names)


def _stages(node: Any) -> Iterator[ir.AnyStage]:
    if isinstance(node, (ir.HostStage, ir.Stage)):
        yield node
    for part in ir.parts(node):
        yield from _stages(part)


def _condition(stage: ir.Stage) -> list[inspect.Parameter]:
    """Returns the extra arguments of the host's condition, for a conditional stage that hands them on."""
    if stage.word not in ("conditionally_mask", "conditionally_transform") or not stage["forward_extra_args"]:
        return []
    condition = stage["should_transform_fn"]
    return _after_first(condition.value) if isinstance(condition, ir.Host) else []


def _after_first(function: Any) -> list[inspect.Parameter]:
    """Returns the parameters of a function that can be given by name, less the first; none if Python cannot tell."""
    try:
        found = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):
        return []
    return [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY)]


def _named_after_first(function: Any) -> frozenset[str]:
    return frozenset(p.name for p in _after_first(function) if p.kind is not p.VAR_KEYWORD)


def _name(parameter: inspect.Parameter) -> str:
    return "*" if parameter.kind is parameter.VAR_KEYWORD else parameter.name


def required(tx: Any) -> frozenset[str]:
    """Returns the keywords without default of a host's `update`."""
    return frozenset(
        parameter.name
        for parameter in _keywords(tx)
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and parameter.default is inspect.Parameter.empty
    )


def optional(tx: Any) -> frozenset[str]:
    """Returns every keyword that a host's `update` takes, `*` for any."""
    meaning = getattr(tx, "meaning", None)
    if meaning is not None:  # an Optimizer of ours says itself
        return accepted(meaning.chain)
    return frozenset(map(_name, _keywords(tx)))


def _keywords(tx: Any) -> list[inspect.Parameter]:
    if not isinstance(tx, optax.GradientTransformationExtraArgs):
        return []
    needs = getattr(tx, "needs", None)
    if needs is not None:  # an Optimizer of ours says itself
        return [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in needs]
    return list(inspect.signature(tx.update).parameters.values())[3:]
