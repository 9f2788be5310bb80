"""Transforms that installed packages declare, in the entry-point group `optdsl.transforms`.

In: a name that nothing else knows. Out: the stage, or why there is none. A text chooses only among names that some
installed package has declared as its own; nothing else is ever imported, and nothing before a program asks for it.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from optdsl.registry.registered import Registered, find, is_name
from optdsl.registry.signatures import row_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "optdsl.transforms"


class Failure(NamedTuple):
    """A name that packages declare, and that is no stage for this reason."""

    reason: str


def declared() -> tuple[str, ...]:
    """Returns the names that installed packages declare; imports none of them."""
    return tuple(_declared(tuple(sys.path)))


def loaded(name: str) -> Registered | Failure | None:
    """Returns the stage that a package declares as `name`, importing what it declares; None if none does.

    Packages installed while this process runs are seen after a restart.
    """
    return _loaded(name, tuple(sys.path)) if name in _declared(tuple(sys.path)) else None


@cache
def _declared(path: tuple[str, ...]) -> Mapping[str, Sequence["EntryPoint"]]:
    """Returns the entry points by name; `path` is `sys.path`, where packages are looked for."""
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if is_name(entry.name):
            found.setdefault(entry.name, []).append(entry)
    return found


@cache
def _loaded(name: str, path: tuple[str, ...]) -> Registered | Failure:
    entries = _declared(path)[name]
    packages = " and ".join(sorted({entry.dist.name if entry.dist else entry.module for entry in entries}))
    if len(entries) > 1:
        return Failure(f"{packages} both declare it")
    try:
        function = entries[0].load()
        # Importing it may have registered it, together with its traits; later look-ups find that first.
        return find(name) or Registered(function, row_of(name, function, None))
    except RecursionError:  # the caller's stack is full, and it tries again on another
        raise
    except Exception as error:  # whatever a package does when it is imported
        return Failure(f"{packages} declares it, and loading it failed: {type(error).__name__}: {error}")
