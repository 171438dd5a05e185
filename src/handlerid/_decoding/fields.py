"""The fields of a dataclass, and the reader of an object that has them."""

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import typing_extensions

from handlerid._decoding.misfits import (
    MISSING,
    TOGETHER,
    Misfits,
    note,
    note_extra,
    put_step,
)
from handlerid._decoding.readers import Reader
from handlerid.errors import FieldError, InvalidEvent, UnsupportedHandler

NOTHING: Any = object()
"""Marks a field without default, and a field that is missing in a payload."""


class Field:
    """A field of a dataclass.

    Attributes set later:
        reader: reads values; for scalars, ``exact`` is the type whose values fit as
            they are, and ``misfit`` what is noted about others.
        absent: what a form that lacks the field stands for, or ``NOTHING``.
    """

    reader: Reader
    misfit: FieldError
    exact: type | None = None
    absent: Any = NOTHING

    def __init__(
        self, name: str, hint: Any, default: Any, factory: Any, *, rest: bool
    ) -> None:
        self.name, self.hint, self.rest = name, hint, rest
        self.default, self.factory = default, factory
        self.required = default is NOTHING and factory is NOTHING
        self.missing = FieldError(name, MISSING)

    def take(self, value: Any, misfits: Misfits) -> Any:
        """Return what the event gets for a value of the payload, or ``NOTHING``."""
        kind, exact = type(value), self.exact
        if kind is exact and (exact is not float or value - value == 0.0):
            return value
        if value is NOTHING and self.absent is NOTHING:
            if self.required:
                misfits.append(self.missing)
            return self.default if self.factory is NOTHING else self.factory()
        if exact and (exact is not float or kind is not int):
            misfits.append(self.misfit)
            return None
        count = len(misfits)
        value = self.reader.read(self.absent if value is NOTHING else value, misfits)
        if len(misfits) != count:
            put_step(misfits, self.name, count)
        return value


def full_name(cls: type) -> str:
    """Return module and qualified name of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def check_names(cls: type, names: Iterable[str]) -> None:
    """Refuse an event type with a field named ``handler``."""
    if "handler" in names:
        raise UnsupportedHandler(
            f"the event type {full_name(cls)} has a field named handler, which is the "
            "name of the id in a payload; rename the field"
        )


def fields_of(cls: Any) -> list[Field]:
    """Return the fields that ``__init__`` of a dataclass takes, with ``InitVar``."""
    known = getattr(cls, "__dataclass_fields__", None)
    # A subclass without fields of its own needs no decorator.
    undecorated = "__dataclass_fields__" not in cls.__dict__
    if known is None or (undecorated and inspect.get_annotations(cls)):
        raise UnsupportedHandler(
            f"the event type {full_name(cls)} is not a dataclass; decorate it with "
            "@dataclass(kw_only=True, slots=True)"
        )
    hints = _hints_of(cls)
    own = {field.name for field in dataclasses.fields(cls) if field.init}
    found = []
    for name, field in known.items():
        hint = hints[name]
        if isinstance(hint, dataclasses.InitVar):
            hint = hint.type
        elif name not in own:
            continue
        default, factory = (
            NOTHING if one is dataclasses.MISSING else one
            for one in (field.default, field.default_factory)
        )
        rest = field.metadata.get("handlerid") == "rest"
        found.append(Field(name, hint, default, factory, rest=rest))
    return found


def _hints_of(cls: type) -> dict[str, Any]:
    try:
        return typing_extensions.get_type_hints(cls)
    except (AttributeError, NameError, SyntaxError, TypeError) as error:
        raise UnsupportedHandler(
            f"a field of the event type {full_name(cls)} has a type that cannot be "
            f"evaluated where the class is defined: {error}; import the types at run "
            "time, not only under TYPE_CHECKING"
        ) from None


def object_of(cls: type, fields: list[Field], known: set[str] | None) -> Reader:
    """Return the reader of an object that becomes a dataclass.

    Fields may get their readers later, because a class may refer to itself. Names that
    are not in ``known`` are refused; with None, all are accepted.
    """

    def read(value: Any, misfits: Misfits) -> Any:
        if type(value) is not dict and not isinstance(value, Mapping):
            if type(value) is not cls:
                note(misfits, "an object")
            return value
        before = len(misfits)
        get = value.get
        values = {one.name: one.take(get(one.name, NOTHING), misfits) for one in fields}
        if known is not None and not known.issuperset(value):
            note_extra(misfits, value, known)
        if len(misfits) == before:
            try:
                return cls(**values)
            except (ValueError, InvalidEvent) as error:
                misfits.extend(refused_by(cls, error))
        return None

    return Reader(read, "an object", {dict}, {cls})


def refused_by(cls: type, error: Exception) -> Misfits:
    """Return the misfits when a class refuses values of which each one fits."""
    said = error.fields if isinstance(error, InvalidEvent) else ()
    return [*said] or [FieldError("", TOGETHER.format(cls.__name__))]
