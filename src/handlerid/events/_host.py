"""Event types that stand for classes of a host.

What belongs here: how such a type is named. A host that has event classes already, and
makes its events from messages of its own, keeps both.
"""

import re
from collections.abc import Callable
from typing import Any

from handlerid.events._base import Event, derived_name

__all__ = ["stand_in"]

_LONGEST = 64


def stand_in(
    cls: type, *, host: str, make: Callable[[Any], object], module: str
) -> type[Event]:
    """Returns a new event type that stands for a class of the host's.

    A handler that is registered for it is called with what ``make`` returns; see
    ``Event``. The wire name has the host's in front, so that it is nobody else's.

    Args:
        cls: the class. It stays as it is.
        host: what its wire name begins with, in lower case.
        make: gets the payload and returns what the handler is called with.
        module: where the class is, by the name that other processes know. It is in
            the wire name, unless it is the host's; the last 64 characters count.
    """
    name = derived_name(cls.__name__)
    if module.partition(".")[0] != host:
        name = f"{module}_{cls.__qualname__}".lower()
    name = re.sub("[^a-z0-9]+", "_", name)
    name = f"{host}_{name[-(_LONGEST - len(host) - 1) :]}"
    return type(cls.__name__, (Event,), {"__module__": module}, name=name, make=make)
