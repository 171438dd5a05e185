"""The walk through a value: its parts' forms become its own.

What belongs here: in which order, how deep, what is done only once, and what is said
of a value that has no form. The rules stand in ``values``.
"""

from __future__ import annotations

import sys
from hashlib import blake2b
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from handlerid._canonical.forms import (
    FORMS,
    MOVED,
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

__all__ = ["LeadsBack", "Walk", "digest", "shown"]

_LONGEST = 256
"""Bytes of a form that stands inside another; a longer one gives way to its digest."""

_DEEPEST = 20_000
"""Levels. Only an encoder that never ends, or an attack, nests deeper."""

_SHOWN = 8
"""Steps of a path that an error shows from either end."""

# Bound once: a method of an imported name is looked up anew at each call.
_find_form = FORMS.get


class LeadsBack(Exception):
    """A callable leads back to itself, so writing it out would not end."""


class Walk:
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
        """Returns the form of a value.

        Raises:
            UnstableCapture: it has none.
            LeadsBack: writing out a callable would not end.
        """
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
            if any(above.head == b"h" for above in self.open):
                raise LeadsBack
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
        short = digest(form)
        self.digests[id(value)] = value, short
        return short

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
            return Node(value, head, [self.ask(encoder, value)], _inside)
        if issubclass(kind, type):
            return b"C" + self.class_name(cast("type", value))
        if issubclass(kind, ModuleType):
            return self.module(cast("ModuleType", value))
        return record_form(value, kind, self.class_name) or self.described(value, kind)

    def described(self, value: object, kind: type) -> bytes | Node:
        stand_in = self.ask(self.describe, value) if callable(value) else None
        if stand_in is not None:
            return self.callable_form(value, stand_in)
        if look_up(kind, "__dataclass_fields__") is not None:
            raise Refused("is not a dataclass itself, only a base of it is")
        for base in mro(kind)[1:]:
            if known_form(base):
                raise Refused(f"is more than the {name_of_class(base)} it derives from")
        if callable(value):
            raise Refused("is a callable without an identity")
        raise Refused("has no canonical form")

    def callable_form(self, value: object, stand_in: object) -> bytes | Node:
        return Node(value, b"h", [stand_in], _inside)

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

    def ask(self, host: Callable[[Any], object], value: object) -> object:
        try:
            return host(value)
        except RecursionError:
            # An identity encodes the arguments of a partial by themselves, so a list
            # that holds a partial of itself ends here.
            reason = "refers to itself, or nests too deep for the stack"
            raise Refused(reason) from None

    def path(self) -> list[str]:
        return shown([node.step(len(node.parts)) for node in self.open])

    def unstable(self, value: object, reason: str) -> UnstableCapture:
        where = self.where + "".join(self.path())
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


def shown(steps: list[str]) -> list[str]:
    """Returns a path as errors show it: its beginning and its end."""
    if len(steps) <= 2 * _SHOWN:
        return steps
    return [*steps[:_SHOWN], "...", *steps[-_SHOWN:]]


def digest(form: bytes) -> bytes:
    """Returns what stands for a long form inside another."""
    return b"#" + blake2b(form, digest_size=32).digest()
