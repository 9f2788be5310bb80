"""Freezing leaves: a chain -> which of them it freezes anywhere, and the chain without that."""

from dataclasses import replace

from optdsl import ir


def frozen(chain: ir.Chain) -> ir.Selector | None:
    """Returns the selector of all leaves that leave the program, None if none do."""
    found = _frozen(chain)
    return _joined("or", found) if found else None


def _frozen(chain: ir.Chain) -> list[ir.Selector]:
    return [selector for stage in chain.stages for selector in _frozen_by(stage)]


def _frozen_by(stage: ir.AnyStage) -> list[ir.Selector]:
    match stage:
        case ir.Freeze(selector):
            return [selector]
        case ir.Guarded(inner, selector):
            return [_joined("and", [selector, found]) if selector else found for found in _frozen(inner)]
        case ir.Match(arms):
            return _frozen_by_arms(arms)
        case ir.Stage(_, arguments):
            chains = [argument.value for argument in arguments if isinstance(argument.value, ir.Chain)]
            return [found for chain in chains for found in _frozen(chain)]
        case _:
            return []


def _frozen_by_arms(arms: tuple[ir.Arm, ...]) -> list[ir.Selector]:
    """Returns what each arm freezes of the leaves that reach it: selected by it, and by no arm before it."""
    found: list[ir.Selector] = []
    before: list[ir.Selector] = []
    for arm in arms:
        reach = [] if arm.selector is None else [arm.selector]
        if before:
            reach.append(ir.Combine("not", (_joined("or", before),)))
        if arm.chain is None:
            found.append(_joined("and", reach))
        else:
            found += [_joined("and", [*reach, inner]) for inner in _frozen(arm.chain)]
        before += [] if arm.selector is None else [arm.selector]
    return found


def _joined(operator: str, selectors: list[ir.Selector]) -> ir.Selector:
    if not selectors:
        return ir.PathGlob("**")
    return selectors[0] if len(selectors) == 1 else ir.Combine(operator, tuple(selectors))


def without_frozen(chain: ir.Chain) -> ir.Chain:
    """Returns the chain for the leaves that stay."""
    kept = [stage for stage in map(_without, chain.stages) if stage is not None]
    return replace(chain, stages=tuple(kept))


def _without(stage: ir.AnyStage) -> ir.AnyStage | None:
    match stage:
        case ir.Freeze():
            return None
        case ir.Guarded(inner):
            rest = without_frozen(inner)
            return replace(stage, inner=rest) if rest.stages else None
        case ir.Match(arms):
            kept = [replace(arm, chain=without_frozen(arm.chain)) for arm in arms if arm.chain is not None]
            return replace(stage, arms=tuple(kept)) if kept else None
        case ir.Stage(_, arguments):
            return replace(stage, arguments=tuple(map(_without_in_argument, arguments)))
        case _:
            return stage


def _without_in_argument(argument: ir.Argument) -> ir.Argument:
    inner = argument.value
    return replace(argument, value=without_frozen(inner)) if isinstance(inner, ir.Chain) else argument
