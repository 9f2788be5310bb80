"""Selectors put together: `and`, `or`, `not`, in the plainest form. In: selectors. Out: one. It knows no Python."""

from optdsl import ir
from optdsl.semantics.classes import KERNEL_AXES, PATTERNS

FOLDED = "(?i)"
"""What a regular expression begins with that does not tell upper from lower case."""

EVERYTHING = ir.PathGlob("**")
KERNEL = ir.PathRegex(FOLDED + "|".join(PATTERNS["kernel"]))
"""What the path of a leaf of the class `kernel` holds."""


def negated(selector: ir.Selector) -> ir.Selector:
    """Returns what the selector does not select."""
    if isinstance(selector, ir.Combine) and selector.operator == "not":
        return selector.operands[0]
    return ir.Combine("not", (selector,))


def both(*selectors: ir.Selector) -> ir.Selector:
    """Returns what all of them select."""
    nothing = negated(EVERYTHING)
    if nothing in selectors:
        return nothing
    operands = _flat("and", [one for one in selectors if one != EVERYTHING])
    operands = _without_reach(operands)
    if _is_kernel(operands):
        return ir.LeafClass("kernel")
    return _combined("and", operands) or EVERYTHING


def either(*selectors: ir.Selector) -> ir.Selector:
    """Returns what any of them selects."""
    if EVERYTHING in selectors:
        return EVERYTHING
    nothing = negated(EVERYTHING)
    return _combined("or", _flat("or", [one for one in selectors if one != nothing])) or nothing


def _combined(operator: str, operands: list[ir.Selector]) -> ir.Selector | None:
    if not operands:
        return None
    return operands[0] if len(operands) == 1 else ir.Combine(operator, tuple(operands))


def _flat(operator: str, selectors: list[ir.Selector]) -> list[ir.Selector]:
    found: list[ir.Selector] = []
    for one in selectors:
        found += one.operands if isinstance(one, ir.Combine) and one.operator == operator else (one,)
    return found


def _without_reach(operands: list[ir.Selector]) -> list[ir.Selector]:
    """Leaves `ndim > 0` out in front of `shape[0] == 4`, which selectors imply."""
    kept: list[ir.Selector] = []
    for one in operands:
        if isinstance(one, ir.LeafTest) and one.index is not None and kept:
            least = one.index if one.index >= 0 else -one.index - 1
            if kept[-1] == ir.LeafTest("ndim", None, ">", least):
                kept.pop()
        kept.append(one)
    return kept


def _is_kernel(operands: list[ir.Selector]) -> bool:
    """Returns whether this is the definition of the class `kernel`."""
    others = ir.Combine("or", (ir.LeafClass("norm"), ir.LeafClass("embedding")))
    axes = ir.LeafTest("ndim", None, ">=", KERNEL_AXES)
    return operands == [KERNEL, axes, negated(others)]
