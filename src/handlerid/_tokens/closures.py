"""Closures that travel: a handler as bytes, and the handler from the bytes.

``docs/reference/carried-bytes.md`` shows the bytes. They are read after their signature
was verified, together with the id; that is not done here.

1. No code travels. Code is named by module, qualified name and fingerprint, and is the
   one that the server's scanned modules hold.
2. Nothing in the bytes is imported, evaluated, looked up with ``getattr`` or unpickled.
   All look-ups are in tables.
3. What was shared is shared again: functions and mutable objects. A cell that a handler
   assigns is refused: what it assigns elsewhere would be lost.
4. Bytes of another format are an old page, ``ExpiredToken``; bytes that only claim to
   be of this one ``InvalidToken``; other code ``StaleHandler``.
"""

from __future__ import annotations

from opcode import opmap
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from handlerid._peek import globals_of, names_of_class
from handlerid._tokens.graphs import (
    CodeIndex,
    DecoderFailed,
    Reader,
    Writer,
    from_bytes,
    stale,
    to_bytes,
)
from handlerid.errors import (
    ExpiredToken,
    InvalidToken,
    StaleHandler,
    UnknownHandler,
    UnsupportedHandler,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlerid._identity import HandlerId, Identity
    from handlerid._tokens.graphs import Located, Location

__all__ = ["Closures", "CodeIndex", "Rebuilt"]

_FORMATS = b"ba"  # of handlers that are called with nothing, or with the event
_BASE = slice(0, 37)  # of an id: its location and its fingerprint
_ASSIGN = (opmap["STORE_DEREF"], opmap["DELETE_DEREF"])
_EXTENDED = opmap["EXTENDED_ARG"]


class Rebuilt(NamedTuple):
    """A handler made of bytes.

    Attributes:
        fn: the handler.
        takes_event: as it was packed.
        mutable: whether something mutable was made for it: what the handler changes in
            it is lost.
    """

    fn: Callable[..., object]
    takes_event: bool
    mutable: bool


class Closures:
    """Pack handlers to bytes, and rebuild them elsewhere. Any thread may use it.

    Args:
        identity: computes fingerprints; its encoders and decoders stand for objects of
            the host's types.
        index: the modules whose code may be used.
        ids: return the ids of a handler by each key, explicit names applied.
    """

    def __init__(
        self,
        identity: Identity,
        index: CodeIndex,
        ids: Callable[[Callable[..., object], str | None], tuple[HandlerId, ...]],
    ) -> None:
        self.identity, self.index, self.ids = identity, index, ids
        self._decoders = {}
        for kind, decode in identity.codec.decoders.items():
            module, qualname = names_of_class(kind)
            self._decoders[identity.module_name(module), qualname] = decode
        self._tables = _Tables(index.version)

    def pack(self, fn: Callable[..., object], *, takes_event: bool = True) -> bytes:
        """Return the bytes of a handler; equal ones for equal handlers.

        They are not signed and not encrypted: names and values can be read in them.

        Raises:
            UnstableCapture: a captured value cannot be carried; the text names it.
            UnsupportedHandler: a function's code is in no scanned module.
        """
        graph = Writer(self.identity, self.index, self._locate).write(fn)
        return _FORMATS[takes_event : takes_event + 1] + to_bytes(graph)

    def rebuild(self, handler_id: HandlerId, data: bytes) -> Rebuilt:
        """Return the handler that bytes were packed from, made anew.

        Location and fingerprint are compared with those of the id that was signed
        together with the bytes. Its captures are not: the signature binds them.

        Raises:
            InvalidToken: the bytes are corrupt, or of another handler.
            ExpiredToken: they are of a format that is not known here.
            UnknownHandler: no scanned module has the location that they name.
            StaleHandler: code or a class differs here. What a decoder raises passes
                through.
        """
        if data[:1].isalpha() and data[0] not in _FORMATS:
            raise ExpiredToken(
                "the captures in the token are of a format that this release does not "
                "know: the page is older, or newer, than this server"
            )
        reader = Reader(self.identity, self.index, self._decoders, self._find)
        try:
            takes_event = bool(_FORMATS.index(data[:1] or b"?"))
            fn = reader.read(from_bytes(data[1:]))
            self._check(handler_id, self.ids(fn, handler_id.event or None))
        except (StaleHandler, UnknownHandler) as error:
            raise type(error)(str(error), handler_id=handler_id) from None
        except DecoderFailed as failure:
            raise failure.error from None
        except Exception:  # noqa: BLE001 - Python's own types raise many
            raise InvalidToken("the captures in the token are corrupt") from None
        return Rebuilt(fn, takes_event, reader.mutable)

    def _check(self, handler_id: HandlerId, ids: Sequence[HandlerId]) -> None:
        if not any(one[_BASE] == handler_id[_BASE] for one in ids):
            if any(one.location == handler_id.location for one in ids):
                raise stale()
            raise ValueError

    def _current(self) -> _Tables:
        # A thread that looked something up meanwhile writes it into the old tables.
        if self._tables.version != self.index.version:
            self._tables = _Tables(self.index.version)
        return self._tables

    def _locate(self, fn: FunctionType) -> Located:
        """Return where a function's code is, and which free variables it assigns."""
        known, code, names = self._current().known, fn.__code__, fn.__globals__
        if id(code) in known and known[id(code)][1] is names:
            return known[id(code)][2]
        name = names.get("__name__")
        module = self.identity.module_name(name) if type(name) is str else ""
        found, fingerprints = self.index.module(module), self._fingerprints(code, names)
        if (
            found is None
            or globals_of(found) is not names
            or not any(
                one is code or self._fingerprints(one, names) == fingerprints
                for one in self.index.codes(module, code.co_qualname)
            )
        ):
            raise UnsupportedHandler(
                f"{fn.__module__}.{code.co_qualname} cannot be carried: no scanned "
                "module has its code, so no server could rebuild it; scan the module, "
                "and define the function in its source"
            )
        located = (module, code.co_qualname, fingerprints[0]), _assigned(code)
        known[id(code)] = code, names, located
        return located

    def _find(self, *location: Any) -> tuple[CodeType, dict[str, Any]]:
        """Return the code at a location, and the globals that it runs in."""
        tables, (module, qualname, fingerprint) = self._current(), location
        if location in tables.found:
            return tables.found[location]
        holder, code = self.index.module(module), None
        names = globals_of(holder) if holder is not None else {}
        for code in self.index.codes(module, qualname):
            if fingerprint in self._fingerprints(code, names):
                tables.found[location] = code, names
                return code, names
        if code is not None:
            raise stale()
        raise UnknownHandler(
            "a handler was carried from a location that no scanned module has; does "
            "every server scan the same modules?"
        )

    def _fingerprints(self, code: CodeType, names: dict[str, Any]) -> Sequence[str]:
        """Return the fingerprints of code by each key."""
        cells = tuple([CellType() for _ in code.co_freevars])
        fn = FunctionType(code, names, None, None, cells or None)
        return [one.fingerprint for one in self.identity.ids(fn)]


class _Tables:
    """What was looked up in one version of the index."""

    def __init__(self, version: int) -> None:
        self.version = version
        # By the code's address: code, globals, and what _locate returns.
        self.known: dict[int, tuple[CodeType, object, Located]] = {}
        self.found: dict[Location, tuple[CodeType, dict[str, Any]]] = {}


def _assigned(code: CodeType) -> frozenset[str]:
    """Return the free variables that code, or code nested in it, assigns."""
    free, found = frozenset(code.co_freevars), set()
    slots = [*dict.fromkeys((*code.co_varnames, *code.co_cellvars)), *code.co_freevars]
    argument = 0
    for operation, low in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument |= low
        if operation in _ASSIGN:
            found.add(slots[argument])
        argument = argument << 8 if operation == _EXTENDED else 0
    for constant in code.co_consts:
        if type(constant) is CodeType:
            found |= _assigned(constant)
    return free & found
