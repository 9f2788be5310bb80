"""Stages -> calls of Optax, and of the few functions that Optax lacks."""

from typing import Any, NamedTuple

from optdsl import ir
from optdsl.python.centring import centralize
from optdsl.python.expressions import expression, holds, varies_in_time
from optdsl.python.groups import labels_of, partition
from optdsl.python.layout import Code, Node, call, flat
from optdsl.python.leaves import Leaves, leaf_function, masks_of
from optdsl.python.literals import text
from optdsl.python.masks import mapped, mask
from optdsl.python.schedules import address, argument, over_time
from optdsl.python.writer import Writer
from optdsl.registry import Kind, Parameter, Row, lookup
from optdsl.semantics.rows import row_of

_OWN = {
    "lr": "optax.scale_by_learning_rate",
    "clip_norm": "optax.clip_by_global_norm",
    "skip_nonfinite": "optax.apply_if_finite",
}


class _Filled(NamedTuple):
    """An argument that is to be written."""

    parameter: Parameter
    value: Any


def chain(node: ir.Chain, writer: Writer) -> Code:
    """Returns code of a transformation: the stage itself if there is one, else `optax.chain`."""
    codes = [_stage(stage, writer) for stage in node.stages]
    if not codes:
        return "optax.identity()"
    return codes[0] if len(codes) == 1 else call("optax.chain", *codes, broken=True)


def _stage(stage: ir.AnyStage, writer: Writer) -> Code:
    match stage:
        case ir.Centralize():
            return centralize(stage, writer)
        case ir.Decay(value, sign):
            return _decay(value if sign > 0 else _negated(value), writer)
        case ir.HostStage(host):
            return writer.host(host)
        case ir.Guarded():
            return _guarded(stage, writer)
        case ir.Match(arms):
            return _match(arms, writer)
        case ir.Stage(word="maximize"):
            return "optax.scale(-1.0)"
        case ir.Stage():
            return _call_of(stage, writer)
        case ir.Freeze():
            raise AssertionError(stage)


def _decay(value: Any, writer: Writer) -> Code:
    row = lookup("add_decayed_weights")
    assert row is not None
    parameter = row.parameters[0]
    return _written(address(row), row, [_Filled(parameter, value)], writer)


def _negated(value: Any) -> Any:
    if isinstance(value, ir.Spread):
        return ir.Spread(value.selector, _negated(value.value), _negated(value.otherwise))
    if isinstance(value, (int, float)):
        return -value if value else value
    return ir.Apply("neg", (value,))


def _call_of(stage: ir.Stage, writer: Writer) -> Code:
    row = row_of(stage)
    assert row is not None
    given = {a.name: a.value for a in stage.arguments if a.given}
    filled = [_Filled(p, given[p.name]) for p in row.parameters if p.name in given]
    if isinstance(stage, ir.RegisteredStage):
        return _written(writer.registered(stage.word), row, filled, writer)
    if stage.word == "accumulate":
        return _written(_accumulate(stage, writer), row, filled, writer)
    if stage.word == "average":
        return _written(writer.snippet("average"), row, filled, writer)
    return _written(_OWN.get(stage.word) or address(row), row, filled, writer)


def _accumulate(stage: ir.Stage, writer: Writer) -> str:
    """Returns Optax's wrapper, or ours around it where extra arguments have to come through."""
    inner = stage["inner"]
    assert isinstance(inner, ir.Chain)
    return writer.snippet("accumulate") if _wants_extras(inner) else "optax.MultiSteps"


def _wants_extras(chain: ir.Chain) -> bool:
    return any(map(_stage_wants_extras, chain.stages))


def _stage_wants_extras(stage: ir.AnyStage) -> bool:
    match stage:
        case ir.HostStage():
            return True
        case ir.Guarded(inner):
            return _wants_extras(inner)
        case ir.Match(arms):
            return any(_wants_extras(arm.chain) for arm in arms if arm.chain is not None)
        case ir.RegisteredStage():
            return True
        case ir.Stage(_, arguments):
            row = row_of(stage)
            own = row is not None and row.traits is not None and bool(row.traits.extras)
            return own or any(_wants_extras(a.value) for a in arguments if isinstance(a.value, ir.Chain))
        case _:
            return False


# ---- calls


def _written(function: str, row: Row, filled: list[_Filled], writer: Writer) -> Code:
    """Returns the call, and around it what makes it anew for each leaf or step where its numbers vary so."""
    filled = _with_masks(filled, row)
    leaves = Leaves()
    filled = [_Filled(p, v if isinstance(v, ir.Chain) else _lifted(p, v, leaves)) for p, v in filled]
    schedules: list[tuple[str, Any]] = []
    filled = [_Filled(p, _scheduled(p, v, schedules)) for p, v in filled]
    codes = tuple(_argument(place, p, v, row, writer) for place, (p, v) in enumerate(filled))
    closing = ").gradient_transformation()" if function == "optax.MultiSteps" else ")"
    code: Code = Node(f"{function}(", codes, closing)
    if schedules:
        names = ", ".join(name for name, _ in schedules)
        callables = [("", over_time(value, name, writer)) for name, value in schedules]
        items = (_made(names, code), *callables)
        code = Node(f"{writer.snippet('scheduled')}(", items)
    return _per_leaf(code, leaves, writer) if leaves.numbers else code


