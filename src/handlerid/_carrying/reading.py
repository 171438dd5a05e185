"""Values from lists, texts and numbers.

What belongs here: the other direction of ``writing``, in the same order. All names are
looked up in tables, and what does not fit is ``Broken``.
"""

from __future__ import annotations

import base64
import functools
from enum import Enum, Flag
from types import MethodType
from typing import TYPE_CHECKING, Any, NoReturn

from handlerid._canonical.forms import MOVED
from handlerid._canonical.peek import look_up
from handlerid._carrying.forms import BY_TAG, NATIVE
from handlerid._carrying.records import field_names, fill, named_tuple_fields
from handlerid._carrying.text import Broken
from handlerid.errors import StaleHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._carrying.carrier import Carrier
    from handlerid._handler_id import HandlerId

__all__ = ["READERS", "HostFailed", "Reader", "index", "named"]


class HostFailed(Exception):
    """A decoder or a pickle raised this error. ``Carrier.unpack`` passes it on."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Reader:
    """The values of one recipe on their way to a handler."""

    def __init__(self, carrier: Carrier, handler_id: HandlerId) -> None:
        self.carrier = carrier
        self.scanned = carrier.scanned
        self.handler_id = handler_id
        self.labels: dict[int, object] = {}
        self.depth = 0

    def part(self, node: list[Any], _: int | None) -> object:
        """What a function's number stands for; ``unpacking`` tells."""
        raise NotImplementedError

    def value(self, node: Any, label: int | None = None) -> Any:
        if type(node) is not list:
            return node
        self.depth += 1
        if self.depth > 2 * self.carrier.max_depth:
            raise Broken
        tag = node[0]
        if (make := BY_TAG.get(tag)) is not None:
            made = make(*[self.value(one) for one in node[1:]])
        else:
            made = READERS[tag](self, node, label)
        self.depth -= 1
        return made

    def labelled(self, node: list[Any], label: int | None) -> object:
        _, number, inner = node
        if label is not None or number in self.labels or type(number) is not int:
            raise Broken
        made = self.value(inner, number)
        if number not in self.labels:
            raise Broken
        return made

    def again(self, node: list[Any], _: int | None) -> object:
        (_, number) = node
        return self.labels[number]

    def note(self, label: int | None, value: object) -> None:
        if label is not None:
            self.labels[label] = value

    def make_list(self, node: list[Any], label: int | None) -> object:
        made: list[object] = []
        self.note(label, made)
        made += [self.value(one) for one in node[1:]]
        return made

    def make_set(self, node: list[Any], label: int | None) -> object:
        made: set[object] = set()
        self.note(label, made)
        made.update([self.value(one) for one in node[1:]])
        return made

    def make_dict(self, node: list[Any], label: int | None) -> object:
        made: dict[object, object] = {}
        self.note(label, made)
        for key, value in zip(node[1::2], node[2::2], strict=True):
            made[self.value(key)] = self.value(value)
        return made

    def function(self, node: list[Any], _: int | None) -> object:
        (_, module, qualname) = node
        return self.scanned.function(module, qualname) or self.gone(module, qualname)

    def method(self, node: list[Any], _: int | None) -> object:
        (_, fn, owner) = node
        return MethodType(self.value(fn), self.value(owner))

    def partial(self, node: list[Any], _: int | None) -> object:
        _, fn, args, pairs, *stored = node
        target = self.value(fn)
        values = [self.value(one) for one in args]
        keywords = {
            name: self.value(one)
            for name, one in zip(pairs[::2], pairs[1::2], strict=True)
        }
        made = functools.partial(target, *values, **named(keywords))
        for one in stored:
            vars(made).update(named(self.value(one)))
        return made

    def pickled(self, node: list[Any], _: int | None) -> object:
        _, module, qualname, data = node
        kind = self.carrier.pickled_by_name.get((module, qualname))
        if kind is None:  # the host lets it travel no longer
            self.gone(module, qualname)
        import pickle  # noqa: PLC0415  (for the host that wants it)

        content = base64.b64decode(data, validate=True)
        try:
            made = pickle.loads(content)  # noqa: S301
        except Exception as error:
            raise HostFailed(error) from error
        if type(made) is not kind:
            raise Broken
        return made

    def decoded(self, node: list[Any], _: int | None) -> object:
        _, module, qualname, inner = node
        decode = self.carrier.decoders_by_name.get((module, qualname))
        if decode is None:  # the host has none any more
            self.gone(module, qualname)
        value = self.value(inner)
        try:
            return decode(value)
        except Exception as error:
            raise HostFailed(error) from error

    def class_(self, node: list[Any], _: int | None) -> type:
        (_, module, qualname) = node
        return self.known_class(module, qualname)

    def module(self, node: list[Any], _: int | None) -> object:
        (_, name) = node
        return self.scanned.module(name) or self.gone(name, "")

    def flag(self, node: list[Any], _: int | None) -> object:
        _, module, qualname, bits = node
        kind = self.known_class(module, qualname)
        if not issubclass(kind, Flag) or type(bits) is not int:
            raise Broken
        try:
            return kind(bits)
        except ValueError:  # a flag is gone
            self.gone(module, qualname)

    def member(self, node: list[Any], _: int | None) -> object:
        _, module, qualname, name = node
        kind = self.known_class(module, qualname)
        if not issubclass(kind, Enum):
            raise Broken
        members: Any = look_up(kind, "_member_map_")
        return members[name] if name in members else self.gone(module, qualname)

    def make_object(self, node: list[Any], label: int | None) -> object:
        _, module, qualname, names, *fields = node
        kind = self.known_class(module, qualname)
        known = field_names(kind)
        if known is None or ",".join(known) != names:
            self.gone(module, qualname)
        made: object = object.__new__(kind)
        self.note(label, made)
        fill(made, known, [self.value(one) for one in fields])
        return made

    def named_tuple(self, node: list[Any], _: int | None) -> object:
        _, module, qualname, names, *fields = node
        kind = self.known_class(module, qualname)
        known = named_tuple_fields(kind)
        if known is None or ",".join(known) != names or len(known) != len(fields):
            self.gone(module, qualname)
        made: tuple[object, ...] = tuple.__new__(
            kind, [self.value(one) for one in fields]
        )
        return made

    def known_class(self, module: Any, qualname: Any) -> type:
        name = MOVED.get(module, module)
        found = NATIVE.get((name, qualname)) or self.scanned.class_(name, qualname)
        return found or self.gone(module, qualname)

    def gone(self, module: Any, qualname: Any) -> NoReturn:
        if type(module) is not str or type(qualname) is not str:
            raise Broken
        raise StaleHandler(
            "a function or class that the handler carries is unknown here, or another: "
            "no scanned module has it as it was when the page was rendered",
            handler_id=self.handler_id,
        )


def index(number: Any, of: list[Any]) -> int:
    """Returns a number that is an index into a list, and nothing else."""
    if type(number) is int and 0 <= number < len(of):
        return number
    raise Broken


def named(value: Any) -> dict[str, Any]:
    """Returns a dict with texts as keys, and nothing else."""
    if type(value) is dict and all(type(key) is str for key in value):
        return value
    raise Broken


READERS: dict[str, Callable[[Any, list[Any], int | None], object]] = {
    "&": Reader.labelled,
    "=": Reader.again,
    "@": lambda reader, node, label: reader.part(node, label),  # overridden
    "l": Reader.make_list,
    "S": Reader.make_set,
    "d": Reader.make_dict,
    "h": Reader.function,
    "m": Reader.method,
    "y": Reader.partial,
    "*": Reader.pickled,
    "x": Reader.decoded,
    "C": Reader.class_,
    "M": Reader.module,
    "g": Reader.flag,
    "e": Reader.member,
    "o": Reader.make_object,
    "n": Reader.named_tuple,
}
"""How a list is read, by its tag; those of ``forms`` aside."""
