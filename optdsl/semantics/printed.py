"""Back to text: a whole chain of the intermediate form as a program, names written out, only what was given."""

from optdsl import ir
from optdsl.registry import Kind
from optdsl.semantics.rows import row_of
from optdsl.semantics.show import show


def printed(chain: ir.Chain) -> str:
    """Returns a program with the meaning of `chain`, live numbers declared in front; not yet laid out.

    >>> printed(ir.Chain((ir.Stage("clip", (ir.Argument("max_delta", 1.0),)),)))
    'clip(max_delta=1.0)'
    """
    live = ir.live_numbers(chain)
    declared = "".join(f"live {name} = {show(initial)}; " for name, initial in live.items())
    return declared + _chain(chain)


def _chain(chain: ir.Chain) -> str:
    return " | ".join(map(_stage, chain.stages)) or "identity"


def _stage(stage: ir.AnyStage) -> str:
    match stage:
        case ir.Guarded(inner, selector, condition):
            body = _chain(inner) if len(inner.stages) == 1 else f"({_chain(inner)})"
            return f"{body} where {show(selector)}" if selector is not None else f"{body} when {show(condition)}"
        case ir.Freeze(selector):
            return f"freeze where {show(selector)}"
        case ir.Match(arms):
            text = f"match {{ {', '.join(map(_arm, arms))} }}"
        case ir.HostStage(host):
            text = f":{host.hole}"
        case _:
            text = _call(stage)
    return f"{text} as {stage.alias}" if stage.alias else text


def _arm(arm: ir.Arm) -> str:
    selector = "else" if arm.selector is None else show(arm.selector)
    return f"{selector} => {'freeze' if arm.chain is None else _chain(arm.chain)}"


def _call(stage: ir.Stage | ir.Centralize | ir.Decay) -> str:
    row = row_of(stage)
    kinds = {p.name: p.kind for p in row.parameters} if row else {}
    block = next((a.value for a in stage.arguments if kinds.get(a.name) is Kind.TRANSFORM), None)
    given = [a for a in stage.arguments if a.given and a.value is not block]
    arguments = f"({', '.join(f'{a.name}={_value(a.value)}' for a in given)})" if given else ""
    return f"{stage.word}{arguments}" + (f" {{ {_chain(block)} }}" if isinstance(block, ir.Chain) else "")


def _value(value: ir.Value) -> str:
    return _chain(value) if isinstance(value, ir.Chain) else show(value)
