"""From a callable to its id: what is hashed, and what is remembered of it.

1. Each part is an unkeyed, personalised BLAKE2b digest: 8 bytes of the location, 12 of
   the code, 10 of the captures. With keys the id holds the keyed hash of each digest.
2. The fingerprint of a handler with several layers is the digest of the digests of the
   layers, outermost first.
3. The captures part is there if the handler has bound arguments; if captures belong to
   the id and it has some; if it is offered in a part of a page.
4. A change of what is hashed is a new version of the format: ``h2``.
5. One weak record per code object holds all that is remembered. No function is held.
   Names and ``__wrapped__`` are read at each call, because they may have been set.
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
from handlerid._identity.callables import is_plain, surely_same_captures, take_apart
from handlerid._identity.ids import WIRE_NAME, HandlerId, with_captures, write
from handlerid._values import Codec, encode_scalar
from handlerid.errors import UnsupportedHandler
from handlerid.events import adopt, is_event_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from handlerid._identity.callables import Anatomy

_CALLABLES = (FunctionType, MethodType, functools.partial)
"""Callables that are described inside a value; others are values like any other."""

_COMPILER_SCOPES = re.compile(r"<(?:list|dict|set)comp>\.")
"""Scopes in a qualified name that Python 3.12 and later do not have."""


class Identity:
    """Compute ids: the same handler has the same id in every process.

    Results are remembered by code object for as long as it lives; no function is kept
    alive. Any thread may use an instance.

    Args:
        keys: one secret of 1 to 64 bytes, or several. Without them, ids can be computed
            from the source. The first key writes; ids of all of them are answered.
        fingerprint: ``"bytecode"`` is fast, needs no source, and belongs to one
            release of Python. ``"source"`` hashes the syntax tree: equal on every
            Python, blind to comments and layout. A source that is missing, or was
            edited since it was imported, is an error.
        module_name: returns the name by which other processes know a module of this
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
            encoders=encoders, decoders=decoders, module_name=self.module_name
        )
        # Copying a state is cheaper than making one.
        self._location = blake2b(digest_size=8, person=b"location")
        self._code = blake2b(digest_size=12, person=fingerprint.encode())
        self._records: dict[int, CodeRecord] = {}

    def __repr__(self) -> str:
        keys = f" with {len(self._keys)} keys" if self._keys else ""
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
        name = "" if event is None else event_name(event)
        if not captures and type(fn) is FunctionType and not hasattr(fn, "__wrapped__"):
            try:
                last = self._records[id(fn.__code__)].last
            except KeyError:
                pass
            else:
                # Equal names that are other objects take the longer way.
                if (
                    last[0] is name
                    and last[1] is fn.__qualname__
                    and last[2] is fn.__module__
                ):
                    return last[3][0]
        return self.ids(fn, name, captures=captures)[0]

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
            location: ``"module:qualname"``, or an explicit name, which has no colon:
                the ids that the handler has, or had, at another location. Its name in
                the code is another one there, too.
            omitted: as for ``Codec.encode``: paths of values without canonical form
                are appended, instead of raising ``UnstableCapture``.

        Raises:
            UnsupportedHandler, UnstableCapture, TypeError, ValueError: as for
                ``handler_id``.
        """
        name = "" if event is None else event_name(event)
        anatomy = None
        if location is None and is_plain(fn) and isinstance(fn.__module__, str):
            ids = self._plain_ids(fn, name)
            if captures and (fn.__closure__ or fn.__defaults__ or fn.__kwdefaults__):
                anatomy = take_apart(fn)
        else:
            anatomy = take_apart(fn)
            ids = self._ids_at(anatomy, name, location)
        forms = []
        for where, value in anatomy.bound if anatomy else ():
            forms += [encode_scalar(where), self._encode(value, where, omitted)]
        for layer, where, value in anatomy.captures if anatomy and captures else ():
            form = encode_scalar(value) or self._encode(value, where, omitted)
            forms += [encode_scalar(layer), encode_scalar(where), form]
        if part is not None:
            forms += [encode_scalar(None), self._encode(part, "part")]
        if not forms:
            return ids
        content = b"".join(forms)
        digest = blake2b(content, digest_size=10, person=b"captures").digest()
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
        found = self._module_name(name) if self._module_name else None
        return importable_name(name) if found is None else found

    def describe(self, value: object) -> tuple[str, list[tuple[object, ...]]] | None:
        """Return what identifies a callable inside a value; None if nothing does.

        The text is its id without key and event; the tuples are bound arguments (name
        and value) and captures (layer, variable and value).
        """
        kind = type(value)
        if not any(kind is one for one in _CALLABLES):
            return None
        try:
            anatomy = take_apart(value)
            fingerprint = self._fingerprint(anatomy)
        except UnsupportedHandler:
            return None
        where = _location(*self._names(anatomy.module, anatomy.qualname))
        text = write(self._location_digest(where), fingerprint, b"", "")
        return text, [*anatomy.bound, *anatomy.captures]

    def differing_captures(
        self, fn: Callable[..., object], other: Callable[..., object]
    ) -> tuple[str, ...]:
        """Return the names of captures in which two handlers with one id differ.

        A value that cannot be compared counts as different.
        """
        if surely_same_captures(fn, other):
            return ()
        captures, others = take_apart(fn).captures, take_apart(other).captures
        if [one[:2] for one in captures] != [one[:2] for one in others]:
            return tuple(dict.fromkeys(name for _, name, _ in (*captures, *others)))
        pairs = zip(captures, others, strict=True)
        differing = (
            name for (_, name, value), (*_, its) in pairs if not self._same(value, its)
        )
        return tuple(dict.fromkeys(differing))

    def _same(self, value: object, other: object) -> bool:
        try:
            return value is other or self._encode(value, "") == self._encode(other, "")
        except Exception:  # noqa: BLE001  (an encoder of the host may raise anything)
            return False

    def _encode(
        self, value: object, where: str, omitted: list[str] | None = None
    ) -> bytes:
        return self.codec.encode(value, where, describe=self.describe, omitted=omitted)

    def _plain_ids(self, fn: FunctionType, event: str) -> tuple[HandlerId, ...]:
        record, qualname, module = self.record(fn), fn.__qualname__, fn.__module__
        last = record.last
        if last[0] is event and last[1] is qualname and last[2] is module:
            return last[3]
        digest = record.digest
        if digest is None:
            record.digest = digest = self._digest(fn, None)
        names = self._names(module, qualname)
        ids = self._write(*names, _location(*names), digest, event)
        record.last = event, qualname, module, ids
        return ids

    def _ids_at(
        self, anatomy: Anatomy, event: str, location: str | None
    ) -> tuple[HandlerId, ...]:
        names = self._names(anatomy.module, anatomy.qualname)
        where, own = _location(*names), None
        if location is not None:
            module, colon, qualname = location.rpartition(":")
            where, own = f"={location}", ""
            if colon:
                where = _location(module, self._names("", qualname)[1])
                own = _last_name(qualname)
        return self._write(*names, where, self._fingerprint(anatomy, own), event)

    def _write(
        self, module: str, qualname: str, where: str, fingerprint: bytes, event: str
    ) -> tuple[HandlerId, ...]:
        if event and not WIRE_NAME.fullmatch(event):
            raise ValueError(f"{event!r} is not a wire name, as in an id: click")
        location = self._location_digest(where)
        if not self._keys:
            text = write(location, fingerprint, b"", event)
            return (HandlerId(text, module, qualname),)
        ids = []
        for key in self._keys:
            keyed = _keyed(fingerprint, key, b"fingerprint")
            text = write(_keyed(location, key, b"location"), keyed, b"", event)
            ids.append(HandlerId(text, module, qualname))
        return tuple(ids)

    def _fingerprint(self, anatomy: Anatomy, own: str | None = None) -> bytes:
        """The digest of all layers; with the handler's own name replaced by another."""
        digests = []
        for layer in anatomy.layers:
            if isinstance(layer, str):
                digests.append(_digest_layers(layer.encode()))
                continue
            record, name = self.record(layer), layer.__code__.co_name
            if own is None or own == name or name != _last_name(anatomy.qualname):
                if record.digest is None:
                    record.digest = self._digest(layer, None)
                digests.append(record.digest)
                continue
            record.renamed = record.renamed or {}
            if own not in record.renamed:
                record.renamed[own] = self._digest(layer, own)
            digests.append(record.renamed[own])
        return digests[0] if len(digests) == 1 else _digest_layers(b"".join(digests))

    def _digest(self, fn: FunctionType, own: str | None) -> bytes:
        state, code = self._code.copy(), fn.__code__
        if self._source is not None:
            state.update(self._source(fn, own))
        else:
            code = code if own is None else code.replace(co_name=own)
            state.update(encode_code(code))
        return state.digest()

    def _location_digest(self, where: str) -> bytes:
        state = self._location.copy()
        state.update(where.encode("utf-8", "surrogatepass"))
        return state.digest()

    def _names(self, module: str, qualname: str) -> tuple[str, str]:
        """Module and qualified name as other processes, or Pythons, have them."""
        if self._source is not None:
            qualname = _COMPILER_SCOPES.sub("", qualname)
        return self.module_name(module), qualname

    def _forget(self, record: CodeRecord) -> None:
        if self._records.get(record.address) is record:
            del self._records[record.address]


