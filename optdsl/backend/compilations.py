"""Whether anything was compiled: counts what jax reports of its compiler while a block runs."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jax

_COMPILED = "/jax/core/compile/backend_compile_duration"


class Count:
    """How many functions were compiled."""

    def __init__(self) -> None:
        self.number = 0


@contextmanager
def compilations() -> Generator[Count]:
    """Yields a count of the functions that jax compiles in the block, up to date when it ends."""
    seen, count = _seen(), Count()
    before = len(seen)
    yield count
    count.number = len(seen) - before


@cache
def _seen() -> list[str]:
    """Returns the compilations of this process since the first call, one listener for all of them."""
    events: list[str] = []

    def hear(event: str, duration_secs: float, **facts: Any) -> None:
        del duration_secs, facts
        if event == _COMPILED:
            events.append(event)

    jax.monitoring.register_event_duration_secs_listener(hear)
    return events
