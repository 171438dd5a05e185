"""From a callable to its id: what is hashed, and what is remembered of it.

1. Each part is an unkeyed BLAKE2b digest; with keys, the keyed hash of that digest.
2. The fingerprint of several layers is the digest of their digests, outermost first.
3. A change of what is hashed is a new version of the format: ``h2``.
4. One weak record per code object holds all that is remembered; no function is held.
   Names and ``__wrapped__`` are read at each call, because they may have been set.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from _blake2 import blake2b  # hashlib would load OpenSSL, which takes 2 ms
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal
from weakref import ref

from handlerid._identity.bytecode import encode_code
from handlerid._identity.callables import carried, take_apart
from handlerid._identity.ids import HandlerId, is_wire_name, with_captures, write
from handlerid._values import Codec, encode_scalar
from handlerid.errors import UnsupportedHandler
from handlerid.events import adopt, is_event_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from handlerid._identity.callables import Anatomy

_DESCRIBED = (FunctionType, MethodType, functools.partial)
_COMPILER_SCOPES = r"<(?:list|dict|set)comp>\."  # not from Python 3.12 on


class Identity:
    """Compute ids: the same handler has the same id in every process.

    No function is kept alive. Any thread may use an instance.

    Args:
        keys: one secret of 1 to 64 bytes, or several. Without them, ids can be computed
            from the source. The first key writes; ids of all of them are answered.
        fingerprint: ``"bytecode"`` belongs to one release of Python. ``"source"``
            hashes the syntax tree: equal on every Python, blind to comments and
            layout; a source that is missing or was edited is an error.
        module_name: returns the name by which other processes know a module of this
            one, or None for the default, which resolves ``__main__``.
        encoders: by exact type of a bound argument or captured value, a function that
            returns a key for it, such as its primary key. Python's own types take none.
        decoders: by the same types, functions from the key to the object, for
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
        self.codec: Codec = Codec(
            encoders=encoders, decoders=decoders, module_name=self.module_name
        )
        # Copying a state is cheaper than making one.
        self._location = blake2b(digest_size=8, person=b"location")
        self._code = blake2b(digest_size=12, person=fingerprint.encode())
        self._layers = blake2b(digest_size=12, person=b"layers")
        self._captures = blake2b(digest_size=10, person=b"captures")
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
            UnstableCapture: a value that is part of the id has no canonical form.
            TypeError, ValueError: ``event`` is no event type, or no wire name.
        """
        if event is not None:
            event = event_name(event)
        if not captures and type(fn) is FunctionType and not hasattr(fn, "__wrapped__"):
            try:
                seen, name, home, ids = self._records[id(fn.__code__)].last
            except KeyError:
                if fn.__globals__ is not vars(functools):
                    return self._plain_ids(fn, event)[0]
            else:  # equal names that are other objects take the longer way
                if seen is event and name is fn.__qualname__ and home is fn.__module__:
                    return ids[0]
        return self.ids(fn, event, captures=captures)[0]

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

        Arguments and errors are those of ``handler_id``, and:
            part: the host's key of a part of the page, for the captures part.
            location: ``"module:qualname"`` or an explicit name: the ids that the
                handler has, or had, there. Its name in the code is that one, too.
            omitted: gets the paths of values that have no canonical form.
        """
        name, anatomy = None if event is None else event_name(event), None
        if (
            location is None
            and type(fn) is FunctionType
            and not hasattr(fn, "__wrapped__")
            and fn.__globals__ is not vars(functools)
        ):
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
        digest = _hash(self._captures, b"".join(forms))
        if not self._keys:
            return (with_captures(ids[0], digest),)
        keyed = [_keyed(digest, key, b"captures") for key in self._keys]
        return tuple(map(with_captures, ids, keyed))

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
        """Return the name by which other processes know a module."""
        found = self._module_name(name) if self._module_name else None
        return importable_name(name) if found is None else found

    def describe(self, value: object) -> tuple[str, list[tuple[object, ...]]] | None:
        """Return unkeyed id, bound arguments and captures of a callable, or None."""
        kind = type(value)
        if not any(kind is one for one in _DESCRIBED):
            return None
        try:
            anatomy = take_apart(value)
            fingerprint = self._fingerprint(anatomy)
        except UnsupportedHandler:
            return None
        module, qualname = self.module_name(anatomy.module), anatomy.qualname
        where = _location(module, self._qualname(qualname))
        text = str(write(_hash(self._location, where), fingerprint, None))
        return text, [*anatomy.bound, *anatomy.captures]

    def differing_captures(
        self, fn: Callable[..., object], other: Callable[..., object]
    ) -> tuple[str, ...]:
        """Return the names of captures that differ, or that cannot be compared."""
        captures, others = carried(fn), carried(other)
        if [one[:-1] for one in captures] != [one[:-1] for one in others]:
            differing = [*captures, *others]
        else:
            pairs = zip(captures, others, strict=True)
            differing = [one for one, its in pairs if not self._same(one[-1], its[-1])]
        return tuple(dict.fromkeys([one[-2] for one in differing]))

    def _same(self, value: object, other: object) -> bool:
        try:
            return value is other or self._encode(value, "") == self._encode(other, "")
        except Exception:  # noqa: BLE001  (an encoder of the host may raise anything)
            return False

    def _encode(
        self, value: object, where: str, omitted: list[str] | None = None
    ) -> bytes:
        return self.codec.encode(value, where, describe=self.describe, omitted=omitted)

    def _plain_ids(self, fn: FunctionType, event: str | None) -> tuple[HandlerId, ...]:
        record, qualname, module = self.record(fn), fn.__qualname__, fn.__module__
        last = record.last
        if last[0] is event and last[1] is qualname and last[2] is module:
            return last[3]
        if not isinstance(module, str):
            take_apart(fn)  # refuses it
        if record.digest is None:
            record.digest = self._hash_code(fn, None)
        names = self.module_name(module), self._qualname(qualname)
        ids = self._write(names, _location(*names), record.digest, event)
        record.last = event, qualname, module, ids
        return ids

    def _ids_at(
        self, anatomy: Anatomy, event: str | None, location: str | None
    ) -> tuple[HandlerId, ...]:
        names = self.module_name(anatomy.module), self._qualname(anatomy.qualname)
        where, own = _location(*names), None
        if location is not None:
            module, colon, qualname = location.rpartition(":")
            qualname = self._qualname(qualname)
            where = _location(module, qualname) if colon else f"={location}".encode()
            own = qualname.rpartition(".")[2] if colon else ""
        return self._write(names, where, self._fingerprint(anatomy, own), event)

    def _write(
        self, names: tuple[str, str], where: bytes, code: bytes, event: str | None
    ) -> tuple[HandlerId, ...]:
        if event and not is_wire_name(event):
            raise ValueError(f"{event!r} is not a wire name, as in an id: click")
        location = _hash(self._location, where)
        if not self._keys:
            return (write(location, code, event, *names),)
        keyed = [
            (_keyed(location, key, b"location"), _keyed(code, key, b"code"))
            for key in self._keys
        ]
        return tuple([write(*digests, event, *names) for digests in keyed])

    def _fingerprint(self, anatomy: Anatomy, own: str | None = None) -> bytes:
        """The digest of all layers; with the handler's own name replaced by another."""
        name = anatomy.qualname.rpartition(".")[2]
        digests = []
        for layer in anatomy.layers:
            if isinstance(layer, str):
                digests.append(_hash(self._layers, layer.encode()))
            elif own is not None and own != name == layer.__code__.co_name:
                digests.append(self._renamed(layer, own))
            else:
                record = self.record(layer)
                if record.digest is None:
                    record.digest = self._hash_code(layer, None)
                digests.append(record.digest)
        if len(digests) == 1:
            return digests[0]
        return _hash(self._layers, b"".join(digests))

    def _renamed(self, fn: FunctionType, own: str) -> bytes:
        record = self.record(fn)
        known = record.renamed or {}
        if own not in known:
            record.renamed = known = {**known, own: self._hash_code(fn, own)}
        return known[own]

    def _hash_code(self, fn: FunctionType, own: str | None) -> bytes:
        if self._source is not None:
            return _hash(self._code, self._source(fn, own))
        code = fn.__code__ if own is None else fn.__code__.replace(co_name=own)
        return _hash(self._code, encode_code(code))

    def _qualname(self, qualname: str) -> str:
        # A location has to be equal on every Python if the fingerprint is.
        if self._source is None:
            return qualname
        return re.sub(_COMPILER_SCOPES, "", qualname)

    def _forget(self, record: CodeRecord) -> None:
        if self._records.get(record.address) is record:
            del self._records[record.address]


