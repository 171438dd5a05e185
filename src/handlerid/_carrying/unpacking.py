"""A handler from its recipe.

What belongs here: the other direction of ``packing``, in the same order: functions and
their cells. All names are looked up in tables, and what does not fit is ``Broken``.
"""

from __future__ import annotations

from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

from handlerid._carrying.reading import HostFailed, Reader, index, named
from handlerid._carrying.text import Broken

if TYPE_CHECKING:
    from handlerid._carrying.carrier import Carrier
    from handlerid._handler_id import HandlerId

__all__ = ["HostFailed", "Unpacker"]

_TEXTS = ("__name__", "__qualname__", "__module__", "__doc__")


class Unpacker(Reader):
    """One recipe on its way to a handler."""

    def __init__(self, carrier: Carrier, handler_id: HandlerId) -> None:
        super().__init__(carrier, handler_id)
        self.parts: list[CellType | FunctionType] = []

    def unpack(self, recipe: list[Any]) -> Any:
        """Returns the handler.

        Raises:
            Broken: the recipe is none. So are ``ValueError``, ``TypeError``,
                ``LookupError``, ``AttributeError`` and ``ArithmeticError``, raised by
                types that were given what they do not take.
            UnknownHandler: there is no such place.
            StaleHandler: code or a class is another here, or gone.
            HostFailed: the host's decoder raised.
        """
        root, *records = recipe
        made: list[Any] = [None] * len(records)
        for number, record in enumerate(records):
            if type(record) is not list:
                raise Broken
            if record[0] == "c":
                made[number] = CellType()
            elif record[0] != "F":
                raise Broken
        for number, record in enumerate(records):
            if record[0] == "F":
                made[number] = self.make(record, made)
        self.parts = made
        handler = self.value(root)
        for part, record in zip(made, records, strict=True):
            self.fill(part, record)
        return handler

    def make(self, record: list[Any], made: list[Any]) -> FunctionType:
        _, module, qualname, fingerprint, cells, *_ = record
        code, names = self.carrier.places.find(
            module, qualname, fingerprint, self.handler_id
        )
        closure = tuple([made[index(number, made)] for number in cells])
        return FunctionType(code, names, None, None, closure or None)

    def fill(self, part: CellType | FunctionType, record: list[Any]) -> None:
        if type(part) is CellType:
            for content in record[1:]:  # one, or none
                part.cell_contents = self.value(content)
            return
        fn: Any = part
        defaults, keywords, *extras = record[5:]
        if defaults is not None:
            if len(defaults) > fn.__code__.co_argcount:
                raise Broken
            fn.__defaults__ = tuple([self.value(one) for one in defaults])
        if keywords is not None:
            fn.__kwdefaults__ = named(self.value(keywords))
        for name, node in zip(extras[::2], extras[1::2], strict=True):
            value = self.value(node)
            if name in _TEXTS and (value is None or type(value) is str):
                fn.__setattr__(name, value)
            elif name == "__dict__":
                fn.__dict__.update(named(value))
            elif name == "__annotations__":
                fn.__annotations__ = named(value)
            else:
                raise Broken

    def part(self, node: list[Any], _: int | None) -> object:
        (_, number) = node
        part = self.parts[index(number, self.parts)]
        if type(part) is not FunctionType:
            raise Broken
        return part
