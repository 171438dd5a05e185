"""The codec between Python values and canonical bytes.

Ids write a value as a tree, tokens (``_tokens``) as a graph. Both split it into a tag
and parts, which are values themselves. The bytes: ``docs/contributing/id-format.md``.

1. Exact types: a subclass may hold more than its base shows.
2. Nothing that depends on the process: no ``repr``, no hash order, no address.
3. No code of a value runs, only the host's encoders.
4. A class is written by its name, so its module must hold it there: two classes made
   by one function share a name and must not share an id.
"""

from __future__ import annotations

import sys
from enum import Enum
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from handlerid._peek import (
    globals_of,
    is_held,
    is_native,
    mro,
    names_of_class,
    namespace,
    storage,
)
from handlerid._values.records import field_names, split_member, split_record
from handlerid._values.same import Comparison
from handlerid._values.table import Refused, class_names, find_row, find_scalar
from handlerid._values.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from handlerid._values.tree import Describe, Marks, Split

    Functions: TypeAlias = Mapping[type, Callable[[Any], object]]
    Map: TypeAlias = Functions | None
    Rename: TypeAlias = Callable[[str], str]
    Omit: TypeAlias = list[str] | None

_KEY = "__handler_key__"


class Codec:
    """How values are written; encoders and decoders are functions by class."""

    def __init__(
        self, *, encoders: Map = None, decoders: Map = None, module_name: Rename = str
    ) -> None:
        self.module_name: Rename = module_name
        self.decoders: Functions = dict(decoders or {})
        self._encoders = {id(kind): one for kind, one in (encoders or {}).items()}
        self._decoders = {id(kind): one for kind, one in self.decoders.items()}
        for what, given in ("encoders", encoders), ("decoders", decoders):
            for kind, function in (given or {}).items():
                if not issubclass(type(kind), type) or not callable(function):
                    raise TypeError(f"{what} must map types to functions, not {kind!r}")
                name = ".".join(names_of_class(kind))
                why = ""
                if find_row(kind) or find_scalar(id(kind)):
                    why = "it has a canonical form"
                elif kind is object:
                    why = "every class derives from it"
                elif self.key_of(kind) is None:
                    why = f"it has neither encoder nor {_KEY}"
                if why:
                    raise ValueError(f"{what} must not have {name}: {why}")

    def encode(
        self,
        value: object,
        where: str,
        describe: Describe = None,
        omitted: Omit = None,
        marks: Marks = None,
    ) -> bytes:
        """Return the canonical bytes of a value, written as a tree.

        ``describe`` returns a text for a callable, tuples that end with a name and a
        value, and marks. A part without canonical form is a tag if it may be
        ``omitted``. ``marks`` gets the addresses of the objects that tell equal
        values apart, or hashes of them; hold the value as long as the marks.
        """
        scalar = find_scalar(id(type(value)))
        if scalar is not None:
            return scalar(value)
        return Tree(self.split, where, describe, omitted, marks).encode(value)

    def difference(
        self, value: object, other: object, describe: Describe = None
    ) -> str | None:
        """Return None if two values are the same, else where they differ.

        That is the way through variables of captured functions: ``" -> conn"``.
        """
        return Comparison(self.split, self.key_of, describe).difference(value, other)

    def key_of(self, kind: type) -> Callable[[Any], object] | None:
        """Return the function that returns a key for objects of a class, if any."""
        for base in mro(kind)[:-1]:
            if (encoder := self._encoders.get(id(base))) is not None:
                return encoder
            if _KEY in (stored := namespace(base)):
                found: Callable[[Any], object] | None = stored[_KEY]
                return found
        return None

    def decoder_of(self, kind: type) -> Callable[[Any], object] | None:
        """Return the function that returns an object of a class from its key."""
        decoders = (self._decoders.get(id(base)) for base in mro(kind)[:-1])
        return next((one for one in decoders if one is not None), None)

    def split(self, value: Any, kind: type, *, whole: bool = False) -> Split | None:
        """Return tag and parts; None if unknown. ``whole`` is for ``field_names``."""
        if (row := find_row(kind)) is not None:
            return row.tag, row.split(value)
        if (key := self.key_of(kind)) is not None:
            if not callable(key):
                raise Refused(f"has a {_KEY} that is not a method")
            # The host vouches for the type: a local class will do.
            return "x", [*self._class_name(kind), key(value)]
        if issubclass(kind, type):
            return "C", self._held_name(value)
        if issubclass(kind, ModuleType):
            name = globals_of(value).get("__name__")
            if type(name) is str and sys.modules.get(name) is value:
                return "m", [self.module_name(name)]
            raise Refused("is a module that sys.modules does not hold under its name")
        if issubclass(kind, Enum):
            tag, part = split_member(value, kind)
            return tag, [*self._held_name(kind), part]
        if (names := field_names(kind, whole=whole)) is None:
            return self._logger(value, kind)
        fields = split_record(value, kind, names, whole=whole)
        return "r", [*self._held_name(kind), ",".join(names), *fields]

    def _logger(self, value: object, kind: type) -> Split | None:
        logging: Any = sys.modules.get("logging")
        if logging is None or not issubclass(kind, logging.Logger):
            return None
        name: Any = dict.get(storage(value), "name")
        if logging.root.manager.loggerDict.get(name) is value or value is logging.root:
            return "G", [name]
        raise Refused("is not what logging.getLogger returns for its name")

    def _held_name(self, kind: type) -> list[str]:
        if is_native(kind) or is_held(kind, *names_of_class(kind), unknown=True):
            return self._class_name(kind)
        raise Refused(
            "is a class that its module does not hold under this name (made in a "
            "function, replaced, or not assigned yet), so others may bear it"
        )

    def _class_name(self, kind: type) -> list[str]:
        module, qualname = class_names(kind)
        return [self.module_name(module), qualname]