class CodeRecord(ref[CodeType]):
    """What an identity knows of a code object, for as long as that lives.

    Attributes:
        address: ``id()`` of the code object.
        digest: unkeyed digest of the code, or None until it is needed.
        renamed: the same by other names that the function has, or had.
        last: what the last ids of a plain function were computed from (event, qualified
            name, module), and the ids. One tuple, so that threads see all of it.
        binding: for the registry: how the function is called, together with what that
            was computed from.
    """

    __slots__ = ("address", "binding", "digest", "last", "renamed")

    address: int
    digest: bytes | None
    renamed: dict[str, bytes] | None
    last: tuple[str, str, str, tuple[HandlerId, ...]]
    binding: object


_NEVER: tuple[Any, ...] = (None, None, None, ())


def event_name(event: type[Any] | str) -> str:
    """Return the wire name of an event type, or the name itself.

    Raises:
        TypeError: it is neither a text nor an event type.
    """
    if isinstance(event, str):
        return event
    try:
        return vars(event)["wire_name"]  # type: ignore[no-any-return]  # always a str
    except (KeyError, TypeError):
        if not is_event_type(event):
            raise TypeError("event must be an event type or a wire name") from None
    adopt(event)  # a Struct that was not registered yet
    return event_name(event)


def importable_name(name: str) -> str:
    """Importable name of a module; resolves ``__main__``.

    That is what ``python -m`` was given, or the name of the file. A module that has
    neither, as in an interactive session, keeps its name: no other process has it.
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
        raise ValueError("keys must be one key or several, each of 1 to 64 bytes")
    return tuple(dict.fromkeys(checked))


def _location(module: str, qualname: str) -> str:
    return f"{len(module)}:{module}{qualname}"


def _last_name(qualname: str) -> str:
    return qualname.rpartition(".")[2]


def _digest_layers(content: bytes) -> bytes:
    return blake2b(content, digest_size=12, person=b"layers").digest()


def _keyed(digest: bytes, key: bytes, part: bytes) -> bytes:
    return blake2b(digest, digest_size=len(digest), key=key, person=part).digest()


DEFAULT = Identity()
handler_id = DEFAULT.handler_id
