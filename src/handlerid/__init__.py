"""handlerid gives event handlers an identity and dispatches typed events to them.

A page carries the id of a handler; any process that knows the handler answers::

    app = Dispatcher(Registry())
    with app.scope() as scope:
        reference = scope.offer(on_click)  # for the page
    app.dispatch({"handler": reference}, scope=scope)  # at the click
"""

from typing import TYPE_CHECKING

from handlerid import errors, events
from handlerid._decoding import Form, Payload
from handlerid._dispatch import Call, Dispatcher, Observer, Resolver, Scope
from handlerid._identity import HandlerId, Identity, handler_id
from handlerid._preload import preload
from handlerid._registry import (
    Captures,
    RegisteredHandler,
    Registry,
    Scan,
    Stale,
    Unstable,
)
from handlerid.errors import HandlerIdError
from handlerid.events import ClickEvent, Event

if TYPE_CHECKING:
    from handlerid._explain import Difference, Explanation, explain
    from handlerid._logging import LoggingObserver
    from handlerid._tokens import Tokens, Verified
    from handlerid.events import (
        ChangeEvent,
        InputBlurEvent,
        InputEnterEvent,
        InputEvent,
        SubmitEvent,
    )

__all__ = [
    "Call",
    "Captures",
    "ChangeEvent",
    "ClickEvent",
    "Difference",
    "Dispatcher",
    "Event",
    "Explanation",
    "Form",
    "HandlerId",
    "HandlerIdError",
    "Identity",
    "InputBlurEvent",
    "InputEnterEvent",
    "InputEvent",
    "LoggingObserver",
    "Observer",
    "Payload",
    "RegisteredHandler",
    "Registry",
    "Resolver",
    "Scan",
    "Scope",
    "Stale",
    "SubmitEvent",
    "Tokens",
    "Unstable",
    "Verified",
    "__version__",
    "errors",
    "events",
    "explain",
    "handler_id",
    "preload",
]

__version__ = "0.1.0"


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # checkers would accept any name

    def __getattr__(name: str) -> object:
        """Load what not every process needs."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name.endswith("Event"):
            return getattr(events, name)
        if name in ("Tokens", "Verified"):
            from handlerid import _tokens as room  # noqa: PLC0415
        elif name == "LoggingObserver":
            from handlerid import _logging as room  # noqa: PLC0415
        else:
            from handlerid import _explain as room  # noqa: PLC0415
        return getattr(room, name)
