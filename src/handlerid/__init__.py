"""handlerid gives event handlers an identity and dispatches typed events to them.

A page carries the id of a handler; any process that knows the handler answers::

    registry = Registry()
    page = Dispatcher(registry).offer(on_click)  # at render: the id
    Dispatcher(registry).dispatch({"handler": page})  # at the click, elsewhere

Where everything lives is told in ``docs/explanation/architecture.md``.
"""

from handlerid._binding import BoundHandler
from handlerid._dispatcher import Call, Dispatcher, rerender
from handlerid._explain import Difference, Explanation, explain
from handlerid._handler_id import HandlerId
from handlerid._identity import Identity, handler_id
from handlerid._registry import Registry
from handlerid.events import (
    ClickEvent,
    Event,
    InputBlurEvent,
    InputEnterEvent,
    InputEvent,
)

__all__ = [
    "BoundHandler",
    "Call",
    "ClickEvent",
    "Difference",
    "Dispatcher",
    "Event",
    "Explanation",
    "HandlerId",
    "Identity",
    "InputBlurEvent",
    "InputEnterEvent",
    "InputEvent",
    "Registry",
    "explain",
    "handler_id",
    "rerender",
]
