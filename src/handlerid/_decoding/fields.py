"""The fields of a dataclass."""

import dataclasses
import inspect
from collections.abc import Iterable
from typing import Any

import typing_extensions

from handlerid._decoding.misfits import MISSING, Misfits, note, put_step
from handlerid._decoding.readers import Reader
from handlerid._peek import name_of_class
from handlerid.errors import UnsupportedHandler

NOTHING: Any = dataclasses.MISSING
"""Marks a field without default, and a field that is missing in a payload."""


class Field:
    """A field, ``name`` in a payload; ``reader``, for its values, is set later."""

    reader: Reader

    def __init__(self, hint: Any, field: "dataclasses.Field[Any]") -> None:
        self.name, self.argument, self.hint = field.name, field.name, hint
        self.default: Any = field.default
        self.factory: Any = field.default_factory
        self.required = self.default is NOTHING and self.factory is NOTHING
        self.rest = field.metadata.get("handlerid") == "rest"

    def take(self, value: Any, misfits: Misfits) -> Any:
        """Return what the event gets for a value of the payload, or ``NOTHING``."""
        if value is NOTHING:
            if self.required:
                note(misfits, MISSING, self.name)
            return self.default if self.factory is NOTHING else self.factory()
        count = len(misfits)
        value = self.reader.read(value, misfits)
        if len(misfits) != count:
            put_step(misfits, self.name, count)
        return value


def check_names(cls: type, names: Iterable[str]) -> None:
    """Refuse an event type with a field named ``handler``."""
    if "handler" in names:
        raise UnsupportedHandler(
            f"the event type {name_of_class(cls)} has a field named handler, which is "
            "the name of the id in a payload; rename the field"
        )


def fields_of(cls: Any) -> list[Field]:
    """Return the fields that ``__init__`` of a dataclass takes, with ``InitVar``."""
    known = getattr(cls, "__dataclass_fields__", None)
    # A subclass without fields of its own needs no decorator.
    undecorated = "__dataclass_fields__" not in cls.__dict__
    if known is None or (undecorated and inspect.get_annotations(cls)):
        raise UnsupportedHandler(
            f"the event type {name_of_class(cls)} is not a dataclass; decorate it with "
            "@dataclass(kw_only=True, slots=True)"
        )
    try:
        hints = typing_extensions.get_type_hints(cls)
    except (AttributeError, NameError, SyntaxError, TypeError) as error:
        raise UnsupportedHandler(
            f"a field of the event type {name_of_class(cls)} has a type that cannot be "
            f"evaluated where the class is defined: {error}; import the types at run "
            "time, not only under TYPE_CHECKING"
        ) from None
    own = {field.name for field in dataclasses.fields(cls) if field.init}
    found = []
    for name, field in known.items():
        hint = hints[name]
        if isinstance(hint, dataclasses.InitVar):
            found.append(Field(hint.type, field))
        elif name in own:
            found.append(Field(hint, field))
    return found