class CodeRecord(ref[CodeType]):
    """What an identity knows of a code object, for as long as that lives.

    Attributes:
        binding: how the function is called, together with what that was computed from.
            The registry sets and reads it.
    """

    __slots__ = ("address", "binding", "digest", "last", "renamed")

    address: int
    digest: bytes | None  # unkeyed; None until it is needed
    renamed: dict[str, bytes] | None  # the same by other names of the function
    # Event, qualified name, module and their ids. One tuple: a thread sees all of it.
    last: tuple[str | None, str, str, tuple[HandlerId, ...]]
    binding: object


_NEVER: tuple[Any, ...] = (None, None, None, ())


def event_name(event: type[Any] | str) -> str:
    """Return the wire name of an event type, or the name itself."""
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
    """Importable name of a module; resolves ``__main__``."""
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


def _location(module: str, qualname: str) -> bytes:
    return f"{len(module)}:{module}{qualname}".encode("utf-8", "surrogatepass")


def _hash(state: blake2b, content: bytes) -> bytes:
    state = state.copy()
    state.update(content)
    return state.digest()


def _keyed(digest: bytes, key: bytes, part: bytes) -> bytes:
    return blake2b(digest, digest_size=len(digest), key=key, person=part).digest()


DEFAULT = Identity()


def handler_id(
    fn: Callable[..., object],
    event: type[Any] | str | None = None,
    *,
    captures: bool = False,
) -> HandlerId:
    """Return the id of a handler, as ``Identity().handler_id`` does."""
    return DEFAULT.handler_id(fn, event, captures=captures)
