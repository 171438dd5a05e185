"""From a callable to its id: what is hashed, and what is remembered of it.

1. Each part is an unkeyed BLAKE2b digest; with keys, the keyed hash of that digest.
2. The fingerprint of several layers is the digest of their digests, outermost first.
3. A change of what is hashed is a new version of the format: ``h2``.
4. One weak record per code object holds all that is remembered; no function is held.
   Names and ``__wrapped__`` are read at each call, because they may have been set.
"""

from __future__ import annotations

import functools
import re
from _blake2 import blake2b  # hashlib would load OpenSSL, which takes 2 ms
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard
from weakref import ref

from handlerid import _captures
from handlerid._bytecode import encode_code, renamed
from handlerid._identity.callables import FUNCTOOLS, Anatomy, take_apart
from handlerid._identity.ids import HandlerId, with_captures, write
from handlerid._peek import as_keys, choose, expect, importable_name, is_held
from handlerid._values import encode_scalar
from handlerid._values.tree import mark_of
from handlerid.errors import UnsupportedHandler
from handlerid.events import event_name

if TYPE_CHECKING:
    from handlerid._values.codec import Codec

_LONGEST_KEY = blake2b.MAX_KEY_SIZE
_Ids: TypeAlias = tuple[HandlerId, ...]
_SIZES = {b"location": 8, b"captures": 10, b"bytecode": 12, b"layers": 12}  # bytes
_STATES = {part: blake2b(digest_size=n, person=part) for part, n in _SIZES.items()}
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
        encoders: by class of a captured value or its base, a function that returns a
            key for it, or None; not for Python's own types. A class may say it itself:
            ``__handler_key__(self)``.
        decoders: by the same classes, functions from the key to the object, for
            captures that travel in a token.

    Raises:
        TypeError: ``keys`` are not bytes, or an encoder or decoder is no function.
        ValueError: an argument has none of the values above.
    """

    __module__ = "handlerid"

    def __init__(
        self,
        *,
        keys: bytes | Sequence[bytes] | None = None,
        fingerprint: Literal["bytecode", "source"] = "bytecode",
        module_name: Callable[[str], str | None] | None = None,
        encoders: Mapping[type, Callable[[Any], object]] | None = None,
        decoders: Mapping[type, Callable[[Any], object]] | None = None,
    ) -> None:
        choose("fingerprint", fingerprint, ("bytecode", "source"))
        self.fingerprint = fingerprint
        self._keys = () if keys is None else as_keys(keys)
        sizes = [*map(len, self._keys)] or [0]
        if keys is not None and not 0 < min(sizes) <= max(sizes) <= _LONGEST_KEY:
            raise ValueError("keys must be one key or several, each of 1 to 64 bytes")
        self.one_id: bool = len(self._keys) <= 1  # each key gives a handler an id
        self.source: Any = None  # handlerid._source, if sources are hashed
        if fingerprint == "source":
            # Loaded here, because most processes hash bytecode.
            from handlerid import _source  # noqa: PLC0415

            self.source = _source
        known = module_name is None or callable(module_name)
        expect(known, "module_name", "a function", module_name)
        self.module_name: Callable[..., str]
        self.module_name = functools.partial(importable_name, given=module_name)
        self._given = dict[str, Any](encoders=encoders, decoders=decoders)
        self._options = dict[str, Any](fingerprint=fingerprint, module_name=module_name)
        for name, given in self._given.items():
            expect(isinstance(given, Mapping | None), name, "a mapping of types", given)
        if encoders is not None or decoders is not None:
            _ = self.codec  # checks them
        self.records: dict[int, CodeRecord] = {}  # by the address of the code
        self._forget = functools.partial(_forget, self.records)

    def __repr__(self) -> str:
        keys = f" with {len(self._keys)} keys" if self._keys else ""
        return f"<Identity of the {self.fingerprint}{keys}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._keys:
            raise TypeError(
                "an Identity with keys cannot be copied or pickled, because a pickle "
                "would hold the keys; make one in each process"
            )
        return functools.partial(type(self), **self._options, **self._given), ()

    @functools.cached_property
    def codec(self) -> Codec:
        """Writes captured values; loaded with the first of them."""
        from handlerid._values.codec import Codec  # noqa: PLC0415

        return Codec(**self._given, module_name=self.module_name)

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
        if not captures and type(fn) is FunctionType and not hasattr(fn, "__wrapped__"):
            name = "" if event is None else event_name(event)
            record = self.records.get(id(fn.__code__)) or self.record(fn)
            old = record.last  # equal texts that are other objects take the longer way
            if old[0] is name and old[1] is fn.__qualname__ and old[2] is fn.__module__:
                return old[3]  # type: ignore[no-any-return]
            if fn.__globals__ is not FUNCTOOLS:
                return self._plain_ids(fn, name, record)[0]
        return self.complete(*self.bare_ids(fn, event, captures=captures)[:2])[0]

    def bare_ids(
        self,
        fn: Callable[..., object],
        event: type[Any] | str | None = None,
        *,
        captures: bool = False,
        part: bytes = b"",
        location: str | None = None,
        omitted: list[str] | None = None,
    ) -> tuple[_Ids, bytes, list[int], list[Any]]:
        """Return ids without captures part, the digest for that, marks, functions.

        There is one id a key, the writing key's first; the digest may be empty. Marks
        tell the handler from one with the same ids and digest: hold it as long as them.
        The functions that are hashed come each with its code. Arguments and errors are
        those of ``handler_id``, and:
            part: canonical bytes of the host's key of a part of the page.
            location: ``"module:qualname"`` or an explicit name: the ids that the
                handler has, or had, there. Its name in the code is that one, too.
            omitted: gets the paths of values that have no canonical form.
        """
        wire_name = "" if event is None else event_name(event)
        carried: Iterable[Any] = ()
        told: Sequence[tuple[str, object]] = ()
        marks = list[int]()
        if location is None and _wraps_nothing(fn):
            record = self.records.get(id(fn.__code__)) or self.record(fn)
            codes: list[Any] = [(fn, fn.__code__)]
            ids = self._plain_ids(fn, wire_name, record)
            if captures:
                carried = [(1, name, x) for name, x in _captures.captures_of(fn)]
                if not (fn.__closure__ is None or record.closed) or fn.__dict__:
                    carried, told = _captures.counted(carried, [fn], self.variables)
                else:
                    marks.append(id(fn.__globals__))
        else:
            anatomy = take_apart(fn)
            codes = anatomy.codes
            ids, carried = self._ids_at(anatomy, wire_name, location), anatomy.bound
            if captures:
                carried, told = self._counted(anatomy)
        if told:
            marks += [mark_of(mark) for _, mark in told]
        forms = list[bytes]()
        for layer, where, value in carried:
            form = encode_scalar(value)
            if not form:
                describe = functools.partial(self.describe, codes=codes)
                form = self.codec.encode(value, where, describe, omitted, marks)
            forms += [_label(layer, where), form]
        if part:
            forms += [encode_scalar(None), part]
        digest = _hash(b"".join(forms), b"captures") if forms else b""
        return ids, digest, marks, codes

    def complete(self, bare: _Ids, digest: bytes, number: int = 0) -> _Ids:
        """Return ids with their captures part; ``number`` is that among equals.

        Of ids at several locations, those at one stand side by side, one a key.
        """
        if number:
            digest = _hash(b"%b#%d" % (digest, number), b"captures")
        if not digest:
            return bare
        if not self._keys and len(bare) == 1:  # as most
            return (with_captures(bare[0], digest),)
        keyed = self._keyed(digest, b"captures")
        return tuple(map(with_captures, bare, keyed * len(bare)))

    def record(self, fn: FunctionType) -> CodeRecord:
        """Return the record of a function's code; it lives as long as the code."""
        record = self.records.get(id(fn.__code__))
        if record is None:  # of two threads, both use the record of the first
            record = CodeRecord(fn.__code__, self._forget)
            record = self.records.setdefault(record.address, record)
        return record

    def variables(self, fn: FunctionType) -> _captures.FreeVariables:
        """Return what is known of the free variables of a function."""
        record = self.record(fn)
        known = record.variables
        # A module that is being imported may not hold the function around yet.
        if known is None or known.missing not in (0, len(fn.__globals__)):
            unused = self.source and self.source.unused_in_source(fn)
            known = _captures.FreeVariables(fn.__code__, fn.__globals__, unused)
            record.variables, record.closed = known, known.closed
        return known

    def late(self, fn: Any) -> list[tuple[FunctionType, str, CellType]]:
        """Return a handler's variables that may change: who reads it, path, cell."""
        layers = [fn] if _captures.is_looked_into(fn) else take_apart(fn).layers
        return _captures.late(layers, self.variables)

    def describe(
        self, value: Any, codes: list[Any] | None = None
    ) -> tuple[str, Sequence[Any], Sequence[Any]] | None:
        """Return unkeyed id, bound arguments and captures, and marks of a callable.

        None for what has no id. Of what its module holds, the id is all. ``codes`` gets
        what it gets in ``bare_ids``.
        """
        if (native := _captures.native(value)) is not None:
            module, qualname, *owners = native
            return f"{module}.{qualname}", tuple((0, "self", x) for x in owners), ()
        try:
            anatomy = take_apart(value)
            fingerprint = self._fingerprint(anatomy)
        except UnsupportedHandler:
            if type(value) is not functools.partial:
                return None
            anatomy = Anatomy(value)  # of a class, or of what is written in C
            anatomy.arguments(value)
            parts = [(None, "func", value.func), *anatomy.bound]
            return "functools.partial", parts, anatomy.order
        if codes is not None:
            codes += anatomy.codes
        names = self._names(anatomy.module, anatomy.qualname, anatomy.layers[0])
        text = str(write(_hash(_where(*names), b"location"), fingerprint))
        if is_held(value, anatomy.module, anatomy.qualname, unknown=False):
            return text, (), ()
        if not _captures.is_looked_into(value):
            return None
        parts, marks = self._counted(anatomy)
        if type(value) is _captures.CachedFunction:
            marks.append(("cache", value))
        return text, parts, marks

    def _counted(self, anatomy: Anatomy) -> tuple[list[Any], list[Any]]:
        captures, marks = _captures.counted(
            anatomy.captures, anatomy.layers, self.variables
        )
        return [*anatomy.bound, *captures], [*marks, *anatomy.order]

    def difference(self, fn: Any, other: Any) -> tuple[str, ...]:
        """Return the variables in which two handlers with one id are not the same."""
        if self._is_again(fn, other):
            return ()
        (parts, marks), (its_parts, its_marks) = [
            self._counted(take_apart(one)) for one in (fn, other)
        ]
        both = [[(name, mark_of(x)) for name, x in one] for one in (marks, its_marks)]
        names = [(one or its)[0] for one, its in zip_longest(*both) if one != its]
        for one, its in zip_longest(parts, its_parts):
            path: str | None = ""
            if one and its and one[:-1] == its[:-1]:
                path = self.codec.difference(one[-1], its[-1], self.describe)
            names += [] if path is None else [f"{(one or its)[-2]}{path}"]
        return tuple(dict.fromkeys(names))

    def _is_again(self, fn: Any, other: Any) -> bool:
        """Return whether a plain function was made again with equal scalars."""
        return (
            type(fn) is type(other) is FunctionType
            and fn.__code__ is other.__code__
            and fn.__globals__ is other.__globals__
            and not (fn.__dict__ or other.__dict__)
            and (fn.__closure__ is None or self.record(fn).closed)
            and _forms(fn) == _forms(other)
        )

    def _plain_ids(self, fn: FunctionType, event: str, record: CodeRecord) -> _Ids:
        last, asked = record.last, (event, fn.__qualname__, fn.__module__)
        if last[:3] != asked:
            if not isinstance(fn.__module__, str):
                take_apart(fn)  # refuses it
            record.digest = record.digest or self._hash_code(fn)
            names = self._names(fn.__module__, fn.__qualname__, fn)
            ids = self._write(names, _where(*names), record.digest, event)
            record.last = last = (*asked, *ids)
        return last[3:]

    def _ids_at(self, anatomy: Anatomy, event: str, location: str | None) -> _Ids:
        names = self._names(anatomy.module, anatomy.qualname, anatomy.layers[0])
        at = self._place(location) if location is not None else (_where(*names), None)
        return self._write(names, at[0], self._fingerprint(anatomy, at[1]), event)

    def ids(self, location: str, code: bytes = bytes(12)) -> _Ids:
        """Return the ids of code, by its unkeyed digest, at a location or a name."""
        return self._write(("", ""), self._place(location)[0], code, "")

    def _place(self, location: str) -> tuple[bytes, str]:
        module, colon, qualname = location.rpartition(":")
        if not colon:  # an explicit name
            return f"={location}".encode("utf-8", "surrogatepass"), ""
        qualname = self._names("", qualname)[1]
        return _where(module, qualname), qualname

    def _write(
        self, names: tuple[str, str], where: bytes, code: bytes, event: str
    ) -> _Ids:
        location = _hash(where, b"location")
        if not self._keys:
            return (write(location, code, event, *names),)
        locations = self._keyed(location, b"location")
        both = zip(locations, self._keyed(code, b"code"), strict=True)
        return tuple([write(*one, event, *names) for one in both])

    def _keyed(self, digest: bytes, part: bytes) -> list[bytes]:
        """Return a digest under each key; without keys, as it is."""
        given: dict[str, Any] = {"digest_size": len(digest), "person": part}
        keyed = [blake2b(digest, key=key, **given).digest() for key in self._keys]
        return keyed or [digest]

    def _fingerprint(self, anatomy: Anatomy, qualname: str | None = None) -> bytes:
        """The digest of all layers, as if the handler had another qualified name."""
        before, after = anatomy.qualname, qualname
        name = before.rpartition(".")[2]
        own = name if after is None else after.rpartition(".")[2]
        digests = []
        for layer in anatomy.layers:
            if isinstance(layer, str):
                text = f"generated {own}" if layer == f"generated {name}" else layer
                digests.append(_hash(text.encode(), b"layers"))
            elif after not in (None, before) and name == layer.__code__.co_name:
                digests.append(self._hash_code(layer, before, after))
            else:
                record = self.record(layer)
                record.digest = record.digest or self._hash_code(layer)
                digests.append(record.digest)
        several = len(digests) > 1
        return _hash(b"".join(digests), b"layers") if several else digests[0]

    def _hash_code(
        self, fn: FunctionType, before: str = "", after: str | None = None
    ) -> bytes:
        code = fn.__code__ if after is None else renamed(fn.__code__, before, after)
        try:
            if self.source:
                own = after and after.rpartition(".")[2]
                return self.source.digest_source(fn, own)  # type: ignore[no-any-return]
            return _hash(encode_code(code), b"bytecode")
        except ValueError as error:
            raise UnsupportedHandler(str(error)) from None

    def _names(self, module: str, qualname: str, layer: Any = None) -> tuple[str, str]:
        if self.source:
            # A location has to be equal on every Python if the fingerprint is.
            qualname = re.sub(_COMPILER_SCOPES, "", qualname)
        home = layer.__globals__ if type(layer) is FunctionType else None
        return self.module_name(module, home), qualname


