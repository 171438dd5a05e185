"""From a callable to its id.

What belongs here: what is hashed into which part of an id, and what is remembered of
it. Which parts a callable has is said by ``_anatomy``; how each becomes bytes, by
``_canonical``; the text, by ``_handler_id``.

The rules (``docs/reference/id-format.md`` has them in full):

1. Each part is a BLAKE2b digest, 8 bytes for the location, 12 for the fingerprint, 10
   for the captures; keyed with the host's key, and personalised: ``location``,
   ``bytecode`` or ``source``, ``layers``, ``captures``.
2. The fingerprint of a handler with several layers is the digest of the layers' own
   digests, outermost first; that of a layer that is no function is of its name.
3. The captures part is there only when the handler has bound arguments; of a distinct
   id, also when it has captures.
4. A change of what is hashed is a new version of the format: ``h2``.
5. What is remembered is remembered by code object, which lives as long as a module
   does, never by function. Names and ``__wrapped__`` are read again at each call:
   they may have been set since.
"""

from __future__ import annotations

import functools
import os
import sys
from hashlib import blake2b
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol
from weakref import ref

from handlerid._anatomy import (
    carried,
    is_plain,
    partial_method,
    surely_same_captures,
    take_apart,
)
from handlerid._canonical.code import encode_code
from handlerid._canonical.values import (
    check_encoders,
    encode_scalar,
    encode_value,
    same_value,
)
from handlerid._handler_id import WIRE_NAME, HandlerId, write
from handlerid.errors import UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from handlerid._anatomy import Anatomy

__all__ = ["DEFAULT", "Identity", "handler_id"]

_CALLABLES = (FunctionType, MethodType, functools.partial)
"""Callables that are known by what they call; others are values like any other."""


class _Named(Protocol):
    """An event type, as far as an id is concerned."""

    wire_name: ClassVar[str]


