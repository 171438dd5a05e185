"""Other ways from an event to its handler.

Each peer is a function that takes a handler and the fields of a click, and returns how
that peer brings the click to it, and what it is called with. They do not do the same:
``DOES`` says which of them read bytes, find the handler by a text, check anything or
isolate the handler.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from handlerid import ClickEvent

__all__ = ["AWAITED", "DOES", "PEERS", "Way", "load"]

Way = tuple[Callable[[Any], Any], object]
"""How it is called, and with what."""

Fields = Mapping[str, Any]


def mesop(handler: Callable[[Any], object], fields: Fields) -> Way:
    """Mesop's way from a request's bytes; Flask and the rendering are left out."""
    import mesop.protos.ui_pb2 as pb
    from mesop.component_helpers.helper import wrap_handler_with_event
    from mesop.events import ClickEvent as MesopClickEvent
    from mesop.runtime import runtime

    context = runtime().create_context()
    wrapped = wrap_handler_with_event(handler, MesopClickEvent)
    context.register_event_handler("handler", wrapped)
    request = pb.UiRequest()
    request.user_event.handler_id = "handler"
    request.user_event.key.key = fields["key"]
    for name, value in fields.items():
        if name != "key":
            setattr(request.user_event.click, name, value)
    data = base64.urlsafe_b64encode(request.SerializeToString())

    def answer(data: bytes) -> None:
        request = pb.UiRequest()
        request.ParseFromString(base64.urlsafe_b64decode(data))
        for _ in context.run_event_handler(request.user_event):
            pass

    return answer, data


def nicegui(handler: Callable[[Any], object], fields: Fields) -> Way:
    """What its socket calls with a message: ``element.on("click", handler)``."""
    from nicegui import Client, ui
    from nicegui.page import page

    with Client(page("/"), request=None):
        element = ui.element().on("click", handler)
    # Its socket calls these two.
    (listener,) = element._event_listeners.values()  # noqa: SLF001
    message = {"listener_id": listener.id, "args": dict(fields)}
    return element._handle_event, message  # noqa: SLF001


def textual(handler: Callable[[Any], object], fields: Fields) -> Way:
    """A message to a method with ``@on``, as the app's loop dispatches it: awaited."""
    from textual import on
    from textual.app import App
    from textual.message import Message

    class Clicked(Message):  # type: ignore[misc] # not read by the checker
        def __init__(self, fields: Fields) -> None:
            super().__init__()
            self.fields = fields

    class Page(App):  # type: ignore[misc]
        @on(Clicked)  # type: ignore[untyped-decorator]
        def clicked(self, event: Clicked) -> None:
            handler(ClickEvent(**event.fields))

    app = Page()

    async def answer(fields: Fields) -> None:
        await app._dispatch_message(Clicked(fields))  # noqa: SLF001 - as its loop does

    return answer, fields


def blinker(handler: Callable[[Any], object], fields: Fields) -> Way:
    """``signal.send(sender, **fields)``; receivers are found by the signal."""
    from blinker import Signal

    clicked = Signal()

    def receiver(sender: object, **fields: Any) -> None:
        handler(ClickEvent(**fields))

    clicked.connect(receiver, weak=False)
    return lambda fields: clicked.send("page", **fields), fields


def psygnal(handler: Callable[[Any], object], fields: Fields) -> Way:
    """``signal.emit(event)``."""
    from psygnal import Signal

    class Page:
        clicked = Signal(object)

    page = Page()
    page.clicked.connect(handler)
    return lambda fields: page.clicked.emit(ClickEvent(**fields)), fields


def pluggy(handler: Callable[[Any], object], fields: Fields) -> Way:
    """``manager.hook.clicked(event=...)`` with one implementation."""
    import pluggy as library

    spec, impl = library.HookspecMarker("page"), library.HookimplMarker("page")

    class Hooks:
        @spec
        def clicked(self, event: object) -> None: ...

    class Plugin:
        @impl
        def clicked(self, event: object) -> None:
            handler(event)

    manager = library.PluginManager("page")
    manager.add_hookspecs(Hooks)
    manager.register(Plugin())
    hook = manager.hook
    return lambda fields: hook.clicked(event=ClickEvent(**fields)), fields


PEERS: dict[str, Callable[[Callable[[Any], object], Fields], Way]] = {
    "Mesop": mesop,
    "NiceGUI": nicegui,
    "Textual": textual,
    "blinker": blinker,
    "psygnal": psygnal,
    "pluggy": pluggy,
}

AWAITED = {"Textual"}

DOES = {
    "handlerid, JSON": "bytes; id; checks fields; typed event; own context",
    "handlerid, a mapping": "mapping; id; checks fields; typed event; own context",
    "Mesop": "bytes; id; protobuf's types; typed event; a generator",
    "NiceGUI": "mapping; id of a listener on an element; checks nothing; an untyped "
    "mapping in an event; the element's slot; catches errors",
    "Textual": "a message, and an event made by hand; handlers by class; bubbling",
    "blinker": "an event made by hand; all receivers of a signal",
    "psygnal": "an event made by hand; all receivers of a signal",
    "pluggy": "an event made by hand; all implementations of a hook; collects results",
}


def load(name: str, handler: Callable[[Any], object], fields: Fields) -> Way | None:
    """Returns how a peer brings the fields to the handler, or None if it is missing."""
    try:
        return PEERS[name](handler, fields)
    except ImportError:
        return None
