"""Ids in which the functions that a handler captured count as code.

What belongs here: telling wrappers apart that were made without ``functools.wraps``. A
closure says nothing of what it calls, so all that one decorator decorates share one id:
see ``docs/reference/callables.md``. A host whose authors write such decorators takes
this identity instead of the plain one.

The rules:

1. A captured function, method or ``functools.partial`` goes into the captures part,
   after the bound arguments, as in ``Identity.distinct_id``; other captures do not.
2. What a captured function captured itself goes in with it. Where that has no canonical
   form, the handler has its plain id: it is told apart no further.
"""

from __future__ import annotations

from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from handlerid._anatomy import take_apart
from handlerid._identity import Identity
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._handler_id import HandlerId

__all__ = ["WrappingIdentity"]

_FUNCTIONS = (FunctionType, MethodType, partial)


def _captures_no_function(fn: FunctionType) -> bool:
    """Whether that can be told without taking the function apart."""
    if fn.__defaults__ or fn.__kwdefaults__ or fn.__dict__:
        return False
    try:
        for cell in fn.__closure__ or ():
            if type(cell.cell_contents) in _FUNCTIONS:
                return False
    except ValueError:  # nothing is in the cell yet
        return False
    return True


class WrappingIdentity(Identity):
    """An ``Identity`` that tells handlers apart by the functions that they captured.

    Takes what ``Identity`` does, and is used in its place. The id of a handler that
    captured no function is the same.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # What is captured is encoded by plain ids: one of these would never end where
        # a function captured itself.
        self._plain = Identity(**options)

    def handler_id(self, fn: Callable[..., object], event: Any = None) -> HandlerId:
        """Returns the id of a handler; takes and raises what ``Identity``'s does."""
        found = Identity.handler_id(self, fn, event)
        if type(fn) is FunctionType and _captures_no_function(fn):
            return found
        anatomy = take_apart(fn)
        code = [one for one in anatomy.captures if type(one.value) in _FUNCTIONS]
        if not code:
            return found
        try:
            return found.with_captures(self._captures_digest(anatomy.bound, code))
        except UnstableCapture:
            return found

    def encode(self, value: object, where: str) -> bytes:
        """Returns the canonical bytes of a value; see ``Identity.encode``."""
        return self._plain.encode(value, where)
