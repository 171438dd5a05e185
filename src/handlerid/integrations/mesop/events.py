"""Event types for Mesop's event classes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handlerid.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["stand_in"]

_LONGEST = 64
_WORDS = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def stand_in(
    cls: type, *, make: Callable[[Mapping[str, Any]], object], module: str
) -> type[Event]:
    """Return a new event type for a class; its handlers get what ``make`` returns.

    The wire name starts with ``mesop_``, so that it is not the name of another event.

    Args:
        cls: an event class of Mesop's or of the application's. It is not changed.
        make: gets the payload and returns the event.
        module: the importable name of the class's module. It is part of the wire name
            unless it is Mesop's; the last 64 characters count.
    """
    name = _WORDS.sub("_", cls.__name__.removesuffix("Event"))
    if module.partition(".")[0] != "mesop":
        name = f"{module}_{cls.__qualname__}"
    name = re.sub("[^a-z0-9]+", "_", name.lower())
    name = f"mesop_{name[-(_LONGEST - len('mesop_')) :]}"
    return type(cls.__name__, (Event,), {"__module__": module}, name=name, make=make)
