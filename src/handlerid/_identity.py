"""From a callable to its id.

What belongs here: what is hashed into which part of an id, and the text of an id.
Which parts a callable has is said by ``_anatomy``; how each becomes bytes, by
``_canonical``.

The rules (``docs/reference/id-format.md`` has them in full):

1. ``h1-<location>-<fingerprint>[-<captures>][.<event name>]``.
2. Each part is a BLAKE2b digest of 8, 12 or 10 bytes, personalised with the name of
   the part and keyed with the host's key, in lower-case base32 without padding.
3. The fingerprint of a handler with several layers is the digest of the layers'
   own digests, outermost first.
4. The captures part is there only when the handler has bound arguments.
5. A change of what is hashed is a new version of the format: ``h2``.
"""

from __future__ import annotations

import base64
import functools
import os
import re
import sys
from hashlib import blake2b
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol
from weakref import ref

from handlerid._anatomy import take_apart
from handlerid._canonical.code import encode_code
from handlerid._canonical.values import encode_value, same_value
from handlerid.errors import MalformedPayload, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

__all__ = ["HandlerId", "Identity", "handler_id"]

_VERSION = "h1"

_CALLABLES = (FunctionType, MethodType, functools.partial)
"""Callables that are known by what they call; others are values like any other."""

# 8 and 12 bytes do not fill their last character: it has only so many values.
_EVENT = "[a-z][a-z0-9_]{0,63}"
_WIRE_NAME = re.compile(_EVENT)
_GRAMMAR = re.compile(
    r"h1-[a-z2-7]{12}[acegikmoqsuwy246]-[a-z2-7]{19}[aq]"
    rf"(?:-[a-z2-7]{{16}})?(?:\.{_EVENT})?"
)
_LONGEST_KEY = blake2b.MAX_KEY_SIZE
_LONGEST = 3 + 13 + 1 + 20 + 1 + 16 + 1 + 64


class _Named(Protocol):
    """An event type, as far as an id is concerned."""

    wire_name: ClassVar[str]


