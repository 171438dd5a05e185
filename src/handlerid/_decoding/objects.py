"""Readers of objects with names of the author's choosing: dataclasses and TypedDicts.

What belongs here: which fields a class has, and reading them all, the slow way that
finds every error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typing_extensions

from handlerid._decoding.refusing import DEEPEST, MISSING, Errors
from handlerid._decoding.values import Reader
from handlerid.errors import InvalidEvent, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Field", "fields_of", "keys_of", "object_of", "read_fields"]

NOTHING: Any = object()
"""Stands where a field has no default."""


@dataclasses.dataclass(slots=True)
class Field:
    """A field of a dataclass, or a key of a TypedDict.

    Attributes:
        name: its name.
        hint: its type, evaluated.
        default: its default, or ``NOTHING``.
        required: whether a payload must have it.
        rest: whether it takes what a form has beyond the other fields.
        reader: reads its value; set when it is known.
        read: what the reader does; at hand, because it is called for every value.
    """

    name: str
    hint: Any
    default: Any = NOTHING
    required: bool = True
    rest: bool = False
    reader: Reader = dataclasses.field(init=False)
    read: Callable[[Any, Errors], object] = dataclasses.field(init=False)


def _hints_of(cls: type, *, extras: bool = False) -> dict[str, Any]:
    """The annotations of a class, evaluated where it is defined.

    Raises:
        UnsupportedHandler: one cannot be evaluated.
    """
    try:
        return typing_extensions.get_type_hints(cls, include_extras=extras)
    except NameError as error:
        raise UnsupportedHandler(
            f"a field of the event type {_name(cls)} has a type that is not known "
            f"where the class is defined: {error}; import it for real, not for type "
            "checkers only"
        ) from None
    except (AttributeError, SyntaxError, TypeError) as error:
        raise UnsupportedHandler(
            f"a field of the event type {_name(cls)} has a type that cannot be "
            f"evaluated: {error}"
        ) from None


def fields_of(cls: type) -> list[Field]:
    """What the ``__init__`` of a dataclass takes, ``InitVar`` too.

    Raises:
        UnsupportedHandler: the class is no dataclass, or a type cannot be evaluated.
    """
    if "__dataclass_fields__" not in cls.__dict__:
        raise UnsupportedHandler(
            f"the event type {_name(cls)} is no dataclass; decorate it with"
            "  @dataclass(kw_only=True, slots=True)"
        )
    hints = _hints_of(cls)
    own = {field.name for field in dataclasses.fields(cls) if field.init}
    found = []
    for name, field in cls.__dataclass_fields__.items():  # type: ignore[attr-defined]
        hint = hints[name]
        if isinstance(hint, dataclasses.InitVar):
            hint = hint.type
        elif name not in own:
            continue
        has_default = field.default is not dataclasses.MISSING
        has_factory = field.default_factory is not dataclasses.MISSING
        found.append(
            Field(
                name,
                hint,
                default=field.default if has_default else NOTHING,
                required=not (has_default or has_factory),
                rest=field.metadata.get("handlerid") == "rest",
            )
        )
    return found


def keys_of(cls: Any) -> list[Field]:
    """The keys of a TypedDict.

    What is required is read from the evaluated annotations: where these are strings,
    the class itself does not know it.
    """
    hints = _hints_of(cls, extras=True)
    found = []
    for name, hint in hints.items():
        required = name in cls.__required_keys__
        inner = hint
        while (origin := typing_extensions.get_origin(inner)) in _QUALIFIERS:
            if origin in (typing_extensions.Required, typing_extensions.NotRequired):
                required = origin is typing_extensions.Required
            inner = typing_extensions.get_args(inner)[0]
        found.append(Field(name, inner, required=required))
    return found


_QUALIFIERS = (
    typing_extensions.Required,
    typing_extensions.NotRequired,
    typing_extensions.ReadOnly,
    typing_extensions.Annotated,
)


def object_of(
    fields: list[Field], cls: type | None, *, lax: bool, refuse_extra: bool
) -> Reader:
    """Reads an object within a field.

    Args:
        fields: what it has; may be filled in later, for a class that refers to itself.
        cls: the dataclass that it becomes; None for a plain dict.
        lax: whether it comes from a form.
        refuse_extra: whether other names are refused.
    """

    def read(value: Any, errors: Errors) -> object:
        if cls is not None and type(value) is cls:
            return value
        if type(value) is not dict and not isinstance(value, Mapping):
            errors.add("an object")
            return value
        if errors.level == DEEPEST:
            errors.add(f"at most {DEEPEST} levels of objects")
            return value
        before = len(errors.found)
        errors.level += 1
        values = read_fields(value, fields, errors, lax=lax)
        if refuse_extra:
            note_extra(value, {field.name for field in fields}, errors)
        errors.level -= 1
        if cls is None or len(errors.found) != before:
            return values
        return build(cls, values, errors)

    natives = () if cls is None else (cls,)
    return Reader(read, frozenset([dict]), "an object", natives)


def read_fields(
    payload: Mapping[str, Any], fields: list[Field], errors: Errors, *, lax: bool
) -> dict[str, object]:
    """Reads the fields of an object, and notes all that does not fit."""
    values: dict[str, object] = {}
    get, found = payload.get, errors.found
    known = len(found)
    for field in fields:
        name = field.name
        value = get(name, NOTHING)
        if value is not NOTHING:
            values[name] = field.read(value, errors)
        elif field.required:
            stand_in = _empty(field.reader) if lax else NOTHING
            if stand_in is NOTHING:
                errors.add(MISSING)
            else:
                values[name] = field.read(stand_in, errors)
        if len(found) != known:
            if not errors.step(name, known):
                break
            known = len(found)
    return values


def _empty(reader: Reader) -> object:
    """What a form means that leaves a field out: a box not ticked, nothing chosen."""
    kinds = reader.kinds or ()
    if bool in kinds and len(kinds) == 1:
        return False
    return [] if list in kinds else NOTHING


def note_extra(
    payload: Mapping[str, Any], known: Iterable[str], errors: Errors
) -> None:
    """Notes the names that are no fields: the client's text, cut short, in one line."""
    for name in payload:
        if name not in known:
            text = str(name)[:64]
            if not text.isprintable():  # else it could write lines of its own in a log
                text = text.encode("unicode_escape").decode()
            errors.add("nothing of that name", text or '""')


def build(cls: Callable[..., object], values: dict[str, object], errors: Errors) -> Any:
    """Makes a dataclass of values that fit; it may refuse them all the same."""
    try:
        return cls(**values)
    except InvalidEvent as error:
        for field in error.fields:
            errors.add(field.expected, field.path)
        if not error.fields:
            errors.add(f"values that {cls.__name__} takes together")
    except ValueError:
        errors.add(f"values that {cls.__name__} takes together")
    return None


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
