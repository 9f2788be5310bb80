"""Stages that Python registered: a function and its arguments in, the transform that it returns out, checked."""

from collections.abc import Mapping
from typing import Any

import optax

from optdsl.backend.extras import optional, routed
from optdsl.registry.registered import Registered


def built(origin: Registered, given: Mapping[str, Any]) -> optax.GradientTransformationExtraArgs:
    """Returns the transform that a registered function makes of its arguments.

    Its `update` gets the extra arguments that it names, all of them if it takes any. Raises `TypeError` if the
    function returns something else than a transform.
    """
    tx = origin.function(**given)
    if not (callable(getattr(tx, "init", None)) and callable(getattr(tx, "update", None))):
        found = type(tx).__name__
        raise TypeError(f"the function of the stage `{origin.row.name}` returns a GradientTransformation, not {found}")
    return routed(tx, optional(tx))
