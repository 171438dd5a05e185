"""Values as canonical bytes: bound arguments, and captures that are compared.

What belongs here: the rules, and what an identity calls. ``walk`` and ``circle`` carry
them out; the form of each type is in ``forms``. What a callable is made of, its
identity knows: ``describe``.

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
7. A callable may lead back to itself: a closure that calls itself, two that call each
   other. Such a value has names in the place of its callables. At first each name is
   ``^``; then, in rounds, ``#`` and the digest of the callable's form, in which the
   names of the round before stand, until a round tells no more callables apart than
   the one before. All names of the last round begin the form of the value: together
   they say which callable leads where. Whatever else contains itself is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlerid._canonical.circle import CircleWalk
from handlerid._canonical.forms import SCALARS, known_form
from handlerid._canonical.peek import name_of_class
from handlerid._canonical.walk import LeadsBack, Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._canonical.walk import Describe, Encoders

__all__ = ["check_encoders", "encode_scalar", "encode_value", "same_value"]

# Bound once: a method of an imported name is looked up anew at each call.
_find_scalar = SCALARS.get

_NO_ENCODERS: Encoders = {}


def _no_identity(value: object) -> None:
    """Says of every callable that it has no identity."""


def _same_name(module: str) -> str:
    return module


def encode_scalar(value: object) -> bytes:
    """Returns the canonical bytes of a text, a number and the like; else ``b""``."""
    form = _find_scalar(id(type(value)))
    return b"" if form is None else form(value)


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
    try:
        return Walk(where, describe, encoders, module_name).encode(value)
    except LeadsBack:
        return CircleWalk(where, describe, encoders, module_name).encode(value)


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
