"""handlerid gives event handlers an identity and dispatches typed events to them.

A page carries the id of a handler; any process that knows the handler answers::

    registry = Registry()
    page = Dispatcher(registry).offer(on_click)  # at render: the id
    Dispatcher(registry).dispatch({"handler": page})  # at the click, elsewhere

Where everything lives is told in ``docs/explanation/architecture.md``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from handlerid import events
from handlerid._binding import BoundHandler
from handlerid._call import Call
from handlerid._dispatcher import Dispatcher
from handlerid._handler_id import HandlerId
from handlerid._identity import Identity, handler_id
from handlerid._observing import LoggingObserver, Observer
from handlerid._reading import Form
from handlerid._registry import Registry
from handlerid._resolving import rerender
from handlerid._traceback import trim_traceback

if TYPE_CHECKING:
    from handlerid._current import current_call, current_event
    from handlerid._explain import Difference, Explanation, explain
    from handlerid._tokens import Tokens, Verified
    from handlerid.events import *  # noqa: F403 - all of __all__ there

__all__ = [
    "BoundHandler",
    "Call",
    "Difference",
    "Dispatcher",
    "Explanation",
    "Form",
    "HandlerId",
    "Identity",
    "LoggingObserver",
    "Observer",
    "Registry",
    "Tokens",
    "Verified",
    "current_call",
    "current_event",
    "explain",
    "handler_id",
    "rerender",
    "trim_traceback",
]
__all__ += events.__all__


_HOMES = {
    # What costs who has it: see the module.
    "current_call": "_current",
    "current_event": "_current",
    # What not every host has, or not in every process.
    "Difference": "_explain",
    "Explanation": "_explain",
    "Tokens": "_tokens",
    "Verified": "_tokens",
    "explain": "_explain",
}


def __getattr__(name: str) -> object:
    """What is imported, or for an event made, when it is first asked for."""
    if name in _HOMES:
        home = import_module(f"handlerid.{_HOMES[name]}")
    elif name in events.__all__:
        home = events
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
