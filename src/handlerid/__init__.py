"""Scaffold while the rooms are rebuilt; names are loaded when asked for."""

from importlib import import_module
from typing import Any

_ROOMS = {
    "_identity": ("HandlerId", "Identity", "handler_id"),
    "_registry": (
        "Captures",
        "RegisteredHandler",
        "Registry",
        "Scan",
        "Stale",
        "Unstable",
    ),
    "_dispatch": (
        "Call",
        "Dispatcher",
        "LoggingObserver",
        "Observer",
        "Resolver",
        "Scope",
    ),
    "_decoding": ("Form", "Payload"),
    "_tokens": ("Tokens", "Verified"),
    "_explain": ("Difference", "Explanation", "explain"),
    "errors": ("HandlerIdError",),
    "events": (
        "ChangeEvent",
        "ClickEvent",
        "Event",
        "InputBlurEvent",
        "InputEnterEvent",
        "InputEvent",
        "SubmitEvent",
    ),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"handlerid.{room}"), name)
    raise AttributeError(name)
