"""What went into an id, in words, and what differs between two.

What belongs here: putting the parts of an id together, and comparing them. How a part
is shown is said by the modules of this package; they show the very bytes that were
hashed, so two explanations differ exactly where the ids do.

The rules:

1. A part is what was hashed, and nothing else. What one wants to know besides (the
   Python, the captures) stands beside the parts and is not compared.
2. Constants and names of the code are shown: they are in the source. Of a bound
   argument its type and a digest are, made with the identity's key: the digest tells
   what the id tells. Without a key both confirm a value that somebody guesses. So it
   is with a capture in a distinct id; else only its type is shown.
3. Nothing is asked for its ``repr``, and no address is shown.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, overload

from handlerid._anatomy import take_apart
from handlerid._explain.arguments import kind_of, type_name
from handlerid._explain.code import code_parts
from handlerid._handler_id import HandlerId
from handlerid._identity import DEFAULT, Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FunctionType
    from typing import Self

    from handlerid.events import Event

    Parts = Mapping[str, tuple[str, ...]]

__all__ = ["Difference", "Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """What went into one id. ``str()`` of it is meant for reading.

    Attributes:
        id: the id.
        parts: what was hashed, as lines by part: ``location``, ``fingerprint``,
            ``code`` and a part for each code object nested in it, ``wrapper 1`` and so
            on for what is wrapped around that, ``bound arguments``, ``captures`` of a
            distinct id, ``event``.
        python: the Python that the fingerprint belongs to; ``""`` when it is the same
            on every Python, as that of a source is.
        captures: what the handler carries besides, as lines, if it is not in the id.
    """

    id: HandlerId
    parts: Parts
    python: str
    captures: tuple[str, ...]

    @classmethod
    def of(
        cls,
        fn: Callable[..., object],
        *,
        event: type[Event] | str | None = None,
        identity: Identity | None = None,
        distinct: bool = False,
    ) -> Self:
        """Explains the id that a handler has for an event; see ``explain``.

        Args:
            fn: a handler.
            event: the event type it is registered for, or its wire name.
            identity: whose ids; by default those of ``handlerid.handler_id``.
            distinct: whether captures are part of the id.

        Raises:
            UnsupportedHandler: the handler cannot have an id.
            UnstableCapture: what is part of the id has no canonical form.
        """
        identity = identity or DEFAULT
        identify = identity.distinct_id if distinct else identity.handler_id
        handler_id = identify(fn, event)
        anatomy = take_apart(fn)
        parts: dict[str, tuple[str, ...]] = {
            "location": (f"module {handler_id.module}", f"name {handler_id.qualname}"),
            "fingerprint": (f"of the {identity.fingerprint}",),
        }
        # From the inside out: what is wrapped keeps its name when a wrapper is added.
        for number, layer in enumerate(reversed(anatomy.layers)):
            name = f"wrapper {number}" if number else "code"
            parts.update(_of_layer(name, layer, identity))
        if anatomy.bound:
            parts["bound arguments"] = tuple(
                _of_argument(where, value, identity) for where, value in anatomy.bound
            )
        if distinct and anatomy.captures:
            several = len(anatomy.layers) > 1
            parts["captures"] = tuple(
                (f"layer {layer}, " if several else "")
                + _of_argument(name, value, identity)
                for layer, name, value in anatomy.captures
            )
        if handler_id.event:
            parts["event"] = (handler_id.event,)
        python = _python() if identity.fingerprint == "bytecode" else ""
        captures = (f"{one.name}: {type_name(one.value)}" for one in anatomy.captures)
        return cls(handler_id, parts, python, () if distinct else tuple(captures))

    def as_dict(self) -> dict[str, Any]:
        """Returns it as plain data: what ``from_dict`` reads, and JSON can hold."""
        return {
            "id": str(self.id),
            "module": self.id.module,
            "qualname": self.id.qualname,
            "parts": {name: list(lines) for name, lines in self.parts.items()},
            "python": self.python,
            "captures": list(self.captures),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what ``as_dict`` returned, maybe in another process."""
        return cls(
            HandlerId(data["id"], data["module"], data["qualname"]),
            {name: tuple(lines) for name, lines in data["parts"].items()},
            data["python"],
            tuple(data["captures"]),
        )

    def __str__(self) -> str:
        python = self.python or "every Python"
        shown = dict(self.parts)
        shown["fingerprint"] = (*shown["fingerprint"], f"belongs to {python}")
        if self.captures:
            shown["captures, not in the id"] = self.captures
        return "\n".join([str(self.id), *_indented(shown)])


