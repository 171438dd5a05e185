"""What a payload of an event type may hold, as texts that can be compared.

Two texts are equal if the same values fit: names of nested classes are left out, the
members of a union are sorted, and an enum is the union of its values.
"""

import dataclasses
import json
import typing
from enum import Enum
from types import NoneType, UnionType
from typing import Any

import typing_extensions

from handlerid._decoding.fields import fields_of
from handlerid._manifest.document import EventShape
from handlerid._peek import qualname_of
from handlerid.events import Event

_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)
_SCALARS = (str, int, float, bool, bytes, NoneType)


def shape_of(event: type[Any]) -> EventShape:
    """Return the shape of an event type.

    Raises:
        UnsupportedHandler: a field's type cannot be evaluated.
    """
    ignores = event.__module__ == Event.__module__
    if getattr(event, "__handlerid_make__", None) is not None:
        return EventShape({}, "ignore")  # the host reads the payload
    fields = {name: _text(hint) + given for name, hint, given in _fields(event)}
    return EventShape(fields, "ignore" if ignores else "refuse")


def _fields(cls: Any) -> list[tuple[str, Any, str]]:
    """Return name in a payload, type and default of the fields of a class."""
    if hasattr(cls, "__struct_config__"):
        import msgspec  # noqa: PLC0415 - an extra

        found = msgspec.structs.fields(cls)
        nothing: Any = msgspec.NODEFAULT
        rows = [(x.encode_name, x.type, x.default, x.default_factory) for x in found]
    else:
        nothing = dataclasses.MISSING
        rows = [(x.name, x.hint, x.default, x.factory) for x in fields_of(cls)]
    return [
        (name, hint, _default(default, factory, nothing))
        for name, hint, default, factory in rows
    ]


def _default(default: object, factory: object, nothing: object) -> str:
    if default is nothing:
        return "" if factory is nothing else " = ..."
    # Another repr might hold an address.
    return f" = {default!r}" if type(default) in _SCALARS else " = ..."


def _text(hint: Any, around: tuple[Any, ...] = ()) -> str:
    """Return a type as a text; ``around`` are those that it is a part of."""
    if any(one is hint for one in around):
        return "{...}"
    around = (*around, hint)
    hint = _bare(hint)
    if hint is Any or hint is object:
        return "Any"
    origin = typing_extensions.get_origin(hint)
    inner = typing_extensions.get_args(hint)
    choices = _choices(hint, around)
    if choices is not None:
        return " | ".join(sorted({*choices}, key=lambda one: (one == "None", one)))
    if origin is not None:
        texts = ["..." if one is ... else _text(one, around) for one in inner]
        name = qualname_of(origin) if isinstance(origin, type) else "?"
        return f"{name}[{', '.join(texts)}]"
    if not isinstance(hint, type):
        return "?"  # a hook reads it
    if dataclasses.is_dataclass(hint) or hasattr(hint, "__struct_config__"):
        return _object(hint, around)
    return "None" if hint is NoneType else qualname_of(hint)


def _bare(hint: Any) -> Any:
    """Unwrap aliases, NewType, Annotated and Final."""
    while True:
        if isinstance(hint, _ALIASES):
            hint = hint.__value__
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        elif typing_extensions.get_origin(hint) in (typing.Annotated, typing.Final):
            hint = typing_extensions.get_args(hint)[0]
        else:
            return hint


def _choices(hint: Any, around: tuple[Any, ...]) -> list[str] | None:
    """Return the texts of the members of a union, an enum or a Literal."""
    hint = _bare(hint)
    inner = typing_extensions.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return [_literal(one.value) for one in hint.__members__.values()]
    origin = typing_extensions.get_origin(hint)
    if origin is typing.Literal:
        return [_literal(one.value if isinstance(one, Enum) else one) for one in inner]
    if origin not in (typing.Union, UnionType):
        return None
    found = [_choices(one, around) or [_text(one, around)] for one in inner]
    return [text for several in found for text in several]


def _literal(value: object) -> str:
    if type(value) not in _SCALARS or isinstance(value, bytes):
        return "?"
    if value is None:
        return "None"
    # In a type, these signs separate parts.
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("=", "\\u003d").replace("|", "\\u007c")


def _object(cls: Any, around: tuple[Any, ...]) -> str:
    parts = [
        f"{name}{'?' if given else ''}: {_text(hint, around)}"
        for name, hint, given in _fields(cls)
    ]
    return f"{{{', '.join(sorted(parts))}}}"
