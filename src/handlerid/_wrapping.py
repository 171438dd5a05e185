"""Ids that hold as many captures as they can.

What belongs here: telling wrappers apart that were made without ``functools.wraps``,
and closures as far as that goes. A closure's code says nothing of what it calls, so all
that one decorator decorates share one id: see ``docs/reference/callables.md``. A host
that cannot ask its authors to write either in another way takes this identity.

The rules:

1. A captured function, method or ``functools.partial`` goes into the captures part,
   after the bound arguments, as in ``Identity.distinct_id``; so does what it captured
   itself. Other captures do if the host says so.
2. Where a capture has no canonical form the id holds functions alone, and where one of
   these has none, no captures: the handlers are told apart no further, and a registry
   warns when one replaces another.
3. A partial of a plain function that binds nothing but scalars has its id remembered
   for as long as it lives; what may have changed since is looked at again.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any
from weakref import ref

from handlerid._anatomy import take_apart
from handlerid._identity import Identity
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._handler_id import HandlerId

__all__ = ["WrappingIdentity"]

_FUNCTIONS = (FunctionType, MethodType, partial)
_UNCHANGING = {str, bytes, int, float, bool, type(None)}


class _Known:
    """What is known of a partial: see rule 3."""

    __slots__ = ("args", "code", "event", "id", "keywords", "module", "of", "qualname")

    def __init__(
        self, fn: Any, event: Any, found: HandlerId, known: dict[int, _Known]
    ) -> None:
        address = id(fn)
        self.of = ref(fn, lambda _: known.pop(address, None))
        self.event, self.id = event, found
        self.args, self.keywords = fn.args, dict(fn.keywords)
        self.code = fn.func.__code__
        self.module, self.qualname = fn.func.__module__, fn.func.__qualname__

    def fits(self, fn: Any, event: Any) -> bool:
        """Whether it is true still."""
        func, keywords = fn.func, fn.keywords
        alive: Any = self.of()
        if (
            alive is not fn
            or self.event is not event
            or self.args is not fn.args
            or type(func) is not FunctionType
            or self.code is not func.__code__
            or self.module != func.__module__
            or self.qualname != func.__qualname__
            or func.__defaults__
            or func.__kwdefaults__
            or func.__dict__
            or len(self.keywords) != len(keywords)
        ):
            return False
        for name, value in self.keywords.items():
            if keywords.get(name, self) is not value:
                return False
        return True


class WrappingIdentity(Identity):
    """An ``Identity`` that tells handlers apart by the functions that they captured.

    The id of a handler that captured nothing is the same as an ``Identity``'s.

    Args:
        all_captures: whether other captures tell them apart, too, where all of them
            have a canonical form.
        options: as for ``Identity``.
    """

    def __init__(self, *, all_captures: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._all = all_captures
        # What is captured is encoded by plain ids: one of these would never end where
        # a function captured itself.
        self._plain = Identity(**options)
        self._partials: dict[int, _Known] = {}

    def handler_id(self, fn: Callable[..., object], event: Any = None) -> HandlerId:
        """Returns the id of a handler; takes and raises what ``Identity``'s does."""
        if type(fn) is partial:
            known = self._partials.get(id(fn))
            if known is not None and known.fits(fn, event):
                return known.id
            return self._remember(fn, event, self._find(fn, event))
        return self._find(fn, event)

    def _remember(self, fn: Any, event: Any, found: HandlerId) -> HandlerId:
        plain = type(fn.func) is FunctionType and self._is_all_said(fn.func)
        if plain and {*map(type, (*fn.args, *fn.keywords.values()))} <= _UNCHANGING:
            self._partials[id(fn)] = _Known(fn, event, found, self._partials)
        return found

    def _find(self, fn: Callable[..., object], event: Any) -> HandlerId:
        found = Identity.handler_id(self, fn, event)
        if type(fn) is FunctionType and self._is_all_said(fn):
            return found
        anatomy = take_apart(fn)
        functions = [one for one in anatomy.captures if type(one.value) in _FUNCTIONS]
        for captures in (anatomy.captures if self._all else (), functions):
            if captures:
                with suppress(UnstableCapture):
                    digest = self._captures_digest(anatomy.bound, captures)
                    return found.with_captures(digest)
        return found

    def encode(self, value: object, where: str) -> bytes:
        """Returns the canonical bytes of a value; see ``Identity.encode``."""
        return self._plain.encode(value, where)

    def _is_all_said(self, fn: FunctionType) -> bool:
        """Whether no capture counts, as far as can be told without much work."""
        if fn.__defaults__ or fn.__kwdefaults__ or fn.__dict__:
            return False
        if not fn.__closure__:
            return True
        try:
            kinds = [type(cell.cell_contents) for cell in fn.__closure__]
        except ValueError:  # nothing is in a cell yet
            return False
        return not self._all and not any(kind in _FUNCTIONS for kind in kinds)
