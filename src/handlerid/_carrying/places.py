"""Where code is found again: by module, qualified name and fingerprint.

What belongs here: from a function to the place of its code in a scanned module, and
from a place to the code; and the errors of places that lead nowhere.
"""

from __future__ import annotations

from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from handlerid._canonical.peek import globals_of
from handlerid._carrying.text import Broken
from handlerid.errors import StaleHandler, UnknownHandler, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlerid._handler_id import HandlerId
    from handlerid._identity import Identity
    from handlerid._scanned import Scanned

    _Found = tuple[CodeType, dict[str, Any]]

__all__ = ["Known", "Place", "Places", "bare", "stale"]


class Place(NamedTuple):
    """Where a code object is, by the names that other processes know.

    Attributes:
        module: name of the module whose globals it uses.
        qualname: the qualified name that it was compiled with.
        fingerprint: of the code alone; several may share a qualified name.
    """

    module: str
    qualname: str
    fingerprint: str


class Known(ref[CodeType]):
    """What is known of a code object, for as long as it lives.

    Attributes:
        place: where it is.
        module: name of its module in this process.
        version: of the scanned modules that have it.
    """

    __slots__ = ("address", "module", "names", "place", "version")

    address: int
    module: str
    names: int
    place: Place
    version: int


class Places:
    """Finds the places of code, and the code of places. Any thread may use it."""

    def __init__(self, identity: Identity, scanned: Scanned) -> None:
        self.identity = identity
        self.scanned = scanned
        self._known: dict[int, Known] = {}
        # One tuple: what a thread finds while modules change goes with the old ones.
        self._found: tuple[int, dict[Place, _Found]] = scanned.version, {}

    def known(self, fn: FunctionType) -> Known:
        """Returns what is known of a function's code.

        Raises:
            UnsupportedHandler: no scanned module has it.
        """
        known = self._known.get(id(fn.__code__))
        if (
            known is None
            or known.version != self.scanned.version
            or known.names != id(fn.__globals__)
        ):
            known = self._learn(fn)
        return known

    def candidates(
        self, module: Any, qualname: Any, handler_id: HandlerId
    ) -> Iterator[tuple[CodeType, dict[str, Any]]]:
        """Yields the code with a qualified name, and the globals that it runs in.

        Raises:
            UnknownHandler: the module was not scanned, or has no such code.
        """
        if type(module) is not str or type(qualname) is not str:
            raise Broken
        found = self.scanned.module(module)
        codes = self.scanned.codes(module, qualname)
        first = next(codes, None)
        if found is None or first is None:
            raise UnknownHandler(
                "a handler was carried from a place that no scanned module has; "
                "does every server scan the same modules?",
                handler_id=handler_id,
            )
        names = globals_of(found)
        yield first, names
        for code in codes:
            yield code, names

    def find(
        self, module: Any, qualname: Any, fingerprint: Any, handler_id: HandlerId
    ) -> tuple[CodeType, dict[str, Any]]:
        """Returns the code at a place, and the globals that it runs in.

        Raises:
            UnknownHandler: the module was not scanned, or has no such code.
            StaleHandler: the code there is another.
        """
        version, found = self._found
        if version != self.scanned.version:
            found = {}
            self._found = self.scanned.version, found
        try:
            return found[Place(module, qualname, fingerprint)]
        except KeyError:
            pass
        for code, names in self.candidates(module, qualname, handler_id):
            if self._fingerprint(code, names) == fingerprint:
                found[Place(module, qualname, fingerprint)] = code, names
                return code, names
        raise stale(handler_id)

    def _learn(self, fn: FunctionType) -> Known:
        version = self.scanned.version  # before looking: it may change meanwhile
        code, names = fn.__code__, fn.__globals__
        name = names.get("__name__")
        module = self.identity.module_name(name) if type(name) is str else ""
        found = self.scanned.module(module)
        fingerprint = self._fingerprint(code, names)
        same = found is not None and globals_of(found) is names
        if not same or not any(
            one is code or self._fingerprint(one, names) == fingerprint
            for one in self.scanned.codes(module, code.co_qualname)
        ):
            what = "has no such code" if same else "was not scanned"
            raise UnsupportedHandler(
                f"{fn.__module__}.{code.co_qualname} cannot be carried: its module "
                f"{what}, so no server could rebuild it; scan the module, and define "
                "the function in its source"
            )
        known = Known(code, self._forget)
        known.address = id(code)
        known.place = Place(module, code.co_qualname, fingerprint)
        known.module, known.names = str(name), id(names)
        known.version = version
        self._known[known.address] = known
        return known

    def _fingerprint(self, code: CodeType, names: dict[str, Any]) -> str:
        return self.identity.handler_id(bare(code, names)).fingerprint

    def _forget(self, known: Known) -> None:
        if self._known.get(known.address) is known:
            del self._known[known.address]


def bare(code: CodeType, names: dict[str, Any]) -> FunctionType:
    """Returns a function with this code that captured nothing yet."""
    cells = tuple([CellType() for _ in code.co_freevars])
    return FunctionType(code, names, None, None, cells or None)


def stale(handler_id: HandlerId) -> StaleHandler:
    """Returns the error for code that is another here."""
    return StaleHandler(
        "a handler was carried from a place whose code is another here: the page is "
        "older, or newer, than this server",
        handler_id=handler_id,
    )
