"""Values as canonical bytes: bound arguments, and captures that are compared.

What belongs here: the rules, and the walk through a value. The form of each type is in
``forms``; what a callable is made of, its identity knows: ``describe``.

The rules:

1. Typed: ``1``, ``True`` and ``1.0`` differ, ``(1,)`` and ``[1]``, ``0.0`` and
   ``-0.0``. A form begins with its type's tag and says where it ends, so no form is
   the beginning of another.
2. Exact types. A subclass may hold more than its base shows, so it is refused, unless
   it is an enum, a dataclass or a named tuple, or the host has an encoder for it.
3. Nothing that depends on the process: no ``repr``, no hash order, no address.
4. No code of a value runs, only the host's: ``describe``, ``encoders`` and
   ``module_name``. So types are compared with ``is`` and found by address (a metaclass
   may define ``__eq__`` and ``__hash__``), and attributes are read where they
   are stored.
5. A class is known by module and qualified name, so its module must hold it under that
   name. Two classes made by one function share a name and must not share an id.
6. No value takes forever. An explicit stack bounds the depth, not Python's; a long form
   inside another is stood for by its digest, which is worked out once an object, so
   shared parts cost nothing, however often they are shared.
"""

from __future__ import annotations

import sys
from hashlib import blake2b
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from handlerid._canonical.forms import (
    FORMS,
    MOVED,
    SCALARS,
    Node,
    Refused,
    known_form,
    text_form,
)
from handlerid._canonical.peek import (
    globals_of,
    is_held,
    is_native,
    look_up,
    mro,
    name_of_class,
    names_of_class,
)
from handlerid._canonical.records import record_form
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Describe: TypeAlias = Callable[[object], object | None]
    Encoders: TypeAlias = Mapping[type, Callable[[Any], object]]

__all__ = ["check_encoders", "encode_value", "same_value"]

_LONGEST = 256
"""Bytes of a form that stands inside another; a longer one gives way to its digest."""

_DEEPEST = 20_000
"""Levels. Only an encoder that never ends, or an attack, nests deeper."""

_SHOWN = 8
"""Steps of a path that an error shows from either end."""

# Bound once: a method of an imported name is looked up anew at each call.
_find_scalar = SCALARS.get
_find_form = FORMS.get

_NO_ENCODERS: Encoders = {}


def _no_identity(value: object) -> None:
    """Says of every callable that it has no identity."""


def _same_name(module: str) -> str:
    return module


def encode_value(
    value: object,
    where: str,
    *,
    describe: Describe = _no_identity,
    encoders: Encoders = _NO_ENCODERS,
    module_name: Callable[[str], str] = _same_name,
) -> bytes:
    """Returns the canonical bytes of a value.

    Equal typed values give equal bytes in every process, other values give others.

    Args:
        value: what was bound or captured.
        where: the variable or argument, for errors: ``"url"``, ``"args[0]"``.
        describe: called with a callable; returns a value that stands for it, or None
            when the callable has no identity.
        encoders: for the host's own types: exact type to a function that returns a
            value that stands for the object. They come before the forms of classes,
            such as dataclasses, but after those of Python's types: `check_encoders`.
        module_name: maps a module's name to the one that other processes know it by.

    Raises:
        UnstableCapture: the value, or a part of it, has no canonical form. What
            ``describe`` and the encoders raise passes through.
    """
    scalar = _find_scalar(id(type(value)))
    if scalar is not None:
        return scalar(value)
    return _Walk(where, describe, encoders, module_name).encode(value)


def same_value(
    value: object,
    other: object,
    *,
    describe: Describe = _no_identity,
    encoders: Encoders = _NO_ENCODERS,
    module_name: Callable[[str], str] = _same_name,
) -> bool:
    """Tells whether two values are one object, or have the same canonical bytes.

    What cannot be compared differs: a value without a canonical form, a host's
    function that raises. The arguments are those of `encode_value`.
    """
    if value is other:
        return True
    kind = type(value)
    if kind is type(other) and (kind is str or kind is int):
        return value == other
    try:
        form, its = (
            encode_value(
                one, "", describe=describe, encoders=encoders, module_name=module_name
            )
            for one in (value, other)
        )
    except Exception:  # noqa: BLE001  (the host's code may raise anything)
        return False
    return form == its


def check_encoders(encoders: Encoders) -> None:
    """Makes sure that each of the host's encoders can be asked.

    Raises:
        TypeError: a type is none, or an encoder is not callable.
        ValueError: a type has a canonical form that comes first.
    """
    for kind, encoder in encoders.items():
        if not issubclass(type(kind), type) or not callable(encoder):
            raise TypeError(f"encoders must map types to functions, not {kind!r}")
        if known_form(kind):
            raise ValueError(
                f"encoders must not have {name_of_class(kind)}: it has a canonical "
                "form already, so its encoder would never be asked"
            )


