"""Combinations that have no meaning, found without parameters: each with the reason, and what to write instead."""

from optdsl import ir
from optdsl.registry import Kind
from optdsl.semantics.places import descends
from optdsl.semantics.rows import row_of
from optdsl.semantics.scope import Context


def report_refused(chain: ir.Chain, context: Context) -> None:
    """Reports every such combination in `chain`, also inside blocks and arms."""
    for stage in chain.stages:
        _report(stage, context)
    _report_blind_decay(chain, context)


def _report_blind_decay(chain: ir.Chain, context: Context) -> None:
    """`decay` behind a transform that may or may not have taken the step down has no sign."""
    silent: ir.AnyStage | None = None
    for stage in chain.stages:
        if isinstance(stage, ir.Decay) and silent is not None:
            message = f"`decay` cannot tell gradients from updates behind `{getattr(silent, 'word', '')}`"
            labels = ((silent.span, "says nothing about itself"),)
            help = "write `add_decayed_weights(x)` for gradients, `add_decayed_weights(-x)` for updates"
            context.error("E249", message, stage.span, labels=labels, help=help)
        if descends(stage):
            return
        row = row_of(stage) if isinstance(stage, ir.RegisteredStage) else None
        told = isinstance(stage, ir.RegisteredStage) and row is not None and row.traits is not None
        if isinstance(stage, (ir.HostStage, ir.RegisteredStage)) and not told:
            silent = stage


def _report(stage: ir.AnyStage, context: Context) -> None:
    match stage:
        case ir.Guarded(inner, selector, condition):
            if selector is not None:
                _report_raw_leaves(stage, context)
            if selector is None and condition is not None and ir.contains(inner, ir.Freeze):
                message = "leaves are frozen for the whole run, and a condition on the step comes and goes"
                context.error("E243", message, stage.span, help="write `set_to_zero when COND`")
            report_refused(inner, context)
        case ir.Match(arms):
            for arm in arms:
                if arm.chain is not None:
                    report_refused(arm.chain, context)
        case ir.Stage():
            _report_coupled(stage, context)
            _report_doubled_mask(stage, context)
            for argument in stage.arguments:
                if isinstance(argument.value, ir.Chain):
                    report_refused(argument.value, context)
        case _:
            return


def _report_raw_leaves(stage: ir.Guarded, context: Context) -> None:
    """A stage that applies the learning rate, for some leaves only, leaves the others their raw gradient."""
    if any(map(descends, stage.inner.stages)):
        message = "the stage applies the learning rate, so the leaves it leaves out would get their raw gradient"
        help = "write `match { SELECTOR => chain, else => freeze }`"
        context.error("E303", message, stage.span, help=help)


def _report_coupled(stage: ir.Stage, context: Context) -> None:
    row = row_of(stage)
    if row is None or row.traits is None or not row.traits.couples_leaves:
        return
    for argument in stage.arguments:
        if ir.contains(argument.value, ir.Spread) and not isinstance(argument.value, ir.Chain):
            message = (
                f"`{argument.name}` of `{stage.word}` is one number for all leaves, because the stage couples them"
            )
            context.error("E304", message, argument.span, help="use `match`, or a stage that works leaf by leaf")


def _report_doubled_mask(stage: ir.Stage, context: Context) -> None:
    row = row_of(stage)
    kinds = {p.name: p.kind for p in row.parameters} if row else {}
    masks = [a for a in stage.arguments if kinds.get(a.name) is Kind.MASK and a.given and a.name != "trust_ratio_mask"]
    for argument in stage.arguments:
        spread = isinstance(argument.value, ir.Spread) and argument.name.startswith("weight_decay")
        if spread and kinds.get(argument.name) is not Kind.MASK and masks:
            message = f"`{argument.name}` says with `where` what `{masks[0].name}` says too"
            labels = ((masks[0].span, "the other"),)
            context.error("E246", message, argument.span, labels=labels, help="keep one of the two")
