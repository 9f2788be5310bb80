"""The numbers and schedules of a chain by path, as Python has them: what `Optimizer.hyperparams` shows."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from optdsl import ir
from optdsl.backend.arguments import python
from optdsl.backend.complement import Share
from optdsl.semantics.names import named

_NUMBERS = (int, float, ir.OptaxSchedule, ir.Arrow, ir.Apply, ir.Choose, ir.Step)


def hyperparams(chain: ir.Chain) -> Mapping[str, Any]:
    """Returns path -> number or schedule, defaults included; live numbers and what varies over leaves are left out.

    >>> hyperparams(ir.Chain((ir.Stage("clip_norm", (ir.Argument("max_norm", 2.0),)),)))
    mappingproxy({'clip_norm.max_norm': 2.0})
    """
    found = {
        f"{path}.{argument.name}": _plain(_number(argument.value))
        for path, stage in named(chain)
        for argument in getattr(stage, "arguments", ())
        if _is_number(_number(argument.value))
    }
    return MappingProxyType(found)


def _number(value: ir.Value) -> ir.Value:
    """Returns `x` of `x where SEL`, which is 0 elsewhere: one number, for some leaves."""
    return value.value if isinstance(value, ir.Spread) and value.otherwise == 0 else value


def _plain(value: ir.Value) -> Any:
    """Returns a number or schedule as Python has it; of a share, the number."""
    found = python(value)
    return found.value if isinstance(found, Share) else found


def _is_number(value: ir.Value) -> bool:
    if isinstance(value, ir.Host):
        return callable(value.value) or hasattr(value.value, "dtype") or isinstance(value.value, Share)
    varies_by_leaf = ir.contains(value, (ir.Spread, ir.Capture, ir.LiveNumber))
    return isinstance(value, _NUMBERS) and not isinstance(value, bool) and not varies_by_leaf
