"""Event types: what a handler is told about what the user did.

What belongs here: the names, and where each is made. A module of the standard events
is loaded when one of its names is first asked for: making them all would take most of
the time that ``import handlerid`` takes.

The rules:

1. An event type is a dataclass that derives from ``Event``; keyword-only, so that a
   field without a default may follow one with.
2. Every event has a ``key``: what the host's component was given to tell its
   instances apart, ``""`` when it was given none.
3. The wire name is part of a handler's id. It comes from the class's name without
   ``Event``, in lower case with underscores, or from ``name=``; it is never read
   from a payload.
4. A wire name belongs to one class. The names of the standard events are theirs,
   loaded or not.
5. How an event is read from a payload is none of this package's business.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from handlerid.events._base import Event, claimed, derived_name, reserve

if TYPE_CHECKING:
    from handlerid.events._choice import (
        ButtonToggleChangeEvent,
        CheckboxChangeEvent,
        CheckboxIndeterminateChangeEvent,
        DatePickerChangeEvent,
        DateRangePickerChangeEvent,
        RadioChangeEvent,
        SelectOpenedChangeEvent,
        SelectSelectionChangeEvent,
        SliderValueChangeEvent,
        SlideToggleChangeEvent,
    )
    from handlerid.events._files import (
        UploadedFile,
        UploadEvent,
    )
    from handlerid.events._open import (
        CustomEvent,
        SubmitEvent,
        WebEvent,
    )
    from handlerid.events._page import (
        ExpansionPanelToggleEvent,
        LoadEvent,
        ProgressBarAnimationEndEvent,
        ResizeEvent,
        ScrollEvent,
        SidenavOpenedChangedEvent,
        TableClickEvent,
    )
    from handlerid.events._pointer import (
        ClickEvent,
        DropEvent,
        RightClickEvent,
    )
    from handlerid.events._text import (
        AutocompleteEnterEvent,
        AutocompleteSelectionChangeEvent,
        ChangeEvent,
        FocusEvent,
        InputBlurEvent,
        InputEnterEvent,
        InputEvent,
        KeyDownEvent,
        Shortcut,
        TextareaShortcutEvent,
    )

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
    "WebEvent",
    "event_type",
]

# For type checkers the same is said above; a test compares the two.
_MODULES = {
    "_choice": (
        "ButtonToggleChangeEvent",
        "CheckboxChangeEvent",
        "CheckboxIndeterminateChangeEvent",
        "DatePickerChangeEvent",
        "DateRangePickerChangeEvent",
        "RadioChangeEvent",
        "SelectOpenedChangeEvent",
        "SelectSelectionChangeEvent",
        "SlideToggleChangeEvent",
        "SliderValueChangeEvent",
    ),
    "_files": (
        "UploadEvent",
        "UploadedFile",
    ),
    "_open": (
        "CustomEvent",
        "SubmitEvent",
        "WebEvent",
    ),
    "_page": (
        "ExpansionPanelToggleEvent",
        "LoadEvent",
        "ProgressBarAnimationEndEvent",
        "ResizeEvent",
        "ScrollEvent",
        "SidenavOpenedChangedEvent",
        "TableClickEvent",
    ),
    "_pointer": (
        "ClickEvent",
        "DropEvent",
        "RightClickEvent",
    ),
    "_text": (
        "AutocompleteEnterEvent",
        "AutocompleteSelectionChangeEvent",
        "ChangeEvent",
        "FocusEvent",
        "InputBlurEvent",
        "InputEnterEvent",
        "InputEvent",
        "KeyDownEvent",
        "Shortcut",
        "TextareaShortcutEvent",
    ),
}
_HOMES = {
    name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names
}
_STANDARD = {derived_name(n): n for n in _HOMES if n.endswith("Event")}
for _wire_name, _name in _STANDARD.items():
    reserve(_wire_name, f"{_HOMES[_name]}.{_name}")


def _ask(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(_HOMES[name])  # which publishes its classes here
    value: object = globals()[name]
    return value


# Type checkers would take any name from a module that has one, misspelt ones too.
if not TYPE_CHECKING:
    __getattr__ = _ask


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def event_type(wire_name: str) -> type[Event]:
    """Returns the event type that has a wire name, a standard one or a host's own.

    For what the author wrote, such as an attribute of a template. The event type of a
    payload comes from the handler that it names.

    Raises:
        LookupError: there is none; is the module imported that defines it?
    """
    if wire_name in _STANDARD:
        return cast("type[Event]", _ask(_STANDARD[wire_name]))
    found = claimed(wire_name)
    if found is None:
        raise LookupError(f"no event type has the wire name {wire_name!r}")
    return cast("type[Event]", found)
