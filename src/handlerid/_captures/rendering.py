"""What a scope remembers of its rendering: equal handlers, and variables that change.

1. Of different handlers with equal captures, the n-th has the number n. The same one
   has the number it had: of the same bytes, and with the same objects where these may
   be changed. So each handler costs a look-up, however many are equal.
2. Order says nothing if several threads or tasks decide it: equals are refused then.
3. A variable that may change after the offer is kept with its content, and compared
   once, when the rendering is over.
"""

from __future__ import annotations

import sys
from threading import get_ident
from typing import TYPE_CHECKING, Any

from handlerid._captures.carried import Unset, content
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable


class Held:
    """A variable that may change after the offer, and what it held then."""

    def __init__(self, handler_id: str, handler: Any, late: Any) -> None:
        self.handler_id, self.handler = handler_id, handler
        self.function, self.path, self.cell = late  # the function reads it
        self.content = content(self.cell)


class Equals:
    """The handlers of one scope that are equal but for their marks."""

    def __init__(self) -> None:
        self.several: set[str] = set()  # ids of handlers that have equals
        # By address, which holds: function and event, then what was found for them.
        self.offered: dict[tuple[int, bytes], tuple[Any, ...]] = {}
        self._first: dict[object, tuple[int, ...]] = {}
        self._equals: dict[object, dict[tuple[int, ...], int]] = {}
        self._workers: dict[bytes, object] = {}  # of the first handler, by part

    def number(self, form: object, marks: list[int], part: bytes) -> int:
        """Return a handler's number among those of one form; of the first it is 0.

        ``marks`` tell it from its equals.
        """
        one = tuple(marks)
        first = self._first.setdefault(form, one)
        if part not in self._workers:
            self._workers[part] = _worker()
        if first == one:
            return 0
        equals = self._equals.setdefault(form, {first: 0})
        if one not in equals and self._workers[part] != _worker():
            raise UnstableCapture(
                "it is offered by another thread or task than the first handler, and "
                "one with equal captures was offered before: only their order tells "
                "them apart, and that is an accident here. Give each part or row a key "
                "of its own: scope.part(key)"
            )
        return equals.setdefault(one, len(equals))

    def end(self) -> None:
        """Forget the replaced handlers, at the end of the rendering."""
        self.offered, self._first, self._equals = {}, {}, {}


def has_changed(held: Held, difference: Callable[[object, object], str | None]) -> bool:
    """Return whether a variable holds something else now."""
    now, then = content(held.cell), held.content
    # A function that is defined after what calls it is no change.
    if now is then or then is Unset:
        return False
    return difference(then, now) is not None


def _worker() -> tuple[int, object]:
    """Return the thread and the task of asyncio, if there is one, that runs this."""
    asyncio, task = sys.modules.get("asyncio"), None  # never imported for it: 29 ms
    if asyncio is not None:
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no event loop runs here
            task = None
    return get_ident(), task
