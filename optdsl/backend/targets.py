"""Words of the registry -> the functions of Optax that they name."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from optdsl.registry import lookup

ALIASES = {
    "lr": "optax:scale_by_learning_rate",
    "clip_norm": "optax:clip_by_global_norm",
    "skip_nonfinite": "optax:apply_if_finite",
}
"""Words of ours that are a function of Optax under another name."""


@cache
def target(word: str) -> Callable[..., Any]:
    """Returns the function that `word` names; raises `AttributeError` where this Optax has none."""
    row = lookup(word)
    place = ALIASES.get(word) or (row.target if row else "")
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