def _with_masks(filled: list[_Filled], row: Row) -> list[_Filled]:
    """Returns the arguments with `0.1 where SEL` of a weight decay as Optax writes it, `0.1` and a mask."""
    masked = next((p for p in row.parameters if p.name in ("mask", "weight_decay_mask")), None)
    if masked is None or masked.name in {p.name for p, _ in filled}:
        return filled
    for place, (parameter, value) in enumerate(filled):
        if parameter.neutral == 0 and parameter.kind is not Kind.MASK and _is_masked(value):
            filled = [*filled[:place], _Filled(parameter, value.value), *filled[place + 1 :]]
            filled.append(_Filled(masked, ir.Spread(value.selector, True, False)))
            order = [p.name for p in row.parameters]
            return sorted(filled, key=lambda item: order.index(item.parameter.name))
    return filled


def _is_masked(value: Any) -> bool:
    return (
        isinstance(value, ir.Spread)
        and isinstance(value.otherwise, (int, float))
        and value.otherwise == 0
        and not holds(value.value, ir.Spread, ir.Capture)
    )


def _lifted(parameter: Parameter, value: Any, leaves: Leaves) -> Any:
    if parameter.kind is Kind.MASK:
        return value
    if isinstance(value, tuple):
        return tuple([_lifted(parameter, item, leaves) for item in value])  # pyright: ignore[reportUnknownVariableType]
    return leaves.lift(value, parameter.name)


def _scheduled(parameter: Parameter, value: Any, schedules: list[tuple[str, Any]]) -> Any:
    """Returns the value with variables for what varies in time where Optax takes no schedule."""
    native = parameter.kind in (Kind.SCHEDULABLE, Kind.SCHEDULES, Kind.CALLABLE, Kind.MASK, Kind.OBJECT)
    if native or isinstance(value, ir.Chain) or not varies_in_time(value):
        return value
    if isinstance(value, tuple):
        return tuple([_scheduled(parameter, item, schedules) for item in value])  # pyright: ignore[reportUnknownVariableType]
    taken = {name for name, _ in schedules}
    name = parameter.name
    while name in taken:
        name += "_"
    schedules.append((name, value))
    return ir.Capture(name)


def _argument(place: int, parameter: Parameter, value: Any, row: Row, writer: Writer) -> tuple[str, Code]:
    by_place = place == 0 and parameter is row.parameters[0] and not parameter.keyword_only
    if row.name == "accumulate":
        by_place = True
    return "" if by_place else f"{parameter.name}=", _value(parameter, value, writer)


def _value(parameter: Parameter, value: Any, writer: Writer) -> Code:
    if isinstance(value, ir.Chain):
        return chain(value, writer)
    if parameter.kind is not Kind.MASK or isinstance(value, (bool, ir.Host)):
        return argument(parameter.kind, value, writer, parameter.name)
    if isinstance(value, ir.Spread) and (value.value, value.otherwise) == (True, False):
        return mask(value.selector, writer, parameter.name)
    leaves = Leaves()
    leaves.lift(value, parameter.name)
    masks = masks_of(leaves.numbers, writer)
    return mapped(leaf_function(leaves.numbers[0], masks, writer), masks, writer)


def _per_leaf(code: Code, leaves: Leaves, writer: Writer) -> Code:
    names = ", ".join(number.name for number in leaves.numbers)
    masks = masks_of(leaves.numbers, writer)
    functions = [leaf_function(number, masks, writer) for number in leaves.numbers]
    items = [_made(names, code), *[("", function) for function in functions]]
    if masks:
        trailing = "," if len(masks) == 1 else ""
        items.append(("masks=", f"({', '.join(masks)}{trailing})"))
    return Node(f"{writer.snippet('per_leaf_masked' if masks else 'per_leaf')}(", tuple(items))


def _made(names: str, code: Code) -> tuple[str, Code]:
    """Returns code of the function that makes `code` of these variables, a lambda if one is needed."""
    if isinstance(code, Node) and flat(code) == f"{code.opening}{names})":
        return "", code.opening.removesuffix("(")
    return f"lambda {names}: ", code


# ---- stages for some leaves or some steps


def _guarded(stage: ir.Guarded, writer: Writer) -> Code:
    code = chain(stage.inner, writer)
    if stage.selector is not None:
        code = call("optax.masked", code, mask(stage.selector, writer))
    if stage.condition is not None:
        held = f"lambda step: {expression(stage.condition, writer)}"
        code = call("optax.conditionally_transform", code, held)
    return code


def _match(arms: tuple[ir.Arm, ...], writer: Writer) -> Code:
    chains = [(arm.selector, arm.chain) for arm in arms if arm.chain is not None]
    if len(chains) == 1 and chains[0][0] is None:
        return chain(chains[0][1], writer)
    labels = labels_of([selector for selector, _ in chains])
    groups = tuple((f"{text(label)}: ", chain(inner, writer)) for label, (_, inner) in zip(labels, chains, strict=True))
    return partition(groups, [(s, label) for label, (s, _) in zip(labels, chains, strict=True)], "group", writer)
