"""Programs that fit their parameters, and do something else than was meant: wrong axes, half precision, bad values."""

from collections.abc import Sequence

from optdsl import ir
from optdsl.diagnostics import Findings
from optdsl.diagnostics.suggest import listed
from optdsl.registry import Parameter, lookup
from optdsl.semantics.leaves import Leaf

_SHOWN = 3
_HALF = ("bfloat16", "float16")


def report_layout(
    stage: ir.Centralize, active: Sequence[bool], leaves: Sequence[Leaf], layout: str, findings: Findings
) -> None:
    """Reports the default axes of `centralize` on kernels whose units lie along the last axis (W521)."""
    if stage.axes is not None or layout != "flax":
        return
    kernels = [leaf for leaf, there in zip(leaves, active, strict=True) if there and len(leaf.shape) >= stage.min_ndim]
    if not kernels:
        return
    shown = listed(str(leaf) for leaf in kernels[:_SHOWN])
    more = f" and {len(kernels) - _SHOWN} more" if len(kernels) > _SHOWN else ""
    message = f"the default axes average over the outputs of {shown}{more}: all axes but the first"
    findings.add("W521", message, stage.span, help="write `centralize(axes=fan_in)`, or say the axes")


def report_half_precision(stage: ir.Stage, active: Sequence[bool], leaves: Sequence[Leaf], findings: Findings) -> None:
    """Reports second moments that follow half-precision parameters, where they stall (W522)."""
    row = lookup(stage.word)
    traits = row.traits if row else None
    if traits is None or not traits.half_state or traits.degree != 0:
        return
    half = [leaf for leaf, there in zip(leaves, active, strict=True) if there and leaf.dtype in _HALF]
    if half:
        message = (
            f"`{stage.word}` keeps its second moments in {half[0].dtype}, as `{half[0].path}` is: they stall, "
            "because a moment moves by less than its last digit"
        )
        findings.add("W522", message, stage.span, help="keep a float32 copy of the parameters to train")


def report_values(
    value: ir.Value, argument: ir.Argument, parameter: Parameter | None, leaves: Sequence[Leaf], findings: Findings
) -> None:
    """Reports the first leaf on which a value over leaves has no value (E231), or one out of range (E222)."""
    if not isinstance(value, ir.PerLeaf):
        return
    bounds = parameter.bounds if parameter else None
    for one, leaf in zip(value.values, leaves, strict=True):
        if isinstance(one, ir.Unknown):
            message = f"`{argument.name}` has no value on `{leaf.path}`: a division by zero, or a number too large"
            findings.add("E231", message, argument.span, help="mend the expression, or leave that leaf out")
            return
        number = isinstance(one, (int, float)) and not isinstance(one, bool)
        if bounds is not None and number and not bounds.admits(one):  # pyright: ignore[reportArgumentType]
            message = f"`{argument.name}` is {one:g} on `{leaf.path}`, and must be {bounds}"
            findings.add("E222", message, argument.span, help=f"write a value {bounds}")
            return
