"""From a callable to its id: what is hashed, and what is remembered of it.

1. Each part is an unkeyed, personalised BLAKE2b digest: 8 bytes of the location, 12 of
   the code, 10 of the captures. With keys the id holds the keyed hash of each digest.
2. The fingerprint of a handler with several layers is the digest of the digests of the
   layers, outermost first.
3. The captures part is there if the handler has bound arguments, or if captures or the
   key of a part of the page belong to the id and there are any.
4. A change of what is hashed is a new version of the format: ``h2``.
5. One weak record per code object holds all that is remembered. No function is held.
   Names and ``__wrapped__`` are read at each call: they may have been set since.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from hashlib import blake2b
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal
from weakref import ref

from handlerid._identity.bytecode import encode_code
from handlerid._identity.callables import (
    carried,
    is_plain,
    surely_same_captures,
    take_apart,
)
from handlerid._identity.ids import (
    WIRE_NAME,
    HandlerId,
    with_captures,
    without_captures,
    write,
)
from handlerid._values import Codec, encode_scalar
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from handlerid._identity.callables import Anatomy

_FUNCTOOLS = vars(functools)

_CALLABLES = (FunctionType, MethodType, functools.partial)
"""Callables that are described inside a value; others are values like any other."""

_COMPILER_SCOPES = re.compile(r"<(?:list|dict|set)comp>\.")
"""Scopes in a qualified name that Python 3.12 and later do not have."""


class Identity:
    """Compute ids: the same handler has the same id in every process.

    Results are remembered by code object for as long as it lives; no function is kept
    alive. Any thread may use an instance.

    Args:
        keys: secrets of 1 to 64 bytes. Without them, ids can be computed from the
            source. The first key writes; ids of the other keys are still answered.
        fingerprint: ``"bytecode"`` is fast, needs no source, and belongs to one
            release of Python. ``"source"`` hashes the syntax tree: equal on every
            Python, blind to comments and layout. A source that is missing, or was
            edited since it was imported, is an error.
        module_name: return the name by which other processes know a module of this
            one, or None for the default, which resolves ``__main__``.
        encoders: by exact type, a function that returns a key for an object that is a
            bound argument or a captured value, such as its primary key. Python's own
            types have a canonical form and take none.
        decoders: by the same types, a function from the key to the object, for
            captures that travel in a token.

    Raises:
        TypeError: ``keys`` are not bytes, or an encoder or decoder is no function.
        ValueError: an argument has none of the values above.
    """

    def __init__(
        self,
        *,
        keys: bytes | Sequence[bytes] | None = None,
        fingerprint: Literal["bytecode", "source"] = "bytecode",
        module_name: Callable[[str], str | None] | None = None,
        encoders: Mapping[type, Callable[[Any], object]] | None = None,
        decoders: Mapping[type, Callable[[Any], object]] | None = None,
    ) -> None:
        if fingerprint not in ("bytecode", "source"):
            raise ValueError('fingerprint must be "bytecode" or "source"')
        self.fingerprint = fingerprint
        self._keys = _checked_keys(keys)
        self._source: Callable[[FunctionType, str | None], bytes] | None = None
        if fingerprint == "source":
            # Loaded here, because most processes hash bytecode.
            from handlerid._source import encode_source  # noqa: PLC0415

            self._source = encode_source
        self._module_name = module_name
        self.codec = Codec(
            encoders=encoders or {},
            decoders=decoders or {},
            module_name=self.module_name,
        )
        # Copying a state is cheaper than making one.
        self._location = blake2b(digest_size=8, person=b"location")
        self._code = blake2b(digest_size=12, person=fingerprint.encode())
        self._records: dict[int, CodeRecord] = {}

    def __repr__(self) -> str:
        keys = f", {len(self._keys)} keys" if self._keys else ""
        return f"<Identity of the {self.fingerprint}{keys}>"

    def handler_id(
        self,
        fn: Callable[..., object],
        event: type[Any] | str | None = None,
        *,
        captures: bool = False,
    ) -> HandlerId:
        """Return the id of a handler; the same one at each call.

        Args:
            fn: a callable of a kind listed in ``docs/reference/callables.md``.
            event: the event type it is registered for, or its wire name.
            captures: whether captures are part of the id. Closures with the same code
                and other captures have other ids then.

        Raises:
            UnsupportedHandler: the callable cannot have an id.
            UnstableCapture: a bound argument, or with ``captures`` a captured value,
                has no canonical form.
            TypeError: ``event`` is no event type.
            ValueError: ``event`` is a text, and no wire name.
        """
        if captures:
            return self.ids(fn, event, captures=True)[0]
        name = "" if event is None else event_name(event)
        if type(fn) is FunctionType and not hasattr(fn, "__wrapped__"):
            record = self._records.get(id(fn.__code__))
            if record is not None:
                # "is" is enough: equal names of other objects take the longer way.
                module, qualname, known, found, _ = record.last
                if (
                    known is name
                    and qualname is fn.__qualname__
                    and module is fn.__module__
                ):
                    return found
        return self.ids(fn, name)[0]

    def ids(
        self,
        fn: Callable[..., object],
        event: type[Any] | str | None = None,
        *,
        captures: bool = False,
        part: object = None,
        location: str | None = None,
        omitted: list[str] | None = None,
    ) -> tuple[HandlerId, ...]:
        """Return the ids of a handler by each key, the writing key's first.

        Args:
            fn: a callable.
            event: an event type or wire name.
            captures: whether captures are part of the ids.
            part: the host's key of a part of the page; in the captures part if it is
                not None.
            location: the ids that the handler has, or had, at another location:
                ``"module:qualname"``, or an explicit name, which has no colon. There
                its name was another, so that name is in the code, too.
            omitted: as for ``Codec.encode``: paths of values without canonical form
                are appended, instead of raising ``UnstableCapture``.

        Raises:
            UnsupportedHandler, UnstableCapture, TypeError, ValueError: as for
                ``handler_id``.
        """
        name = "" if event is None else event_name(event)
        if location is None and is_plain(fn) and fn.__globals__ is not _FUNCTOOLS:
            ids = self._plain_ids(fn, name)
            if not captures and part is None:
                return ids
            bound, captured = carried(fn)
        else:
            anatomy = take_apart(fn)
            ids = self._ids_at(anatomy, location, name)
            bound, captured = anatomy.bound, anatomy.captures
        content = self._carried_form(bound, captured if captures else (), part, omitted)
        if not content:
            return ids
        digest = _digest_captures(content)
        if not self._keys:
            return (with_captures(ids[0], digest),)
        return tuple(
            with_captures(one, _keyed(digest, key, b"captures"))
            for one, key in zip(ids, self._keys, strict=True)
        )

    def record(self, fn: FunctionType | CodeType) -> CodeRecord:
        """Return the record of a function's code; it lives as long as the code."""
        code = fn if isinstance(fn, CodeType) else fn.__code__
        record = self._records.get(id(code))
        if record is None:
            record = CodeRecord(code, self._forget)
            record.address = id(code)
            record.digest = record.renamed = record.binding = None
            record.last = _NEVER
            # Of two threads, both use the record of the first.
            record = self._records.setdefault(id(code), record)
        return record

    def module_name(self, name: str) -> str:
        """Return the name by which other processes know a module of this one."""
        if self._module_name is None:
            return importable_name(name)
        found = self._module_name(name)
        if found is None:
            return importable_name(name)
        if not isinstance(found, str):
            raise TypeError(
                f"module_name must return a str or None, not {type(found).__name__}"
            )
        return found

    def encode(
        self, value: object, where: str, omitted: list[str] | None = None
    ) -> bytes:
        """Return the canonical bytes of a bound argument or captured value.

        Args:
            value: what to encode.
            where: the variable or argument, for the error.
            omitted: as for ``ids``.

        Raises:
            UnstableCapture: the value has no canonical form.
        """
        return self.codec.encode(value, where, describe=self.describe, omitted=omitted)

    def digest(self, form: bytes) -> bytes:
        """Return a digest of canonical bytes that reveals no more than an id does."""
        digest = _digest_captures(form)
        return _keyed(digest, self._keys[0], b"captures") if self._keys else digest

    def describe(
        self, value: object
    ) -> tuple[str, tuple[tuple[object, ...], ...]] | None:
        """Return what identifies a callable inside a value; None if nothing does.

        The text is its id without key and event; the tuples are bound arguments (name
        and value) and captures (layer, variable and value).
        """
        kind = type(value)
        if not any(kind is one for one in _CALLABLES):
            return None
        try:
            return self._describe(value)
        except UnsupportedHandler:
            return None

    def differing_captures(
        self, fn: Callable[..., object], other: Callable[..., object]
    ) -> tuple[str, ...]:
        """Return the names of captures in which two handlers with one id differ.

        A value that cannot be compared counts as different.
        """
        if surely_same_captures(fn, other):
            return ()
        (_, captures), (_, others) = carried(fn), carried(other)
        variables = [(layer, name) for layer, name, _ in captures]
        if variables != [(layer, name) for layer, name, _ in others]:
            return tuple(dict.fromkeys(name for _, name, _ in (*captures, *others)))
        pairs = zip(captures, others, strict=True)
        return tuple(
            dict.fromkeys(
                name
                for (_, name, value), (_, _, its) in pairs
                if not self._same(value, its)
            )
        )

    def _same(self, value: object, other: object) -> bool:
        if value is other:
            return True
        try:
            return self.encode(value, "") == self.encode(other, "")
        except Exception:  # noqa: BLE001  (an encoder of the host may raise anything)
            return False

    def _plain_ids(self, fn: FunctionType, event: str) -> tuple[HandlerId, ...]:
        """The ids of a plain function, without captures."""
        record = self.record(fn)
        module, qualname = fn.__module__, fn.__qualname__
        known_module, known_qualname, known_event, first, others = record.last
        if (
            known_event is event
            and known_qualname is qualname
            and known_module is module
        ):
            return (first, *others)
        if not isinstance(module, str):
            take_apart(fn)  # raises
        name, inner = self.module_name(module), self._qualname(qualname)
        digest = record.digest or self._learn(record, fn)
        ids = self._write(name, inner, _location(name, inner), digest, event)
        record.last = module, qualname, event, ids[0], ids[1:]
        return ids

    def _ids_at(
        self, anatomy: Anatomy, location: str | None, event: str
    ) -> tuple[HandlerId, ...]:
        """The ids of any callable at its own or another location."""
        module = self.module_name(anatomy.module)
        qualname = self._qualname(anatomy.qualname)
        own, where = None, ""
        if location is None:
            where = _location(module, qualname)
        else:
            there, colon, name = location.rpartition(":")
            own = _last_name(name) if colon else ""
            where = f"={location}"
            if colon:
                where = _location(there, self._qualname(name))
        fingerprint = self._fingerprint(anatomy, own)
        return self._write(module, qualname, where, fingerprint, event)

    def _write(
        self, module: str, qualname: str, where: str, fingerprint: bytes, event: str
    ) -> tuple[HandlerId, ...]:
        if event and not WIRE_NAME.fullmatch(event):
            raise ValueError(f"{event!r} is not a wire name; one is: click")
        location = self._location_digest(where)
        if not self._keys:
            text = write(location, fingerprint, b"", event)
            return (HandlerId(text, module, qualname),)
        return tuple(
            HandlerId(
                write(
                    _keyed(location, key, b"location"),
                    _keyed(fingerprint, key, b"fingerprint"),
                    b"",
                    event,
                ),
                module,
                qualname,
            )
            for key in self._keys
        )

    def _describe(self, value: Any) -> tuple[str, tuple[tuple[object, ...], ...]]:
        if is_plain(value) and value.__globals__ is not _FUNCTOOLS:
            record = self.record(value)
            module, qualname, _, known, _ = record.last
            parts = tuple(carried(value)[1])
            if (
                not self._keys
                and module is value.__module__
                and qualname is value.__qualname__
            ):
                return without_captures(known), parts
            if isinstance(value.__module__, str):
                digest = record.digest or self._learn(record, value)
                return self._text(value.__module__, value.__qualname__, digest), parts
        anatomy = take_apart(value)
        fingerprint = self._fingerprint(anatomy, None)
        text = self._text(anatomy.module, anatomy.qualname, fingerprint)
        return text, (*anatomy.bound, *map(tuple, anatomy.captures))

    def _text(self, module: str, qualname: str, fingerprint: bytes) -> str:
        where = _location(self.module_name(module), self._qualname(qualname))
        return write(self._location_digest(where), fingerprint, b"", "")

    def _qualname(self, qualname: str) -> str:
        # A location has to be equal on every Python if the fingerprint is.
        return qualname if self._source is None else _COMPILER_SCOPES.sub("", qualname)

    def _location_digest(self, where: str) -> bytes:
        state = self._location.copy()
        state.update(where.encode("utf-8", "surrogatepass"))
        return state.digest()

    def _carried_form(
        self,
        bound: Iterable[tuple[str, object]],
        captures: Iterable[tuple[int, str, object]],
        part: object,
        omitted: list[str] | None,
    ) -> bytes:
        """What the captures part is the digest of; ``b""`` if nothing is carried."""
        forms = []
        for where, value in bound:
            form = encode_scalar(value) or self.encode(value, where, omitted)
            forms += [encode_scalar(where), form]
        for layer, where, value in captures:
            form = encode_scalar(value) or self.encode(value, where, omitted)
            forms += [encode_scalar(layer), encode_scalar(where), form]
        if part is not None:
            forms += [encode_scalar(None), self.encode(part, "part")]
        return b"".join(forms)

    def _fingerprint(self, anatomy: Anatomy, own: str | None) -> bytes:
        """The digest of all layers, as if the handler's own name were another one."""
        digests = []
        for layer in anatomy.layers:
            if isinstance(layer, str):
                digests.append(_digest_layers(layer.encode()))
                continue
            record = self.record(layer)
            name = layer.__code__.co_name
            if own is None or own == name or name != _last_name(anatomy.qualname):
                digests.append(record.digest or self._learn(record, layer))
            else:
                digests.append(self._renamed(record, layer, own))
        return digests[0] if len(digests) == 1 else _digest_layers(b"".join(digests))

    def _renamed(self, record: CodeRecord, fn: FunctionType, own: str) -> bytes:
        if record.renamed is None:
            record.renamed = {}
        if own not in record.renamed:
            record.renamed[own] = self._digest_code(fn, own)
        return record.renamed[own]

    def _learn(self, record: CodeRecord, fn: FunctionType) -> bytes:
        record.digest = digest = self._digest_code(fn, None)
        return digest

    def _digest_code(self, fn: FunctionType, own: str | None) -> bytes:
        state = self._code.copy()
        if self._source is not None:
            state.update(self._source(fn, own))
        else:
            code = fn.__code__
            state.update(
                encode_code(code if own is None else code.replace(co_name=own))
            )
        return state.digest()

    def _forget(self, record: CodeRecord) -> None:
        if self._records.get(record.address) is record:
            del self._records[record.address]


