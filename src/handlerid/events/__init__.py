"""Event types; the less common ones are loaded on first access."""
# ruff: noqa: F405 - __all__ lists what the star imports define

from typing import TYPE_CHECKING, Any

from handlerid.events import base
from handlerid.events.base import ClickEvent, Event, PointerEvent
from handlerid.events.base import adopt as adopt
from handlerid.events.base import is_event_type as is_event_type

if TYPE_CHECKING:
    from handlerid.events.browser import *  # noqa: F403 - listed in __all__
    from handlerid.events.widgets import *  # noqa: F403 - listed in __all__

__all__ = [
    "AutocompleteEnterEvent",
    "AutocompleteSelectionChangeEvent",
    "BlurEvent",
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
    "PointerEvent",
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
    "ValuesEvent",
    "WebEvent",
    "event_type",
]

base.reserved.update(
    {base.derived_name(n): n for n in __all__ if n[-5:] == "Event" != n}
)


def _load(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from handlerid.events import browser  # noqa: PLC0415 - see the first line

    found = getattr(browser, name, None)
    if found is None:
        from handlerid.events import widgets  # noqa: PLC0415

        found = getattr(widgets, name)
    return globals().setdefault(name, found)  # ids need a class to be held by its name


if not TYPE_CHECKING:  # with __getattr__, type checkers would accept any name
    __getattr__ = _load


def __dir__() -> list[str]:
    return __all__


def event_type(wire_name: str) -> type[Event]:
    """Return the event type with a wire name; not for text from a payload.

    Raises:
        LookupError: no loaded class has it; import the module that defines it.
    """
    found: Any = base.claimed(wire_name)
    if found is None and wire_name in base.reserved:
        found = _load(base.reserved[wire_name])
    if found is None:
        raise LookupError(f"no event type has the wire name {wire_name!r}")
    return found  # type: ignore[no-any-return]  # always an event type


def event_name(event: type[Any] | str) -> str:
    """Return the wire name of an event type, or the name itself."""
    if isinstance(event, str):
        if event and not base.is_wire_name(event):
            raise ValueError(f"{event!r} is not a wire name, as in an id: click")
        return event
    try:
        return vars(event)["wire_name"]  # type: ignore[no-any-return]  # always a str
    except (KeyError, TypeError):
        if not is_event_type(event):
            raise TypeError("event must be an event type or a wire name") from None
    adopt(event)  # a Struct that was not registered yet
    return event_name(event)
