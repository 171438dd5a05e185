"""Which call is running here, for the handler and whatever it calls.

What belongs here: ``current_call`` and ``current_event``. The context variable that
they read belongs to ``_call``.

The rules:

1. Importing this module is what asks for it: from then on every call stands in the
   context variable, in its own context. A process that never imports it does not pay
   for it; ``handlerid`` imports it when one of its two names is first asked for.
2. A call that was on its way before, because the import stands in a handler, is found
   in the frame of its dispatcher, and stands in the variable from then on.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from handlerid._call import Call, running
from handlerid._dispatcher import SHORT_WAYS

if TYPE_CHECKING:
    from types import FrameType

    from handlerid.events import Event

__all__ = ["current_call", "current_event"]


def current_call() -> Call:
    """Returns the call that is running here.

    Works in a handler, in whatever it calls, and in tasks and threads that it starts
    with its context. A handler that dispatches another has its own again after it.

    Raises:
        LookupError: no handler is running here.
    """
    found = running.variable.get(()) or _from_frames()
    if not found:
        raise LookupError(
            "no handler is running here: current_call() and current_event() work in "
            "a handler, and in tasks and threads that have its context"
        )
    if len(found) > 1:
        # Made the first time it is asked for: most calls never are.
        found = (Call(*found),)
        running.variable.set(found)
    call: Call = found[0]
    return call


def current_event() -> Event:
    """Returns the event of the call that is running here.

    There is one for handlers that take no event, too.

    Raises:
        LookupError: no handler is running here.
    """
    event = current_call().event
    assert event is not None  # noqa: S101 - no call runs before its event is decoded
    return event


def _from_frames() -> tuple[Any, ...]:
    """Rule 2: what ``Call`` takes to make the call whose dispatcher is on the stack."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the only way to it
    while frame is not None and frame.f_globals.get("__name__") != Call.__module__:
        local = frame.f_locals if frame.f_code in SHORT_WAYS else {}
        if "context" in local:
            terms = local["self"]._terms  # noqa: SLF001
            return local["handler"], local["event"], terms, local["payload"]
        frame = frame.f_back
    return ()


running.wanted = True
if begun := _from_frames():
    running.variable.set(begun)
