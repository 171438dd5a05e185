"""Event types: what a handler is told about what the user did.

What belongs here: the base class, the standard events, and the rule by which a class
gets its wire name. How an event is read from a payload is none of its business.

The rules:

1. An event type is a dataclass that derives from ``Event``; keyword-only, so that a
   field without a default may follow one with.
2. Every event has a ``key``: what the host's component was given to tell its
   instances apart, ``""`` when it was given none.
3. The wire name is part of a handler's id. It comes from the class's name without
   ``Event``, in lower case with underscores, or from ``name=``; it is never read
   from a payload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "ClickEvent",
    "Event",
    "InputBlurEvent",
    "InputEnterEvent",
    "InputEvent",
]

_WIRE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(kw_only=True, slots=True)
class Event:
    """What every event has.

    Derive from it to define one of your own::

        @dataclass(kw_only=True, slots=True)
        class CartChangeEvent(Event):
            quantity: int

    Its wire name is ``cart_change``; ``class CartChangeEvent(Event, name="cart")``
    makes it ``cart``. A handler registered for ``Event`` itself gets the key alone,
    and its id names no event.

    Attributes:
        wire_name: the name of the event in ids; of the class, not of an event.
        key: the key of the component that the user touched.
    """

    wire_name: ClassVar[str] = ""

    key: str = ""

    def __init_subclass__(cls, *, name: str | None = None, **kwargs: object) -> None:
        # A dataclass with slots is made twice: the base is named, because the cell that
        # super() reads holds the first, and a subclass is not asked for its name again.
        super(Event, cls).__init_subclass__(**kwargs)
        if name is None:
            name = cls.__dict__.get("wire_name") or _derived_name(cls)
        if not _WIRE_NAME.fullmatch(name):
            raise ValueError(
                f"the event type {cls.__module__}.{cls.__qualname__} has the wire "
                f"name {name!r}; a wire name is a lower-case letter, then up to 63 "
                "lower-case letters, digits and underscores: pass name="
            )
        cls.wire_name = name


def _derived_name(cls: type) -> str:
    words = cls.__name__.removesuffix("Event").strip("_")
    return _HUMP.sub("_", words).lower()


@dataclass(kw_only=True, slots=True)
class ClickEvent(Event):
    """A click or tap, or what stands for one, such as Enter on a focused button.

    Coordinates are in CSS pixels, as the browser's ``MouseEvent`` has them; all are
    zero when the host does not send them.

    Attributes:
        is_target: whether the component itself was clicked, not one inside it.
        client_x: from the left edge of the window.
        client_y: from the top edge of the window.
        page_x: from the left edge of the page, scrolled parts included.
        page_y: from the top edge of the page, scrolled parts included.
        offset_x: from the left edge of the component.
        offset_y: from the top edge of the component.
    """

    is_target: bool = True
    client_x: float = 0.0
    client_y: float = 0.0
    page_x: float = 0.0
    page_y: float = 0.0
    offset_x: float = 0.0
    offset_y: float = 0.0


@dataclass(kw_only=True, slots=True)
class InputEvent(Event):
    """The text of a field changed, by one keystroke or at once.

    Attributes:
        value: the whole text as it is now.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class InputBlurEvent(Event):
    """The user left a field.

    Attributes:
        value: the whole text as it was left.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class InputEnterEvent(Event):
    """The user pressed Enter in a field.

    Attributes:
        value: the whole text at that moment.
    """

    value: str
