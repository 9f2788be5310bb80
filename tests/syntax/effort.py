"""How much work something is, as a number that is the same on every machine, for tests to compare."""

import sys
from collections.abc import Callable


def calls(work: Callable[[], object]) -> int:
    """Returns how many calls of functions, Python's and C's, `work` makes."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
