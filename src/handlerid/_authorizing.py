"""What the host's ``authorize`` answered.

What belongs here: what counts as a yes, and what is said when there is none.

The rule: an answer that has to be awaited is no answer yet, nor is one of a function
that yields. A coroutine and a generator are true, so they would let everybody in.
"""

from __future__ import annotations

from inspect import isasyncgen, isawaitable, iscoroutinefunction, isgenerator
from typing import TYPE_CHECKING

from handlerid._running.bridging import drop
from handlerid.errors import AsyncHandler, NotAllowed

if TYPE_CHECKING:
    from handlerid._call import Call

__all__ = ["at_once", "check", "is_async"]


def check(call: Call, allowed: object) -> None:
    """Refuses a call that may not be made.

    Raises:
        NotAllowed: the answer is no.
    """
    if allowed is True:
        return
    if not allowed:
        raise NotAllowed(f"authorize refused {call.handler.id.place}")
    if isawaitable(allowed) or isgenerator(allowed) or isasyncgen(allowed):
        drop(allowed)
        raise NotAllowed(
            f"authorize gave no answer about {call.handler.id.place}: what it returned "
            "would have to be awaited, or iterated over"
        )


def at_once(call: Call, allowed: object) -> object:
    """Returns the answer where nothing can await it.

    Raises:
        AsyncHandler: it has to be awaited.
    """
    if not isawaitable(allowed):
        return allowed
    drop(allowed)
    raise AsyncHandler(
        f"authorize is asynchronous, and was asked about {call.handler.id.place} where "
        "nothing awaits it; use aprepare() or adispatch()"
    )


def is_async(authorize: object) -> bool:
    """Tells whether this is an ``async def``, or an object that is called by one."""
    return iscoroutinefunction(authorize) or iscoroutinefunction(
        getattr(authorize, "__call__", None)  # noqa: B004 - it is asked what it is
    )
