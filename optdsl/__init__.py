"""optdsl: optimizers as one string, compiled to jitted Optax.

Importing it imports neither jax nor lark; `optdsl.compile` does when it is first called.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from optdsl.api import check as check
    from optdsl.api import compile as compile
    from optdsl.api import explain as explain
    from optdsl.api import format as format
    from optdsl.api import from_python as from_python
    from optdsl.api import parse as parse
    from optdsl.api import schedule as schedule
    from optdsl.api import to_python as to_python
    from optdsl.backend.optimizer import Optimizer as Optimizer
    from optdsl.backend.optimizer import stack as stack
    from optdsl.diagnostics import Diagnostic as Diagnostic
    from optdsl.diagnostics import OptdslError as OptdslError
    from optdsl.registry.registered import registered as registered
    from optdsl.registry.registered import transform as transform
    from optdsl.registry.row import Traits as Traits
    from optdsl.syntax.ast import Program as Program

_HOMES = {
    **dict.fromkeys(
        ("parse", "check", "format", "compile", "explain", "schedule", "to_python", "from_python"), "optdsl.api"
    ),
    **dict.fromkeys(("Optimizer", "stack"), "optdsl.backend.optimizer"),
    "Diagnostic": "optdsl.diagnostics",
    "OptdslError": "optdsl.diagnostics",
    "Program": "optdsl.syntax.ast",
    "transform": "optdsl.registry.registered",
    "registered": "optdsl.registry.registered",
    "Traits": "optdsl.registry.row",
}

__all__ = ["__version__", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Returns a public name, importing its home when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'optdsl' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
