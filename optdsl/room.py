"""Room on Python's stack: work that recurses as deep as a program may nest, wherever it is called from."""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def with_room(work: Callable[..., T], *arguments: Any) -> T:
    """Returns `work(*arguments)`, done again on a stack of its own if the caller's is too full.

    Raises what `work` raises, `RecursionError` where a whole stack is not enough.
    """
    try:
        return work(*arguments)
    except RecursionError:
        return _alone(work, arguments)


def _alone(work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    from contextvars import copy_context
    from threading import Thread

    done: list[T] = []
    failed: list[BaseException] = []
    context = copy_context()  # what is registered for the caller is registered here

    def run() -> None:
        try:
            done.append(context.run(work, *arguments))
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