class CodeRecord(ref[CodeType]):
    """What an identity knows of a code object, for as long as that lives."""

    __slots__ = ("address", "binding", "closed", "digest", "last", "variables")

    def __init__(self, code: CodeType, _: object = None) -> None:
        self.address: int = id(code)
        # Event, qualified name and module that were asked for last, and the ids.
        self.last: tuple[Any, ...] = (None, None, None)
        self.digest: bytes | None = None  # unkeyed
        self.variables: _captures.FreeVariables | None = None
        self.closed: bool = False  # as its variables are, once they are known
        self.binding: object = None  # how it is called; the registry sets and reads it


def _forget(records: dict[int, CodeRecord], record: CodeRecord) -> None:
    if records.get(record.address) is record:
        del records[record.address]


def _wraps_nothing(fn: Any) -> TypeGuard[FunctionType]:
    """Return whether it is one function, and no other runs within."""
    return (
        type(fn) is FunctionType
        and not hasattr(fn, "__wrapped__")
        and fn.__globals__ is not FUNCTOOLS
    )


def _forms(fn: FunctionType) -> list[tuple[str, bytes | int]]:
    captures = _captures.captures_of(fn)
    return [(name, encode_scalar(value) or id(value)) for name, value in captures]


@functools.lru_cache(maxsize=1024)
def _label(layer: int | None, where: str) -> bytes:
    return (encode_scalar(layer) if layer else b"") + encode_scalar(where)


def _where(module: str, qualname: str) -> bytes:
    return f"{len(module)}:{module}{qualname}".encode("utf-8", "surrogatepass")


def _hash(content: bytes, part: bytes) -> bytes:
    state = _STATES[part].copy()  # cheaper than making one
    state.update(content)
    return state.digest()


DEFAULT = Identity()


def handler_id(
    fn: Callable[..., object],
    event: type[Any] | str | None = None,
    *,
    captures: bool = False,
) -> HandlerId:
    """Return the id of a handler, as ``Identity().handler_id`` does."""
    return DEFAULT.handler_id(fn, event, captures=captures)


handler_id.__module__ = "handlerid"
