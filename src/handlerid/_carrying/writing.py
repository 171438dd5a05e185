"""Values as lists, texts and numbers.

What belongs here: what is written for each kind of value, and what an author is told of
one that cannot travel. ``reading`` is the other direction, in the same order; functions
are the business of ``packing``.
"""

from __future__ import annotations

import base64
import functools
from enum import Enum, Flag
from importlib import import_module
from operator import itemgetter
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from handlerid._canonical.forms import MOVED
from handlerid._canonical.peek import (
    globals_of,
    name_of_class,
    names_of_class,
    storage,
)
from handlerid._carrying.forms import BY_TYPE, NATIVE
from handlerid._carrying.records import (
    Unstorable,
    field_names,
    fields_of,
    named_tuple_fields,
)
from handlerid._carrying.text import is_simple, write
from handlerid.errors import UnstableCapture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from handlerid._carrying.carrier import Carrier

__all__ = ["Writer"]


class Writer:
    """The values of one handler on their way to a recipe."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.identity = carrier.identity
        self.scanned = carrier.scanned
        self.encoders = {
            id(kind): encoder for kind, encoder in self.identity.encoders.items()
        }
        # What may be changed: the object, and its node, which is given a label when
        # the object is met again.
        self.met: dict[int, tuple[object, list[Any]]] = {}
        self.labels = 0
        self.active: set[int] = set()
        self.path: list[str] = []
        self.sizes: dict[str, int] = {}
        self.count = 0

    def function(self, fn: FunctionType) -> list[Any]:
        """What stands for a function; ``packing`` tells."""
        raise NotImplementedError

    def inside(self, value: object, step: str) -> Any:
        self.path.append(step)
        node = self.value(value)
        self.path.pop()
        if not self.path:
            self.sizes[step] = len(write([node]))
        return node

    def value(self, value: Any) -> Any:
        kind = type(value)
        self.count += 1
        if self.count > self.carrier.max_bytes:  # each takes a byte at least
            raise self.refuse(value, "has too many parts, more than max_bytes,")
        if is_simple(value):
            return value
        if len(self.path) > self.carrier.max_depth:
            raise self.refuse(value, "is nested too deep")
        if id(value) in self.active:
            raise self.refuse(value, "refers to itself")
        if id(value) in self.met:
            return self.again(value)
        self.active.add(id(value))
        node = self.node(value, kind)
        self.active.remove(id(value))
        return node

    def node(self, value: Any, kind: type) -> Any:
        if kind is list or kind is set or kind is dict:
            return self.changeable(value, kind)
        if (form := BY_TYPE.get(id(kind))) is not None:
            try:
                parts = form.parts(value)
            except ValueError as error:
                raise self.refuse(value, str(error)) from None
            nodes = self.items(parts)
            return [
                form.tag,
                *(sorted(nodes, key=_order) if form.tag == "Z" else nodes),
            ]
        if kind is FunctionType:
            return self.function(value)
        if kind is MethodType:
            return [
                "m",
                self.inside(value.__func__, ""),
                self.inside(value.__self__, "self"),
            ]
        if kind is functools.partial:
            return self.partial(value)
        return self.of_host(value, kind) or self.of_class(value, kind)

    def items(self, values: Iterable[object]) -> list[Any]:
        return [self.inside(one, f"[{n}]") for n, one in enumerate(values)]

    def changeable(self, value: Any, kind: type) -> list[Any]:
        node: list[Any] = []
        self.met[id(value)] = value, node
        if kind is list:
            node += ["l", *self.items(list(value))]
        elif kind is set:
            node += [
                "S",
                *sorted([self.inside(x, "[item]") for x in value], key=_order),
            ]
        else:
            node.append("d")
            for key, held in list(value.items()):
                node += [self.inside(key, "[key]"), self.inside(held, "[value]")]
        return node

    def again(self, value: object) -> list[Any]:
        """What stands for an object that was met before."""
        node = self.met[id(value)][1]
        if node[0] != "&":
            node[:] = ["&", self.labels, list(node)]
            self.labels += 1
        return ["=", node[1]]

    def partial(self, value: functools.partial[object]) -> list[Any]:
        node = ["y", self.inside(value.func, "")]
        node.append([self.inside(x, f"args[{n}]") for n, x in enumerate(value.args)])
        pairs: list[Any] = []
        # Their order makes no difference to the call, nor to the id.
        for name, held in sorted(value.keywords.items(), key=itemgetter(0)):
            pairs += [name, self.inside(held, f"keywords[{name}]")]
        node.append(pairs)
        if stored := storage(value):
            node.append(self.inside(dict(stored), ""))
        return node

    def of_class(self, value: Any, kind: type) -> list[Any]:
        if issubclass(kind, type):
            return ["C", *self.class_name(cast("type", value))]
        if issubclass(kind, ModuleType):
            name = self.identity.module_name(str(globals_of(value).get("__name__")))
            if self.scanned.module(name) is value:
                return ["M", name]
            raise self.refuse(value, "is a module that was not scanned")
        if issubclass(kind, Enum):
            stored, named = storage(value), self.class_name(kind)
            if issubclass(kind, Flag):
                return ["g", *named, stored["_value_"]]
            return ["e", *named, stored["_name_"]]
        return self.of_record(value, kind)

    def of_host(self, value: Any, kind: type) -> list[Any] | None:
        """The node of an object that the host said how to carry."""
        if id(kind) in self.carrier.pickled:
            return ["*", *self.host_name(kind), self.pickle(value)]
        if (encoder := self.encoders.get(id(kind))) is None:
            return None
        if id(kind) not in self.carrier.decoded:
            raise self.refuse(value, "has an encoder but no decoder")
        return ["x", *self.host_name(kind), self.inside(encoder(value), "")]

    def of_record(self, value: Any, kind: type) -> list[Any]:
        """The node of a dataclass object or a named tuple."""
        if (names := field_names(kind)) is not None:
            try:
                fields = fields_of(value, kind, names)
            except Unstorable as reason:
                raise self.refuse(value, str(reason)) from None
            node: list[Any] = []
            self.met[id(value)] = value, node
            return self.record_of(node, "o", kind, names, fields)
        if (of_tuple := named_tuple_fields(kind)) is not None:
            if len(of_tuple) == len(value) and not storage(value):
                return self.record_of([], "n", kind, of_tuple, list(value))
            raise self.refuse(value, "is more than its fields")
        raise self.refuse(value, "has no form in which it travels")

    def record_of(
        self,
        node: list[Any],
        tag: str,
        kind: type,
        names: Sequence[str],
        fields: Sequence[object],
    ) -> list[Any]:
        node += [tag, *self.class_name(kind), ",".join(names)]
        node += [
            self.inside(field, f".{name}")
            for name, field in zip(names, fields, strict=True)
        ]
        return node

    def pickle(self, value: object) -> str:
        # Loaded only for the host that wants it.
        dumps: Callable[[object], bytes] = import_module("cloudpickle").dumps
        return base64.b64encode(dumps(value)).decode()

    def host_name(self, kind: type) -> tuple[str, str]:
        module, qualname = names_of_class(kind)
        return self.identity.module_name(module), qualname

    def class_name(self, kind: type) -> tuple[str, str]:
        """Module and qualified name of a class, if these lead to it everywhere."""
        module, qualname = names_of_class(kind)
        name = self.identity.module_name(MOVED.get(module, module))
        if (
            NATIVE.get((name, qualname)) is kind
            or self.scanned.class_(name, qualname) is kind
        ):
            return name, qualname
        raise self.refuse(
            kind,
            "is a class that no scanned module holds under its name; scan its module, "
            "and define the class there, not in a function",
        )

    def refuse(self, value: object, reason: str) -> UnstableCapture:
        where = "".join(self.path) or "the handler"
        kind = cast("type", value) if issubclass(type(value), type) else type(value)
        name = name_of_class(kind)
        return UnstableCapture(
            f"{where} cannot be carried: {name} {reason}. Pass a key instead and look "
            "the object up in the handler, use a supported type, or give the type an "
            "encoder and a decoder: Identity(encoders=...), Dispatcher(decoders=...).",
            where=where,
            type_name=name,
        )


def _order(node: object) -> bytes:
    return write([node])
