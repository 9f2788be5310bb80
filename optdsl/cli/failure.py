"""Command line, what is said when optdsl itself fails: one line, with all that a report of the bug needs."""

import platform
from importlib.metadata import PackageNotFoundError, version

from optdsl import __version__

_PACKAGES = ("jax", "optax", "lark")


def failure(error: Exception) -> str:
    """Returns one line about a bug of ours: what happened, in which versions, and how to report it."""
    kind = type(error).__name__
    said = " ".join(str(error).split())[:200]
    python = f"Python {platform.python_version()}"
    versions = ", ".join([f"optdsl {__version__}", *map(_version, _PACKAGES), python])
    return (
        f"error[E999]: optdsl itself failed, with {kind}{f': {said}' if said else ''}; "
        f"report the command and this line ({versions}); OPTDSL_DEBUG=1 shows where"
    )


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"
