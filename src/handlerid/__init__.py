"""handlerid gives event handlers an identity and dispatches typed events to them.

A page carries the id of a handler; any process that knows the handler answers::

    registry = Registry()
    page = Dispatcher(registry).offer(on_click)  # at render: the id
    Dispatcher(registry).dispatch({"handler": page})  # at the click, elsewhere

Where everything lives is told in ``docs/explanation/architecture.md``.
"""

from typing import TYPE_CHECKING

from handlerid import events
from handlerid._binding import BoundHandler
from handlerid._dispatcher import Call, Dispatcher, rerender
from handlerid._explain import Difference, Explanation, explain
from handlerid._handler_id import HandlerId
from handlerid._identity import Identity, handler_id
from handlerid._reading import Form
from handlerid._registry import Registry

if TYPE_CHECKING:
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
    "Registry",
    "explain",
    "handler_id",
    "rerender",
]
__all__ += events.__all__


def __getattr__(name: str) -> object:
    """The events, each made when it is first asked for: see ``handlerid.events``."""
    if name not in events.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(events, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
