"""Carrying: a handler as bytes, and the handler from the bytes.

What belongs here: the two directions, their limits, what is checked of what was
rebuilt, and the short way for what most handlers are: a plain function that captured
texts and numbers. All else is done by ``packing`` and ``unpacking``.

The first byte says which way it was: ``a`` for the short one, where the recipe is
module, qualified name, the content of the cells, then the defaults; ``b`` for the
other. A release that writes either in another way takes another letter.

What is known of code is remembered by code object, as an identity does, and what is
known of an id until the scanned modules change.
"""

from __future__ import annotations

from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from handlerid._anatomy import captures_of
from handlerid._canonical.peek import name_of_class, names_of_class
from handlerid._carrying.places import Places, bare, stale
from handlerid._carrying.text import NOT_OURS, Broken, is_simple, read, write
from handlerid.errors import (
    ExpiredToken,
    HandlerIdError,
    InvalidToken,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from handlerid._handler_id import HandlerId
    from handlerid._identity import Identity
    from handlerid._scanned import Scanned

    Identify = Callable[[Callable[..., object], str | None], HandlerId]

__all__ = ["Carrier"]

_HANDLER = slice(0, 37)
"""Of an id: its location and its fingerprint."""

_MISFITS = (
    *(ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, RecursionError),
)
"""What Python's own types raise when they are given what they do not take."""


class _Ready(NamedTuple):
    """Code that was found, and whose id was checked.

    Attributes:
        module: its module, by the name that other processes know it by.
        qualname: its qualified name.
        code: the code.
        names: the globals that it runs in.
        cells: how many cells it has.
        most: how long its recipe may be, with a default for each argument.
    """

    module: str
    qualname: str
    code: CodeType
    names: dict[str, Any]
    cells: int
    most: int


class Carrier:
    """Packs handlers to bytes, and rebuilds them elsewhere. Any thread may use it.

    Args:
        identity: computes fingerprints and ids; its encoders say what stands for
            objects of the host's types.
        scanned: the modules whose code may be used.
        decoders: the counterpart of the identity's encoders, by exact type: a function
            that returns the object for what the encoder gave, such as the row for its
            primary key. It runs when a handler is unpacked, so before ``authorize`` is
            asked; what it raises passes through.
        by_pickle: exact types whose objects travel by ``cloudpickle``. The bytes are
            unpickled only after ``unpack`` was called, which is after the signature was
            verified. Such a type needs an encoder, too: pickled bytes are no identity.
        identify: computes the id of a handler that was rebuilt, of the function and a
            wire name (or None); a registry that knows explicit names passes its own.
            By default ``identity.distinct_id``.
        max_bytes: how long a packed handler may be.
        max_depth: how deep a captured value may be nested.

    Raises:
        ValueError: a type has a decoder but the identity has no encoder for it, or a
            limit is less than 1.
    """

    def __init__(
        self,
        identity: Identity,
        scanned: Scanned,
        *,
        decoders: Mapping[type, Callable[[Any], object]] | None = None,
        by_pickle: Iterable[type] = (),
        identify: Identify | None = None,
        max_bytes: int = 8192,
        max_depth: int = 50,
    ) -> None:
        if max_bytes < 1 or max_depth < 1:
            raise ValueError("max_bytes and max_depth must be at least 1")
        self.identity = identity
        self.scanned = scanned
        self.max_bytes = max_bytes
        self.max_depth = max_depth
        by_pickle = tuple(by_pickle)
        self.pickled = {id(kind): kind for kind in by_pickle}
        self.decoded = {id(kind): kind for kind in decoders or ()}
        self.decoders_by_name: dict[tuple[str, str], Callable[[Any], object]] = {}
        for kind, decode in (decoders or {}).items():
            if kind not in identity.encoders:
                raise ValueError(
                    f"decoders has {name_of_class(kind)}, which has no encoder: "
                    "Identity(encoders={Type: function})"
                )
            self.decoders_by_name[self._name(kind)] = decode
        self.pickled_by_name = {self._name(kind): kind for kind in by_pickle}
        self._identify = identify or identity.distinct_id
        self.places = Places(identity, scanned)
        # One tuple: what a thread finds while modules change goes with the old ones.
        self._found: tuple[int, dict[str, _Ready]] = scanned.version, {}

    def pack(self, fn: Callable[..., object]) -> bytes:
        """Returns the bytes of a handler; equal ones for equal handlers.

        They are not signed and not encrypted: names and values can be read in them.

        Raises:
            UnstableCapture: a captured value cannot be carried, or all of them
                together are too long; the text names the variable.
            UnsupportedHandler: a function's code is in no scanned module.
        """
        data = self._pack_plain(fn) if type(fn) is FunctionType else None
        if data is not None:
            if len(data) > self.max_bytes:
                sizes = {n: len(write([v])) for n, v in captures_of(fn)}  # type: ignore[arg-type]
                raise self._too_long(len(data), sizes)
            return data
        # Not above: most handlers do not need it.
        from handlerid._carrying.packing import Packer  # noqa: PLC0415

        packer = Packer(self)
        data = b"b" + write(packer.pack(fn))
        if len(data) > self.max_bytes:
            raise self._too_long(len(data), packer.sizes)
        return data

    def unpack(
        self, handler_id: HandlerId, data: bytes, *, check: bool = True
    ) -> Callable[..., object]:
        """Returns the handler that bytes stand for, made anew.

        Call it with bytes whose signature was verified, together with the id: that
        binds the captured values to it. The fingerprint is checked here; all of the id
        is, where what was captured is more than texts, numbers, booleans and None.

        Args:
            handler_id: the id that the handler travelled with.
            data: what ``pack`` returned.
            check: False leaves out the whole id, which takes longer than all the rest,
                for who computes it anyway and compares, as when it is registered.

        Raises:
            InvalidToken: the bytes are damaged, or of another handler.
            ExpiredToken: they are written in a way that is not known here.
            UnknownHandler: no scanned module has the place that they name.
            StaleHandler: the code is another here, or a class that is needed is.
        """
        if len(data) > self.max_bytes:
            raise InvalidToken("what the token carries is longer than max_bytes")
        way = data[:1]
        if way == b"a":
            return self._unpack_plain(handler_id, read(data[1:]))
        if way == b"b":
            return self._unpack(handler_id, read(data[1:]), check)
        if way.isalpha():
            raise ExpiredToken(
                "what the token carries is written in a way that this release does not "
                "know: the page is older, or newer, than this server"
            )
        raise InvalidToken(NOT_OURS)

    # What most handlers are.

    def _pack_plain(self, fn: FunctionType) -> bytes | None:
        """The bytes of a function that captured nothing but texts and numbers."""
        known = self.places.known(fn)
        module, qualname, _ = known.place
        recipe: list[Any] = [module, qualname]
        if fn.__closure__ is not None:
            try:
                recipe += [cell.cell_contents for cell in fn.__closure__]
            except ValueError:
                return None  # an empty cell
        if fn.__defaults__ is not None:
            if fn.__annotations__:
                return None  # one may say that an optional parameter gets the event
            recipe += fn.__defaults__
        for value in recipe:
            if type(value) is not str and not is_simple(value):
                return None
        if (
            fn.__qualname__ != qualname
            or fn.__module__ != known.module
            or fn.__kwdefaults__
            or fn.__dict__
        ):
            return None
        return b"a" + write(recipe)

    def _unpack_plain(
        self, handler_id: HandlerId, recipe: list[Any]
    ) -> Callable[..., object]:
        version, known = self._found
        if version != self.scanned.version:
            known = {}
            self._found = self.scanned.version, known
        ready = known.get(handler_id[_HANDLER])
        if ready is None or recipe[:2] != [ready.module, ready.qualname]:
            ready = self._find_plain(handler_id, recipe, known)
        _, _, code, names, cells, most = ready
        if not 2 + cells <= len(recipe) <= most:
            raise InvalidToken(NOT_OURS)
        for value in recipe:
            if type(value) is list:
                raise InvalidToken(NOT_OURS)
        closure = tuple(map(CellType, recipe[2 : 2 + cells])) if cells else None
        defaults = tuple(recipe[2 + cells :]) or None
        return FunctionType(code, names, None, defaults, closure)

    def _find_plain(
        self, handler_id: HandlerId, recipe: list[Any], found: dict[str, _Ready]
    ) -> _Ready:
        """Finds the code of an id, for the first time."""
        try:
            module, qualname, *_ = recipe
            for code, names in self.places.candidates(module, qualname, handler_id):
                fn = bare(code, names)
                its = self._identify(fn, handler_id.event or None)
                if its[_HANDLER] == handler_id[_HANDLER]:
                    cells = len(code.co_freevars)
                    most = 2 + cells + code.co_argcount
                    ready = _Ready(module, qualname, code, names, cells, most)
                    found[handler_id[_HANDLER]] = ready
                    return ready
                if its.location != handler_id.location:
                    break
            else:
                raise stale(handler_id)
        except (Broken, ValueError):
            pass
        raise InvalidToken(NOT_OURS)

    # All others.

    def _unpack(
        self, handler_id: HandlerId, recipe: list[Any], check: bool
    ) -> Callable[..., object]:
        from handlerid._carrying.unpacking import (  # noqa: PLC0415
            HostFailed,
            Unpacker,
        )

        try:
            handler: Callable[..., object] = Unpacker(self, handler_id).unpack(recipe)
            if not check:
                return handler
            its = self._identify(handler, handler_id.event or None)
        except (StaleHandler, UnknownHandler):
            raise
        except HostFailed as failure:
            raise failure.error from None
        except (Broken, HandlerIdError, *_MISFITS):
            raise InvalidToken(NOT_OURS) from None
        if its == handler_id:
            return handler
        same_place = its.location == handler_id.location
        if same_place and its.fingerprint != handler_id.fingerprint:
            raise stale(handler_id)
        raise InvalidToken(NOT_OURS)

    def _name(self, kind: type) -> tuple[str, str]:
        module, qualname = names_of_class(kind)
        return self.identity.module_name(module), qualname

    def _too_long(self, length: int, sizes: Mapping[str, int]) -> UnstableCapture:
        where = max(sizes, key=lambda name: sizes[name], default="the handler")
        return UnstableCapture(
            f"the handler cannot be carried: it takes {length} bytes, and max_bytes is "
            f"{self.max_bytes}; {where} is the largest of what it captured. Pass a key "
            "instead and look the object up in the handler.",
            where=where,
        )
