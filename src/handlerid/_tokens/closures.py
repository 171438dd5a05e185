"""Closures that travel: a handler as bytes, and the handler from the bytes.

``docs/reference/carried-bytes.md`` shows the bytes. They are read after their signature
was verified, together with the id; that is not done here.

1. No code travels. Code is named by module, qualified name and fingerprint, and is the
   one that the server's scanned modules hold.
2. Nothing in the bytes is imported, evaluated, looked up with ``getattr`` or unpickled.
   All look-ups are in tables.
3. What was shared is shared again: cells, functions, and mutable objects. A cell that
   a handler assigns is refused: what it assigns elsewhere would be lost.
4. Bytes of another format are an ``ExpiredToken``: an old page is no attack. Bytes that
   only claim to be of this format are an ``InvalidToken``. Other code is a
   ``StaleHandler``, an unknown location an ``UnknownHandler``.
"""

from __future__ import annotations

from opcode import opmap
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from handlerid._identity import take_apart
from handlerid._peek import globals_of, names_of_class
from handlerid._tokens.graphs import (
    CodeIndex,
    DecoderFailed,
    Reader,
    Writer,
    from_bytes,
    to_bytes,
)
from handlerid._values import Corrupt, Refused
from handlerid.errors import (
    ExpiredToken,
    HandlerIdError,
    InvalidToken,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
    UnsupportedHandler,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlerid._identity import HandlerId, Identity
    from handlerid._tokens.graphs import Located, Location

__all__ = ["Closures", "CodeIndex", "Rebuilt"]

_FORMAT = b"a"
_MAX_BYTES = 8192
_BASE = slice(0, 37)
"""Of an id: its location and its fingerprint."""

_MORE = 5
"""Index in a function's node of what was set on it after it was made."""

_CORRUPT = "the captures in the token are corrupt"
_MISFITS = (
    *(Corrupt, Refused, HandlerIdError, ValueError, TypeError, LookupError),
    *(AttributeError, ArithmeticError, RecursionError, StopIteration),
)
"""What reading raises, and Python's own types if they get what they do not take."""

_ASSIGN = (opmap["STORE_DEREF"], opmap["DELETE_DEREF"])
_EXTENDED = opmap["EXTENDED_ARG"]


class Rebuilt(NamedTuple):
    """A handler made of bytes.

    Attributes:
        fn: the handler.
        mutable: whether something mutable was made for it: what the handler changes in
            it is lost.
    """

    fn: Callable[..., object]
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

    def pack(self, fn: Callable[..., object]) -> bytes:
        """Return the bytes of a handler; equal ones for equal handlers.

        They are not signed and not encrypted: names and values can be read in them.

        Raises:
            UnstableCapture: a captured value cannot be carried, or all of them
                together are too long; the text names the variable.
            UnsupportedHandler: a function's code is in no scanned module.
        """
        data = _FORMAT + self._write(fn)
        if len(data) <= _MAX_BYTES:
            return data
        anatomy = take_apart(fn)
        captured = [*anatomy.bound, *[one[1:] for one in anatomy.captures]]
        where, _ = max(captured, key=lambda one: len(self._write(one[1])))
        raise UnstableCapture(
            f"the handler cannot be carried: it takes {len(data)} bytes, and at most "
            f"{_MAX_BYTES} are allowed; {where} is the largest of what it captured. "
            "Pass a key instead and look the object up in the handler.",
            where=where,
        )

    def rebuild(self, handler_id: HandlerId, data: bytes) -> Rebuilt:
        """Return the handler that bytes were packed from, made anew.

        Location and fingerprint are compared with those of the id. Its captures are
        not: the signature binds them to the bytes.

        Args:
            handler_id: the id that was signed together with the bytes.
            data: what ``pack`` returned.

        Raises:
            InvalidToken: the bytes are corrupt, or of another handler.
            ExpiredToken: they are of a format that is not known here.
            UnknownHandler: no scanned module has the location that they name.
            StaleHandler: code or a class differs here. What a decoder raises passes
                through.
        """
        if data[:1] != _FORMAT or len(data) > _MAX_BYTES:
            raise _other_format(data)
        reader = Reader(self.identity, self.index, self._decoders, self._find)
        try:
            node = from_bytes(data[1:])
            fn = reader.value(node)
            self._check(handler_id, fn, plain=node[0] == "F" and not node[_MORE:])
        except (StaleHandler, UnknownHandler) as error:
            raise type(error)(str(error), handler_id=handler_id) from None
        except DecoderFailed as failure:
            raise failure.error from None
        except _MISFITS:
            raise InvalidToken(_CORRUPT) from None
        return Rebuilt(fn, reader.mutable)

    def _write(self, value: object) -> bytes:
        return to_bytes(Writer(self.identity, self.index, self._locate).write(value))

    def _check(self, handler_id: HandlerId, fn: Any, *, plain: bool) -> None:
        """Compare location and fingerprint of a handler with those of its id."""
        checked, base = self._current().checked, handler_id[_BASE]
        if plain and checked.get(base) is fn.__code__:
            return
        ids = self.ids(fn, handler_id.event or None)
        if any(one[_BASE] == base for one in ids):
            if plain:
                checked[base] = fn.__code__
            return
        if any(one.location == handler_id.location for one in ids):
            raise _stale()
        raise Corrupt

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
        found = self.index.module(module)
        fingerprints = self._fingerprints(code, names)
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

    def _find(
        self, module: Any, qualname: Any, fingerprint: Any
    ) -> tuple[CodeType, dict[str, Any]]:
        """Return the code at a location, and the globals that it runs in."""
        tables, location = self._current(), (module, qualname, fingerprint)
        if location in tables.found:
            return tables.found[location]
        if any(type(one) is not str for one in location):
            raise Corrupt
        found, code = self.index.module(module), None
        names = globals_of(found) if found is not None else {}
        for code in self.index.codes(module, qualname):
            if fingerprint in self._fingerprints(code, names):
                tables.found[location] = code, names
                return code, names
        if code is not None:
            raise _stale()
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
    """What was looked up in one version of the index.

    Attributes:
        version: of the index.
        known: code, globals, and what ``_locate`` returns, by the code's address.
        found: code and globals by location.
        checked: by location and fingerprint of an id, code that has them.
    """

    def __init__(self, version: int) -> None:
        self.version = version
        self.known: dict[int, tuple[CodeType, object, Located]] = {}
        self.found: dict[Location, tuple[CodeType, dict[str, Any]]] = {}
        self.checked: dict[str, CodeType] = {}


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


def _other_format(data: bytes) -> Exception:
    if data[:1].isalpha() and data[:1] != _FORMAT:
        return ExpiredToken(
            "the captures in the token are of a format that this release does not "
            "know: the page is older, or newer, than this server"
        )
    return InvalidToken(_CORRUPT)


def _stale() -> StaleHandler:
    return StaleHandler(
        "a handler was carried from a location whose code is another here: the page is "
        "older, or newer, than this server"
    )