class _Walk:
    """One value on its way to bytes, with an explicit stack."""

    def __init__(
        self,
        where: str,
        describe: Describe,
        encoders: Encoders,
        module_name: Callable[[str], str],
    ) -> None:
        self.where = where
        self.describe = describe
        self.encoders = {id(kind): encoder for kind, encoder in encoders.items()}
        self.module_name = module_name
        self.open: list[Node] = []
        self.active: set[int] = set()
        # Both keep the object: an encoder's result would be gone, its address reused.
        self.digests: dict[int, tuple[object, bytes]] = {}
        self.classes: dict[int, tuple[type, bytes]] = {}

    def encode(self, value: object) -> bytes:
        try:
            form = self.form(value)
            while True:
                if isinstance(form, Node):
                    self.enter(form)
                elif self.open:
                    self.open[-1].parts.append(self.shorten(value, form))
                else:
                    return form
                node = self.open[-1]
                if len(node.parts) < len(node.children):
                    value = node.children[len(node.parts)]
                    form = self.form(value)
                else:
                    value, form = node.value, self.leave()
        except Refused as refusal:
            raise self.unstable(value, str(refusal)) from None

    def enter(self, node: Node) -> None:
        if id(node.value) in self.active:
            raise Refused("refers to itself")
        if len(self.open) >= _DEEPEST:
            raise Refused(f"is nested more than {_DEEPEST} levels deep")
        self.active.add(id(node.value))
        self.open.append(node)

    def leave(self) -> bytes:
        node = self.open.pop()
        self.active.remove(id(node.value))
        return node.close()

    def shorten(self, value: object, form: bytes) -> bytes:
        if len(form) <= _LONGEST:
            return form
        digest = b"#" + blake2b(form, digest_size=32).digest()
        self.digests[id(value)] = value, digest
        return digest

    def form(self, value: object) -> bytes | Node:
        if self.digests and id(value) in self.digests:
            return self.digests[id(value)][1]
        kind = type(value)
        known = _find_form(id(kind)) or known_form(kind)
        return known(value) if known else self.other(value, kind)

    def other(self, value: object, kind: type) -> bytes | Node:
        """The form of a value whose type is not in the tables."""
        if (encoder := self.encoders.get(id(kind))) is not None:
            # Whoever names a type vouches for it: a local class will do.
            head = b"x" + self.class_name(kind, vouched=True)
            return Node(value, head, [_ask(encoder, value)], _inside)
        if issubclass(kind, type):
            return b"C" + self.class_name(cast("type", value))
        if issubclass(kind, ModuleType):
            return self.module(cast("ModuleType", value))
        return record_form(value, kind, self.class_name) or self.described(value, kind)

    def described(self, value: object, kind: type) -> Node:
        stand_in = _ask(self.describe, value) if callable(value) else None
        if stand_in is not None:
            return Node(value, b"h", [stand_in], _inside)
        if look_up(kind, "__dataclass_fields__") is not None:
            raise Refused("is not a dataclass itself, only a base of it is")
        for base in mro(kind)[1:]:
            if known_form(base):
                raise Refused(f"is more than the {name_of_class(base)} it derives from")
        if callable(value):
            raise Refused("is a callable without an identity")
        raise Refused("has no canonical form")

    def module(self, value: ModuleType) -> bytes:
        name = globals_of(value).get("__name__")
        if type(name) is not str or sys.modules.get(name) is not value:
            raise Refused("is a module that sys.modules does not hold under its name")
        return b"m" + text_form(self.module_name(name))

    def class_name(self, kind: type, *, vouched: bool = False) -> bytes:
        if id(kind) in self.classes:
            return self.classes[id(kind)][1]
        if not (vouched or is_native(kind) or is_held(kind, otherwise=True)):
            raise Refused(
                "is a class that its module does not hold under this name (made in "
                "a function, replaced, or not assigned yet), so others may bear it"
            )
        module, qualname = names_of_class(kind)
        name = self.module_name(MOVED.get(module, module))
        self.classes[id(kind)] = kind, text_form(name) + text_form(qualname)
        return self.classes[id(kind)][1]

    def unstable(self, value: object, reason: str) -> UnstableCapture:
        steps = [node.step(len(node.parts)) for node in self.open]
        if len(steps) > 2 * _SHOWN:
            steps[_SHOWN:-_SHOWN] = ["..."]
        where = self.where + "".join(steps)
        kind = cast("type", value) if issubclass(type(value), type) else type(value)
        name = name_of_class(kind)
        return UnstableCapture(
            f"{where} cannot be part of an id: {name} {reason}. Pass a key instead and "
            "look the object up in the handler, use a supported type, or register an "
            "encoder for this type: Identity(encoders={Type: function}).",
            where=where,
            type_name=name,
        )


def _inside(_: int) -> str:
    return ""  # what stands for a value has no place of its own


def _ask(host: Callable[[Any], object], value: object) -> object:
    try:
        return host(value)
    except RecursionError:
        # An identity encodes the arguments of a partial by themselves, so a list that
        # holds a partial of itself ends here.
        raise Refused("refers to itself, or nests too deep for the stack") from None
