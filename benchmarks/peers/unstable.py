"""Handlers that have nothing stable to be named by: each has to be refused.

A way that gives one of them an id in spite of that may give another one in the next
process. What belongs here: such handlers, by name; the file is copied and run there.
"""

from __future__ import annotations

import functools
import io
import itertools
import random
import threading
import weakref
from typing import Any

partial: Any = functools.partial


class Session:
    """Has no form but its address."""


class Named:
    """Its ``repr`` has the address in it."""

    def __repr__(self) -> str:
        return f"<Named at {id(self):#x}>"


def on_click(*args: object) -> None: ...


session = Session()

HANDLERS: dict[str, Any] = {
    "an object bound": partial(on_click, session),
    "an object with a repr bound": partial(on_click, Named()),
    "an object in a list bound": partial(on_click, [session]),
    "an object in a dict bound": partial(on_click, {"session": session}),
    "a lock bound": partial(on_click, threading.Lock()),
    "a file bound": partial(on_click, io.StringIO()),
    "an iterator bound": partial(on_click, iter([1])),
    "a generator bound": partial(on_click, (one for one in [1])),
    "a counter bound": partial(on_click, itertools.count()),
    "a random generator bound": partial(on_click, random.Random()),
    "a weak reference bound": partial(on_click, weakref.ref(session)),
    "a thread bound": partial(on_click, threading.current_thread()),
}