class HandlerId(str):
    """The text that names a handler, safe in URLs, HTML attributes and file names.

    Attributes:
        module: module of the handler's location, or None for an id that was parsed
            from text: the text does not reveal it.
        qualname: qualified name of the location, or None likewise.
    """

    __slots__ = ("module", "qualname")

    module: str | None
    qualname: str | None

    def __new__(
        cls, text: str, module: str | None = None, qualname: str | None = None
    ) -> Self:
        self = str.__new__(cls, text)
        self.module = module
        self.qualname = qualname
        return self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the text of an id, as it came over the wire.

        Raises:
            MalformedPayload: the text has not the grammar of an id.
        """
        if len(text) > _LONGEST or not _GRAMMAR.fullmatch(text):
            raise MalformedPayload(
                "the payload's handler is not an id: an id is "
                "h1-<location>-<fingerprint>[-<captures>][.<event name>]"
            )
        return cls(text)

    @property
    def location(self) -> str:
        """The 13 characters that stand for module and qualified name."""
        return self[3:16]

    @property
    def fingerprint(self) -> str:
        """The 20 characters that stand for the code."""
        return self[17:37]

    @property
    def captures(self) -> str:
        """The 16 characters that stand for captures, or ``""``."""
        return self[38:54] if self[37:38] == "-" else ""

    @property
    def event(self) -> str:
        """The wire name of the event, or ``""``."""
        return self.partition(".")[2]

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.module, self.qualname))


class Identity:
    """Computes ids: the same handler has the same id in every process.

    What was computed is remembered by code object, for as long as that lives: a
    closure made anew costs a look-up, and no function is kept alive. Any thread may
    use an instance.

    Args:
        key: 1 to 64 secret bytes. Without them the ids cannot be computed from the
            source alone; with the same key they are the same everywhere.
        fingerprint: ``"bytecode"`` serves a fleet that runs one release of Python.
        module_name: turns a module's name in this process into the name by which
            other processes know it. The default takes care of ``__main__``.

    Raises:
        ValueError: an argument is not one of these.
    """

    def __init__(
        self,
        *,
        key: bytes | None = None,
        fingerprint: Literal["bytecode"] = "bytecode",
        module_name: Callable[[str], str] | None = None,
    ) -> None:
        if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
            raise ValueError("key must have 1 to 64 bytes")
        if fingerprint != "bytecode":
            raise ValueError('fingerprint must be "bytecode"')
        self.module_name = module_name or name_elsewhere
        secret = key or b""
        # States to copy from: making one anew costs twice as much.
        self._location = blake2b(digest_size=8, key=secret, person=b"location")
        self._fingerprint = blake2b(digest_size=12, key=secret, person=b"fingerprint")
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
        name = _event_name(event)
        if type(fn) is FunctionType:
            known = self._known.get(id(fn.__code__))
            if known is not None and not hasattr(fn, "__wrapped__"):
                found = known.find(fn.__module__, fn.__qualname__, name)
                if found is not None:
                    return found
        return self._compute(fn, name)

    def describe(self, value: object) -> object | None:
        """What stands for a callable among canonical values: its id and captures.

        Returns None for what has no identity.
        """
        if not isinstance(value, _CALLABLES):
            return None
        try:
            return str(self.handler_id(value)), take_apart(value).captures
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
            value, where, describe=self.describe, module_name=self.module_name
        )

    def differing_captures(
        self, fn: Callable[..., object], other: Callable[..., object]
    ) -> tuple[str, ...]:
        """Names the captures in which two handlers with the same id differ.

        A value that cannot be compared counts as different.
        """
        captures, others = take_apart(fn).captures, take_apart(other).captures
        names = [name for name, _ in captures]
        if names != [name for name, _ in others]:
            return tuple(dict.fromkeys([*names, *(name for name, _ in others)]))
        pairs = zip(captures, others, strict=True)
        return tuple(
            dict.fromkeys(
                name
                for (name, value), (_, its) in pairs
                if not same_value(
                    value, its, describe=self.describe, module_name=self.module_name
                )
            )
        )

    def _compute(self, fn: Callable[..., object], event: str) -> HandlerId:
        if event and not _WIRE_NAME.fullmatch(event):
            raise ValueError(f"{event!r} is not a wire name, as in an id: click")
        anatomy = take_apart(fn)
        module, qualname = self.module_name(anatomy.module), anatomy.qualname
        location = _digest(
            self._location,
            f"{len(module)}:{module}{qualname}".encode("utf-8", "surrogatepass"),
        )
        digests = [self._layer_digest(layer) for layer in anatomy.layers]
        alone = len(digests) == 1
        fingerprint = digests[0] if alone else _digest(self._layers, b"".join(digests))
        text = f"{_VERSION}-{_base32(location)}-{_base32(fingerprint)}"
        if anatomy.bound:
            encoded = [
                self.encode(where, where) + self.encode(value, where)
                for where, value in anatomy.bound
            ]
            text += "-" + _base32(_digest(self._captures, b"".join(encoded)))
        if event:
            text += "." + event
        found = HandlerId(text, module, qualname)
        if alone and anatomy.layers[0] is fn:
            known = self._known[id(anatomy.layers[0].__code__)]
            known.remember(anatomy.module, qualname, event, found)
        return found

    def _layer_digest(self, layer: FunctionType | str) -> bytes:
        if isinstance(layer, str):
            return _digest(self._fingerprint, layer.encode())
        code = layer.__code__
        known = self._known.get(id(code))
        if known is None:
            known = _Known(code, self._forget)
            known.address = id(code)
            known.digest = _digest(self._fingerprint, encode_code(code))
            known.first = known.rest = None
            self._known[known.address] = known
        return known.digest

    def _forget(self, known: _Known) -> None:
        self._known.pop(known.address, None)


class _Known(ref[CodeType]):
    """What is known of a code object while it lives.

    Most code has one location and is registered for one event: that id stands in
    ``first``, and needs no dictionary.
    """

    __slots__ = ("address", "digest", "first", "rest")

    address: int
    digest: bytes
    first: tuple[str, str, str, HandlerId] | None
    rest: dict[tuple[str, str, str], HandlerId] | None

    def find(self, module: str, qualname: str, event: str) -> HandlerId | None:
        if self.first is None:
            return None
        its_module, its_qualname, its_event, found = self.first
        if its_event == event and its_qualname == qualname and its_module == module:
            return found
        return self.rest.get((module, qualname, event)) if self.rest else None

    def remember(
        self, module: str, qualname: str, event: str, handler_id: HandlerId
    ) -> None:
        if self.first is None:
            self.first = (module, qualname, event, handler_id)
        else:
            self.rest = {**(self.rest or {}), (module, qualname, event): handler_id}


def name_elsewhere(name: str) -> str:
    """The name by which other processes know a module of this one.

    Only the module that was started has another: what ``python -m`` was given, or
    its file's name. One that has neither, as in an interactive session, keeps its
    name: no other process has it.
    """
    if name not in ("__main__", "__mp_main__"):
        return name
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    if file is None:
        return name
    # pathlib would cost more to import than all of this module.
    return os.path.splitext(os.path.basename(str(file)))[0]  # noqa: PTH119, PTH122


def _event_name(event: type[_Named] | str | None) -> str:
    if event is None:
        return ""
    return event if isinstance(event, str) else event.wire_name


def _digest(state: blake2b, content: bytes) -> bytes:
    state = state.copy()
    state.update(content)
    return state.digest()


def _base32(digest: bytes) -> str:
    return base64.b32encode(digest).decode().rstrip("=").lower()


handler_id = Identity().handler_id