class CodeRecord(ref[CodeType]):
    """What an identity knows of a code object, for as long as that lives.

    Attributes:
        address: ``id()`` of the code object.
        digest: unkeyed digest of the code, or None until it is needed.
        renamed: the same by other names that the function has, or had.
        last: the last ids of a plain function, after what they were computed from:
            module, qualified name and event. One tuple, so that threads see all of it.
        binding: for the registry: how the function is called, together with what that
            was computed from.
    """

    __slots__ = ("address", "binding", "digest", "last", "renamed")

    address: int
    digest: bytes | None
    renamed: dict[str, bytes] | None
    last: tuple[str, str, str, HandlerId, tuple[HandlerId, ...]]
    binding: object


_NEVER: tuple[Any, ...] = (None, None, None, None, ())
"""Equal to no module, name and event."""


def event_name(event: type[Any] | str) -> str:
    """Return the wire name of an event type, or the name itself.

    Raises:
        TypeError: it is neither a text nor an event type.
    """
    if isinstance(event, str):
        return event
    try:
        name: str = event.wire_name
    except AttributeError:
        raise TypeError(
            f"event must be an event type or a wire name, not {event!r}"
        ) from None
    return name


def importable_name(name: str) -> str:
    """Importable name of a module; resolves ``__main__``.

    What ``python -m`` was given, or the name of the file. A module that has neither,
    as in an interactive session, keeps its name: no other process has it.
    """
    if name not in ("__main__", "__mp_main__"):
        return name
    # A worker process runs it as __mp_main__, and calls it __main__ when it is done.
    main = sys.modules.get(name)
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    if file is None:
        return name
    # pathlib would cost more to import than all of this module.
    return os.path.splitext(os.path.basename(str(file)))[0]  # noqa: PTH119, PTH122


def _checked_keys(keys: bytes | Sequence[bytes] | None) -> tuple[bytes, ...]:
    if keys is None:
        return ()
    checked: Any = (keys,) if isinstance(keys, bytes) else keys
    if isinstance(checked, str) or not all(isinstance(one, bytes) for one in checked):
        raise TypeError("keys must be bytes, or a sequence of bytes")
    if not checked or not all(1 <= len(one) <= blake2b.MAX_KEY_SIZE for one in checked):
        raise ValueError("keys must be at least one key, each of 1 to 64 bytes")
    return tuple(dict.fromkeys(checked))


def _location(module: str, qualname: str) -> str:
    return f"{len(module)}:{module}{qualname}"


def _last_name(qualname: str) -> str:
    return qualname.rpartition(".")[2]


def _digest_layers(content: bytes) -> bytes:
    return blake2b(content, digest_size=12, person=b"layers").digest()


def _digest_captures(content: bytes) -> bytes:
    return blake2b(content, digest_size=10, person=b"captures").digest()


def _keyed(digest: bytes, key: bytes, part: bytes) -> bytes:
    return blake2b(digest, digest_size=len(digest), key=key, person=part).digest()


DEFAULT = Identity()
handler_id = DEFAULT.handler_id
