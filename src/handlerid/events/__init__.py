"""Event types.

A handler gets an event: a dataclass that derives from ``Event``. The events of most
pages are loaded at once, the others when they are asked for: making a dataclass takes
a third of a millisecond.
"""
# ruff: noqa: F405 - __all__ lists what the star imports define

import sys
from typing import TYPE_CHECKING, Any, cast

from handlerid.events.base import Event, claimed, reserve
from handlerid.events.base import adopt as adopt
from handlerid.events.common import (
    ChangeEvent,
    ClickEvent,
    InputBlurEvent,
    InputEnterEvent,
    InputEvent,
    SubmitEvent,
    ValueEvent,
)

if TYPE_CHECKING:
    from handlerid.events.browser import *  # noqa: F403 - listed in __all__
    from handlerid.events.widgets import *  # noqa: F403 - listed in __all__

__all__ = [
    "AutocompleteEnterEvent",
    "AutocompleteSelectionChangeEvent",
    "ButtonToggleChangeEvent",
    "ChangeEvent",
    "CheckboxChangeEvent",
    "CheckboxIndeterminateChangeEvent",
    "ClickEvent",
    "CustomEvent",
    "DatePickerChangeEvent",
    "DateRangePickerChangeEvent",
    "DropEvent",
    "Event",
    "ExpansionPanelToggleEvent",
    "FocusEvent",
    "InputBlurEvent",
    "InputEnterEvent",
    "InputEvent",
    "KeyDownEvent",
    "LoadEvent",
    "ProgressBarAnimationEndEvent",
    "RadioChangeEvent",
    "ResizeEvent",
    "RightClickEvent",
    "ScrollEvent",
    "SelectOpenedChangeEvent",
    "SelectSelectionChangeEvent",
    "Shortcut",
    "SidenavOpenedChangedEvent",
    "SlideToggleChangeEvent",
    "SliderValueChangeEvent",
    "SubmitEvent",
    "TableClickEvent",
    "TextareaShortcutEvent",
    "UploadEvent",
    "UploadedFile",
    "ValueEvent",
    "WebEvent",
    "event_type",
]

_LIBRARY = reserve(n for n in __all__ if n.endswith("Event") and n != "Event")


def _load(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from handlerid.events import browser, widgets  # noqa: PLC0415 - see above

    value = getattr(browser if hasattr(browser, name) else widgets, name)
    globals()[name] = value
    return value


if not TYPE_CHECKING:  # else type checkers would accept any name, misspelt ones too
    __getattr__ = _load


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def is_event_type(obj: object) -> bool:
    """Whether an object is a class of events: of ``Event``, or a ``msgspec.Struct``."""
    struct = getattr(sys.modules.get("msgspec"), "Struct", Event)
    return isinstance(obj, type) and issubclass(obj, (Event, struct))


def event_type(wire_name: str) -> type[Event]:
    """Return the event type that has a wire name, the library's or a host's own.

    For text that the author wrote, such as an attribute of a template. The event type
    of a payload comes from the handler that it names.

    Raises:
        LookupError: there is none; import the module that defines it.
    """
    name = _LIBRARY.get(wire_name)
    found = claimed(wire_name) or (name and _load(name))
    if not found:
        raise LookupError(f"no event type has the wire name {wire_name!r}")
    return cast("type[Event]", found)
