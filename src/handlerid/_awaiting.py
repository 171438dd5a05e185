"""Await something in a context, with any event loop.

Closing or cancelling reaches what is awaited, and runs its ``finally``, before it
returns.
"""

from contextvars import Context
from types import CoroutineType, coroutine
from typing import Any

__all__ = ["END", "close_unawaited", "drive", "in_context", "take"]

END: Any = object()
"""What ``take`` returns if there is no other step."""


def close_unawaited(awaitable: object) -> None:
    """Close a coroutine, since Python warns of one that was never awaited."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()


async def take(context: Context, steps: Any, first: Any = None) -> object:
    """Take the next step of an async generator."""
    try:
        return await drive(context, first or steps.__anext__())
    except StopAsyncIteration:
        return END


async def in_context(context: Context, awaitable: Any) -> Any:
    """Await something, each step of it in a context."""
    return await drive(context, _await(awaitable))


async def _await(awaitable: Any) -> Any:
    return await awaitable


@coroutine
def drive(context: Context, work: Any) -> Any:
    """Await a coroutine, or the like that has ``send`` and ``throw``, in a context.

    It passes on whatever is yielded, so it serves any event loop. Being closed is
    thrown on, too: until 3.13, closing a step of an async generator does not reach its
    ``finally``.
    """
    resume: Any = work.send
    argument: object = None
    try:
        while True:
            try:
                signal = context.run(resume, argument)
            except StopIteration as stop:
                return stop.value
            try:
                resume, argument = work.send, (yield signal)
            except BaseException as error:  # noqa: BLE001 - the handler's to handle
                resume, argument = work.throw, error
    finally:
        argument = None  # an error's traceback holds this frame: make no circle
