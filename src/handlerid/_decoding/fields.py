"""The fields of a dataclass, and the reader of an object that has them."""

import dataclasses
import inspect
from collections.abc import Iterable, Mapping, Sequence
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
    """A field of a dataclass; ``reader``, ``misfit`` and ``exact`` are set later.

    With ``rest``, it takes all other names of a form. Values of type ``exact`` fit, if
    they are finite.
    """

    reader: Reader
    misfit: FieldError
    exact: type | None = None

    def __init__(
        self, name: str, hint: Any, *, required: bool, default: Any, rest: bool
    ) -> None:
        self.name, self.hint, self.required = name, hint, required
        self.default, self.rest = default, rest
        self.missing = FieldError(name, MISSING)


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
        no_default = field.default is dataclasses.MISSING
        required = no_default and field.default_factory is dataclasses.MISSING
        default = NOTHING if no_default else field.default
        rest = field.metadata.get("handlerid") == "rest"
        found.append(Field(name, hint, required=required, default=default, rest=rest))
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


def object_of(
    cls: type, fields: list[Field], *, lax: bool, known: set[str] | None
) -> Reader:
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
        values = _read_fields(value, fields, misfits, lax=lax)
        if known is not None and not known.issuperset(value):
            note_extra(misfits, value, known)
        return _build(cls, values, misfits) if len(misfits) == before else None

    return Reader(read, "an object", {dict}, {cls})


def _read_fields(
    payload: Mapping[str, Any], fields: list[Field], misfits: Misfits, *, lax: bool
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields:
        value = payload.get(field.name, NOTHING)
        if value is NOTHING and lax and field.required:
            # A box that is not ticked; a list in which nothing is chosen.
            kinds = field.reader.kinds
            value = [] if list in kinds else False if kinds == {bool} else NOTHING
        kind, exact = type(value), field.exact
        if kind is exact and (exact is not float or value * 0.0 == 0.0):
            values[field.name] = value
        elif value is NOTHING:
            if field.required:
                misfits.append(field.missing)
        elif exact and (exact is not float or kind is not int):
            misfits.append(field.misfit)
        else:
            count = len(misfits)
            values[field.name] = field.reader.read(value, misfits)
            if len(misfits) != count:
                put_step(misfits, field.name, count)
    return values


def _build(cls: type, values: dict[str, Any], misfits: Misfits) -> Any:
    """Make a dataclass of values that fit; the class itself may refuse them."""
    said: Sequence[FieldError] = ()
    try:
        return cls(**values)
    except InvalidEvent as error:
        said = error.fields
    except ValueError:
        pass
    misfits.extend(said or [FieldError("", TOGETHER.format(cls.__name__))])
    return None
