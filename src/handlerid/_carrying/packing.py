"""A handler as a recipe: lists, texts and numbers that say how to rebuild it.

What belongs here: what is written of functions and of their cells; of values, that is
said by ``writing``. ``unpacking`` is the other direction, in the same order.

A recipe is a list: what stands for the handler, then a record for each function and
cell that it consists of. Functions and cells are met anywhere, stand there as their
numbers, and are written down in the order in which they were met: so what leads back to
itself ends.
"""

from __future__ import annotations

import typing
from types import CellType, FunctionType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ForwardRef,
    Union,
    cast,
    get_args,
    get_origin,
)

import typing_extensions

from handlerid._canonical.peek import look_up
from handlerid._carrying.places import bare
from handlerid._carrying.text import write
from handlerid._carrying.writing import Writer

if TYPE_CHECKING:
    from handlerid._carrying.carrier import Carrier

__all__ = ["Packer"]


_UNIONS = (Union, UnionType)
# On 3.12 and 3.13 a ``type`` statement makes one of another class.
_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)


class Packer(Writer):
    """One handler on its way to a recipe."""

    def __init__(self, carrier: Carrier) -> None:
        super().__init__(carrier)
        # Functions and cells, each with the variable it was met in; by number.
        self.parts: list[tuple[Any, str]] = []
        self.numbers: dict[int, int] = {}

    def pack(self, handler: object) -> list[Any]:
        """Returns the recipe of a handler.

        Raises:
            UnstableCapture: a value cannot be carried.
            UnsupportedHandler: a function's code is in no scanned module.
        """
        recipe = [self.value(handler)]
        # Gets longer meanwhile.
        for part, where in self.parts:
            self.path = [where] if where else []
            recipe.append(self.record(part))
            if where:
                self.sizes[where] = len(write(recipe[-1]))
        return recipe

    def record(self, part: Any) -> list[Any]:
        if type(part) is CellType:
            try:
                content = part.cell_contents
            except ValueError:
                return ["c"]
            return ["c", self.value(content)]
        fn: FunctionType = part
        place = self.carrier.places.known(fn).place
        names = fn.__code__.co_freevars
        cells = [
            self.number(cell, name)
            for name, cell in zip(names, fn.__closure__ or (), strict=True)
        ]
        defaults = self.defaults(fn)
        keywords = self.inside(fn.__kwdefaults__ or None, "")
        return ["F", *place, cells, defaults, keywords, *self.extras(fn)]

    def number(self, part: object, where: str) -> int:
        if id(part) not in self.numbers:
            self.numbers[id(part)] = len(self.parts)
            self.parts.append((part, where))
        return self.numbers[id(part)]

    def defaults(self, fn: FunctionType) -> list[Any] | None:
        values = fn.__defaults__
        if not values:
            return None
        names = fn.__code__.co_varnames[: fn.__code__.co_argcount][-len(values) :]
        return [
            self.inside(value, name) for name, value in zip(names, values, strict=True)
        ]

    def extras(self, fn: FunctionType) -> list[Any]:
        """What was set on a function after it was made, by name."""
        extras: list[Any] = []
        made = bare(fn.__code__, fn.__globals__)
        module = fn.__module__
        for name, mine, its in (
            ("__name__", fn.__name__, made.__name__),
            ("__qualname__", fn.__qualname__, made.__qualname__),
            ("__module__", module, made.__module__),
            ("__doc__", fn.__doc__, made.__doc__),
        ):
            if mine != its:
                known = name == "__module__" and type(mine) is str
                value = self.identity.module_name(cast("str", mine)) if known else mine
                extras += [name, self.inside(value, name)]
        if fn.__dict__:
            extras += ["__dict__", self.inside(dict(fn.__dict__), "")]
        if annotations := self.annotations(fn):
            extras += ["__annotations__", self.inside(annotations, "annotation of ")]
        return extras

    def annotations(self, fn: FunctionType) -> dict[str, object]:
        """The annotations that decide how a handler is called: of optional parameters.

        A parameter that must be given gets the event whatever it is annotated with.
        """
        count = len(fn.__defaults__ or ())
        if not count:
            return {}
        names = fn.__code__.co_varnames[: fn.__code__.co_argcount][-count:]
        try:
            found = fn.__annotations__
        except Exception:  # noqa: BLE001  (the author's expressions, run here on 3.14)
            return {}
        chosen = {n: self.events_in(found[n], n) for n in names if n in found}
        return {name: events for name, events in chosen.items() if events is not None}

    def events_in(self, annotation: Any, name: str) -> object | None:
        """What an annotation says of events: a text, a class, a union of classes."""
        if type(annotation) is ForwardRef:
            annotation = annotation.__forward_arg__
        if type(annotation) is str:
            return annotation
        if issubclass(type(annotation), type):
            return annotation if look_up(annotation, "wire_name") is not None else None
        if isinstance(annotation, _ALIASES):
            return self.events_in(annotation.__value__, name)
        if (
            origin := get_origin(annotation)
        ) is not Annotated and origin not in _UNIONS:
            return None
        parts = get_args(annotation)[: 1 if origin is Annotated else None]
        members = [self.events_in(one, name) for one in parts]
        events: list[Any] = [one for one in members if one is not None]
        if len(events) <= 1:
            return events[0] if events else None
        if any(type(one) is str for one in events):
            self.path.append(f"the annotation of {name}")
            raise self.refuse(annotation, "mixes classes and names of classes")
        return Union[tuple(events)]  # noqa: UP007  (made of a tuple)

    def function(self, fn: FunctionType) -> list[Any]:
        if type(fn.__module__) is str:
            module = self.identity.module_name(fn.__module__)
            if self.scanned.function(module, fn.__qualname__) is fn:
                return ["h", module, fn.__qualname__]
        return ["@", self.number(fn, "".join(self.path[:1]))]