class Identity:
    """Computes ids: the same handler has the same id in every process.

    What was computed is remembered by code object, for as long as that lives: a
    closure made anew costs a look-up, and no function is kept alive. Any thread may
    use an instance.

    Args:
        key: 1 to 64 secret bytes. Without them the ids cannot be computed from the
            source alone; with the same key they are the same everywhere.
        fingerprint: ``"bytecode"`` is quick and needs no source, and serves a fleet
            that runs one release of Python. ``"source"`` hashes the syntax tree: equal
            on every Python and blind to comments and layout; a source that is missing
            or was edited since it was imported is an error.
        module_name: turns a module's name in this process into the name by which
            other processes know it. The default takes care of ``__main__``.
        encoders: for types of the host's own, by exact type: a function that returns
            what stands for an object as a bound argument or a captured value, such as
            its primary key. Python's own types have a form and take none.

    Raises:
        ValueError: an argument is not one of these.
    """

    def __init__(
        self,
        *,
        key: bytes | None = None,
        fingerprint: Literal["bytecode", "source"] = "bytecode",
        module_name: Callable[[str], str] | None = None,
        encoders: Mapping[type, Callable[[Any], object]] | None = None,
    ) -> None:
        if key is not None and not 1 <= len(key) <= blake2b.MAX_KEY_SIZE:
            raise ValueError("key must have 1 to 64 bytes")
        if fingerprint not in ("bytecode", "source"):
            raise ValueError('fingerprint must be "bytecode" or "source"')
        self.fingerprint = fingerprint
        self._source: Callable[[FunctionType, str | None], bytes] | None = None
        if fingerprint == "source":
            # Not above: who hashes bytecode need not load what reads sources.
            from handlerid._source import encode_source  # noqa: PLC0415

            self._source = encode_source
        self.module_name = module_name or name_elsewhere
        self.encoders = dict(encoders or {})
        check_encoders(self.encoders)
        secret = key or b""
        # States to copy from, which is cheaper than making one anew.
        self._location = blake2b(digest_size=8, key=secret, person=b"location")
        self._code = blake2b(digest_size=12, key=secret, person=fingerprint.encode())
        self._layers = blake2b(digest_size=12, key=secret, person=b"layers")
        self._captures = blake2b(digest_size=10, key=secret, person=b"captures")
        self._known: dict[int, _Known] = {}

    def handler_id(
        self, fn: Callable[..., object], event: type[_Named] | str | None = None
    ) -> HandlerId:
        """Returns the id of a handler; the same one at each call.

        Args:
            fn: a callable of any kind that ``docs/reference/callables.md`` lists.
            event: the event type it is registered for, or its wire name.

        Raises:
            UnsupportedHandler: the callable cannot have an id.
            UnstableCapture: a bound argument has no canonical form.
            ValueError: ``event`` is a text, and no wire name.
        """
        name = "" if event is None else _wire_name(event)
        # The hot path is written out; "is" will do, since equal names that are not the
        # same object only take the longer way.
        if type(fn) is not FunctionType or hasattr(fn, "__wrapped__"):
            return self._compute(fn, name)
        try:
            known = self._known[id(fn.__code__)]
        except KeyError:
            known = self._learn(fn)
        if (
            known.event is name
            and known.qualname is fn.__qualname__
            and known.module is fn.__module__
        ):
            return known.id
        return self._recall(known, fn, name)

    def distinct_id(
        self, fn: Callable[..., object], event: type[_Named] | str | None = None
    ) -> HandlerId:
        """Returns the id of a handler, with its captures in the captures part.

        Closures with the same code and other captures have other ids. The id of a
        handler that has no captures is the same as without them.

        Takes and raises what ``handler_id`` does, and:

        Raises:
            UnstableCapture: a captured value has no canonical form.
        """
        return self._add_captures(self.handler_id(fn, event), fn)

    def id_at(
        self,
        fn: Callable[..., object],
        place: str,
        event: type[_Named] | str | None = None,
        *,
        distinct: bool = False,
    ) -> HandlerId:
        """Returns the id that a handler has, or had, at another place.

        There its own name was another, so that one is in the code, too: what is
        hashed of ``def old_name`` and of ``def new_name`` is the same then.

        Args:
            fn: a callable of any kind.
            place: ``"module:qualname"``, or an explicit name, which has no colon.
            event: the event type, or its wire name.
            distinct: whether captures are part of the id, as in ``distinct_id``.

        Raises:
            UnsupportedHandler: the callable cannot have an id.
            UnstableCapture: a bound argument, or with ``distinct`` a captured value,
                has no canonical form.
        """
        found = self._id_at(fn, place, event)
        return self._add_captures(found, fn) if distinct else found

    def _id_at(
        self,
        fn: Callable[..., object],
        place: str,
        event: type[_Named] | str | None = None,
    ) -> HandlerId:
        name = "" if event is None else _wire_name(event)
        known = self._known.get(id(fn.__code__)) if is_plain(fn) else None
        if known is not None and known.others is not None:
            found = known.others.get(("", place, name))
            if found is not None and found.qualname == fn.__qualname__:
                return found
        anatomy = take_apart(fn)
        module, colon, qualname = place.rpartition(":")
        own = _last_name(qualname) if colon else ""
        fingerprint = self._fingerprint(anatomy, own)
        captures = self._captures_digest(anatomy.bound)
        where = _place(module, qualname) if colon else f"={place}"
        found = HandlerId(
            self._text(where, fingerprint, captures, name),
            self.module_name(anatomy.module),
            anatomy.qualname,
        )
        if known is not None:
            known.others = {**(known.others or {}), ("", place, name): found}
        return found

    def describe(self, value: Any) -> object | None:
        """What stands for a callable among canonical values: its id and captures.

        Returns None for what has no identity.
        """
        kind = type(value)
        if not any(kind is known for known in _CALLABLES):
            return None
        try:
            captures = take_apart(value).captures
            return str(self.handler_id(value)), tuple(map(tuple, captures))
        except UnsupportedHandler:
            return None

    def encode(self, value: object, where: str) -> bytes:
        """Returns the canonical bytes of a bound argument or captured value.

        Args:
            value: what to encode.
            where: the variable or argument, for the error.

        Raises:
            UnstableCapture: the value has no canonical form.
        """
        return encode_value(
            value,
            where,
            describe=self.describe,
            encoders=self.encoders,
            module_name=self.module_name,
        )

    def differing_captures(
        self, fn: Callable[..., object], other: Callable[..., object]
    ) -> tuple[str, ...]:
        """Names the captures in which two handlers with the same id differ.

        A value that cannot be compared counts as different.
        """
        if surely_same_captures(fn, other):
            return ()
        (_, captures), (_, others) = carried(fn), carried(other)
        places = [(layer, name) for layer, name, _ in captures]
        if places != [(layer, name) for layer, name, _ in others]:
            return tuple(dict.fromkeys(name for _, name, _ in (*captures, *others)))
        pairs = zip(captures, others, strict=True)
        return tuple(
            dict.fromkeys(
                name
                for (_, name, value), (_, _, its) in pairs
                if not same_value(
                    value,
                    its,
                    describe=self.describe,
                    encoders=self.encoders,
                    module_name=self.module_name,
                )
            )
        )

    def _recall(self, known: _Known, fn: FunctionType, event: str) -> HandlerId:
        """The id of a plain function whose code is known, if not its name or event."""
        module, qualname = fn.__module__, fn.__qualname__
        if not isinstance(module, str):  # it may be anything, and is refused there
            return self._compute(fn, event)
        if known.others is not None:
            found = known.others.get((module, qualname, event))
            if found is not None:
                return found
        if partial_method(fn):
            return self._compute(fn, event)
        name = self.module_name(module)
        text = self._text(_place(name, qualname), known.digest, b"", event)
        found = HandlerId(text, name, qualname)
        code = known()
        if known.event is None and code is not None:
            # A new one, complete before another thread finds it.
            named = self._note(code, known.digest)
            named.module, named.qualname, named.event = module, qualname, event
            named.id, named.others = found, known.others
            self._known[named.address] = named
        elif known.others is None:
            known.others = {(module, qualname, event): found}
        else:
            known.others[module, qualname, event] = found
        return found

    def _compute(self, fn: Callable[..., object], event: str) -> HandlerId:
        """The id of a callable of any kind."""
        anatomy = take_apart(fn)
        module, qualname = self.module_name(anatomy.module), anatomy.qualname
        fingerprint = self._fingerprint(anatomy)
        captures = self._captures_digest(anatomy.bound)
        text = self._text(_place(module, qualname), fingerprint, captures, event)
        return HandlerId(text, module, qualname)

    def _add_captures(
        self, handler_id: HandlerId, fn: Callable[..., object]
    ) -> HandlerId:
        bound, captures = carried(fn)
        if not captures:
            return handler_id
        return handler_id.with_captures(self._captures_digest(bound, captures))

    def _text(self, where: str, fingerprint: bytes, captures: bytes, event: str) -> str:
        if event and not WIRE_NAME.fullmatch(event):
            raise ValueError(f"{event!r} is not a wire name, as in an id: click")
        location = _digest(self._location, where.encode("utf-8", "surrogatepass"))
        return write(location, fingerprint, captures, event)

    def _captures_digest(
        self,
        bound: Iterable[tuple[str, object]],
        captures: Iterable[tuple[int, str, object]] = (),
    ) -> bytes:
        """The digest of what is carried; ``b""`` where nothing is."""
        forms = []
        for where, value in bound:
            forms += [encode_scalar(where), self.encode(value, where)]
        for layer, where, value in captures:
            form = encode_scalar(value) or self.encode(value, where)
            forms += [encode_scalar(layer), encode_scalar(where), form]
        return _digest(self._captures, b"".join(forms)) if forms else b""

    def _fingerprint(self, anatomy: Anatomy, own: str | None = None) -> bytes:
        """The digest of all layers; as if the handler's own name were another one."""
        digests = [self._layer_digest(layer, anatomy, own) for layer in anatomy.layers]
        if len(digests) == 1:
            return digests[0]
        return _digest(self._layers, b"".join(digests))

    def _layer_digest(
        self, layer: FunctionType | str, anatomy: Anatomy, own: str | None
    ) -> bytes:
        if isinstance(layer, str):
            return _digest(self._layers, layer.encode("utf-8", "surrogatepass"))
        if own is not None and layer.__code__.co_name == _last_name(anatomy.qualname):
            return _digest(self._code, self._encode(layer, own))
        known = self._known.get(id(layer.__code__))
        return self._learn(layer).digest if known is None else known.digest

    def _learn(self, fn: FunctionType) -> _Known:
        known = self._note(fn.__code__, _digest(self._code, self._encode(fn, None)))
        self._known[known.address] = known
        return known

    def _note(self, code: CodeType, digest: bytes) -> _Known:
        known = _Known(code, self._forget)
        known.address, known.digest = id(code), digest
        known.event = known.others = None
        return known

    def _encode(self, fn: FunctionType, own: str | None) -> bytes:
        if self._source is not None:
            return self._source(fn, own)
        code = fn.__code__
        return encode_code(code if own is None else code.replace(co_name=own))

    def _forget(self, known: _Known) -> None:
        self._known.pop(known.address, None)


class _Known(ref[CodeType]):
    """What is known of a code object, for as long as it lives.

    Most code has one location and is registered for one event: that id stands in the
    attributes, which saves a dictionary. ``event`` is None as long as there is none.
    """

    __slots__ = ("address", "digest", "event", "id", "module", "others", "qualname")

    address: int
    digest: bytes
    module: str
    qualname: str
    event: str | None
    id: HandlerId
    others: dict[tuple[str, str, str], HandlerId] | None


def name_elsewhere(name: str) -> str:
    """The name by which other processes know a module of this one.

    Only the module that was started has another: what ``python -m`` was given, or
    its file's name. One that has neither, as in an interactive session, keeps its
    name: no other process has it.
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


def _place(module: str, qualname: str) -> str:
    return f"{len(module)}:{module}{qualname}"


def _last_name(qualname: str) -> str:
    return qualname.rpartition(".")[2]


def _wire_name(event: type[_Named] | str) -> str:
    return event if isinstance(event, str) else event.wire_name


def _digest(state: blake2b, content: bytes) -> bytes:
    state = state.copy()
    state.update(content)
    return state.digest()


DEFAULT = Identity()
handler_id = DEFAULT.handler_id