@dataclass(frozen=True)
class Difference:
    """In what two ids differ; false when they do not.

    Attributes:
        ids: the two ids.
        parts: the parts in which they differ, each with the lines that only the first
            has, marked ``-``, and those that only the second has, marked ``+``.
        pythons: the Pythons that the two fingerprints belong to.
    """

    ids: tuple[HandlerId, HandlerId]
    parts: Parts
    pythons: tuple[str, str]

    @classmethod
    def between(cls, one: Explanation, other: Explanation) -> Self:
        """Compares two explanations, which may come from two processes."""
        parts = {
            name: tuple(_changed(one.parts.get(name, ()), other.parts.get(name, ())))
            for name in dict.fromkeys([*one.parts, *other.parts])
            if one.parts.get(name) != other.parts.get(name)
        }
        if "location" not in parts and one.id.location != other.id.location:
            parts["key"] = ("the identities have different keys",)
        return cls((one.id, other.id), parts, (one.python, other.python))

    def as_dict(self) -> dict[str, Any]:
        """Returns it as plain data that JSON can hold."""
        return {
            "ids": [str(one) for one in self.ids],
            "parts": {name: list(lines) for name, lines in self.parts.items()},
            "pythons": list(self.pythons),
        }

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __str__(self) -> str:
        first, second = self.ids
        if not self.parts:
            return f"{first}\nis the id of both"
        shown = dict(self.parts)
        if self.pythons[0] != self.pythons[1]:
            names = [python or "every Python" for python in self.pythons]
            shown["fingerprint"] = (
                *shown.get("fingerprint", ()),
                f"- belongs to {names[0]}",
                f"+ belongs to {names[1]}",
            )
        return "\n".join([f"- {first}", f"+ {second}", *_indented(shown)])


@overload
def explain(
    fn: Callable[..., object],
    *,
    identity: Identity | None = None,
    distinct: bool = False,
) -> Explanation: ...
@overload
def explain(
    fn: Callable[..., object],
    other: Callable[..., object],
    *,
    identity: Identity | None = None,
    distinct: bool = False,
) -> Difference: ...
def explain(
    fn: Callable[..., object],
    other: Callable[..., object] | None = None,
    *,
    identity: Identity | None = None,
    distinct: bool = False,
) -> Explanation | Difference:
    """Tells what went into the id of a handler, or what differs between two.

    The difference is empty, and false, exactly when the ids are equal. ``str()`` of
    the result is meant for reading, ``as_dict()`` for tools.

    Constants of the code are shown, for they are in the source; a source is shown as
    the syntax tree that is hashed, without what does not count. Of bound arguments
    and captures no value is shown. The digest that stands for a bound argument tells
    as much as the id does: without ``Identity(key=...)``, who can guess the value can
    make sure of it. So treat an explanation as you treat the source and the ids.

    Args:
        fn: a handler.
        other: another one; then the difference is returned.
        identity: whose ids; by default those of ``handlerid.handler_id``.
        distinct: whether captures are part of the ids, as in a registry with
            ``captures="distinct"`` or ``"carry"``.

    Raises:
        UnsupportedHandler: one of them cannot have an id.
        UnstableCapture: what is part of the id has no canonical form.
    """
    one = Explanation.of(fn, identity=identity, distinct=distinct)
    if other is None:
        return one
    another = Explanation.of(other, identity=identity, distinct=distinct)
    return Difference.between(one, another)


def _of_layer(
    name: str, layer: FunctionType | str, identity: Identity
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(layer, str):
        yield name, (layer,)
    elif identity.fingerprint == "bytecode":
        yield from code_parts(name, layer.__code__)
    else:
        # Not above: who hashes bytecode need not load what reads sources.
        from handlerid._explain.syntax import syntax_lines  # noqa: PLC0415
        from handlerid._source import encode_source  # noqa: PLC0415

        yield name, syntax_lines(encode_source(layer))


def _of_argument(where: str, value: object, identity: Identity) -> str:
    form = identity.encode(value, where)
    state = identity._captures.copy()  # noqa: SLF001 - keyed, as what it explains
    state.update(form)
    return f"{where}: {kind_of(form)} {state.hexdigest()}"


def _python() -> str:
    release = ".".join(map(str, sys.version_info[:3]))
    optimised = f" with -{'O' * sys.flags.optimize}" if sys.flags.optimize else ""
    return f"{sys.implementation.name} {release}{optimised}"


def _changed(first: tuple[str, ...], second: tuple[str, ...]) -> Iterator[str]:
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            yield from (f"- {line}" for line in first[a:b])
            yield from (f"+ {line}" for line in second[c:d])


def _indented(parts: Parts) -> Iterator[str]:
    for name, lines in parts.items():
        yield name
        yield from (f"    {line}" for line in lines)
