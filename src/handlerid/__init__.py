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
from handlerid._explain import Difference, Explanation, explain
from handlerid._handler_id import HandlerId
from handlerid._identity import Identity, handler_id
from handlerid._observing import LoggingObserver, Observer
from handlerid._reading import Form
from handlerid._registry import Registry
from handlerid._resolving import rerender
from handlerid._traceback import trim_traceback

if TYPE_CHECKING:
    from handlerid._current import current_call, current_event
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


def __getattr__(name: str) -> object:
    """The events, each made when it is first asked for: see ``handlerid.events``.

    And what asks for the running call, which costs who asks: see ``_current``; and
    tokens, which not every host has.
    """
    if name in ("current_call", "current_event"):
        home = import_module("handlerid._current")
    elif name in ("Tokens", "Verified"):
        home = import_module("handlerid._tokens")
    elif name in events.__all__:
        home = events
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
