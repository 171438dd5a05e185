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

if TYPE_CHECKING:
    from handlerid._binding import BoundHandler
    from handlerid._call import Call
    from handlerid._current import current_call, current_event
    from handlerid._dispatcher import Dispatcher
    from handlerid._explain import Difference, Explanation, explain
    from handlerid._handler_id import HandlerId
    from handlerid._identity import Identity, handler_id
    from handlerid._observing import LoggingObserver, Observer
    from handlerid._reading import Form
    from handlerid._registry import Registry, Scope
    from handlerid._resolving import rerender
    from handlerid._tokens import Tokens, Verified
    from handlerid._traceback import trim_traceback
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
    "Scope",
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


# For type checkers the same is said above; a test compares the two.
_MODULES = {
    "_binding": ("BoundHandler",),
    "_call": ("Call",),
    "_current": ("current_call", "current_event"),
    "_dispatcher": ("Dispatcher",),
    "_explain": ("Difference", "Explanation", "explain"),
    "_handler_id": ("HandlerId",),
    "_identity": ("Identity", "handler_id"),
    "_observing": ("LoggingObserver", "Observer"),
    "_reading": ("Form",),
    "_registry": ("Registry", "Scope"),
    "_resolving": ("rerender",),
    "_tokens": ("Tokens", "Verified"),
    "_traceback": ("trim_traceback",),
    "events": tuple(events.__all__),
}
_HOMES = {
    name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names
}


def _ask(name: str) -> object:
    """Imported when it is first asked for: a process pays for what it uses."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


# Type checkers would take any name from a module that has one, misspelt ones too.
if not TYPE_CHECKING:
    __getattr__ = _ask


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
