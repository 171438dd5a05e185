"""Other ways from a mapping to a typed object.

Each peer is a function that takes an event type and returns the peer's own decoder for
the same fields. Each has the type that its documentation begins with: a Struct, a
model, a dataclass; and its default settings, except where the name says otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, get_type_hints

__all__ = ["PEERS", "Decode", "load"]

Decode = Callable[[dict[str, Any]], Any]

REQUIRED = dataclasses.MISSING


def fields_of(event: type[Any]) -> list[tuple[str, Any, Any]]:
    """Name, type and default of every field; those without a default come first."""
    hints = get_type_hints(event)
    # mashumaro knows no field of type object; the others take it as Any.
    fields = [
        (one.name, Any if hints[one.name] is object else hints[one.name], one.default)
        for one in dataclasses.fields(event)
    ]
    return sorted(fields, key=lambda one: one[2] is not REQUIRED)


def dataclass_of(event: type[Any], *bases: type[Any]) -> type[Any]:
    """A plain dataclass with the same fields."""
    fields = [
        (name, kind)
        if default is REQUIRED
        else (name, kind, dataclasses.field(default=default))
        for name, kind, default in fields_of(event)
    ]
    return dataclasses.make_dataclass(event.__name__, fields, bases=bases)


def by_hand(event: type[Any]) -> Decode:
    """Every field by its name, nothing checked."""
    lines = [f"{name}=d[{name!r}]" for name, _, _ in fields_of(event)]
    made: Decode = eval(f"lambda d: event({', '.join(lines)})", {"event": event})
    return made


def msgspec(event: type[Any]) -> Decode:
    """``msgspec.convert(payload, type=Struct)``, strict by default."""
    import msgspec as library

    struct = library.defstruct(
        event.__name__,
        [
            (name, kind) if default is REQUIRED else (name, kind, default)
            for name, kind, default in fields_of(event)
        ],
    )
    convert = library.convert
    return lambda payload: convert(payload, type=struct)


def pydantic(event: type[Any]) -> Decode:
    """``Model.model_validate(payload)``, lax by default."""
    return _pydantic(event, strict=False)


def pydantic_strict(event: type[Any]) -> Decode:
    """The same with ``strict=True`` in the model's configuration."""
    return _pydantic(event, strict=True)


def _pydantic(event: type[Any], *, strict: bool) -> Decode:
    import pydantic as library

    fields: dict[str, Any] = {
        name: (kind, ... if default is REQUIRED else default)
        for name, kind, default in fields_of(event)
    }
    config = library.ConfigDict(strict=strict)
    model = library.create_model(event.__name__, __config__=config, **fields)
    validate: Decode = model.model_validate
    return validate


def cattrs(event: type[Any]) -> Decode:
    """``structure(payload, Dataclass)`` of its converter for JSON."""
    from cattrs.preconf.json import make_converter

    converter, kind = make_converter(), dataclass_of(event)
    # It has no hook for a field that is always null, and asks for one.
    converter.register_structure_hook(type(None), only_none)
    structure = converter.structure
    return lambda payload: structure(payload, kind)


def only_none(value: object, _: object) -> None:
    """Takes null alone."""
    if value is not None:
        raise ValueError("expected null")


def mashumaro(event: type[Any]) -> Decode:
    """``Dataclass.from_dict(payload)``, by its mixin."""
    from mashumaro import DataClassDictMixin

    kind: Any = dataclass_of(event, DataClassDictMixin)
    decode: Decode = kind.from_dict
    return decode


def dacite(event: type[Any]) -> Decode:
    """``dacite.from_dict(Dataclass, payload)``."""
    from dacite import from_dict

    kind = dataclass_of(event)
    return lambda payload: from_dict(kind, payload)


PEERS: dict[str, Callable[[type[Any]], Decode]] = {
    "by hand, unchecked": by_hand,
    "msgspec": msgspec,
    "pydantic": pydantic,
    "pydantic, strict": pydantic_strict,
    "cattrs": cattrs,
    "mashumaro": mashumaro,
    "dacite": dacite,
}


def load(name: str, event: type[Any]) -> Decode | None:
    """Returns the decoder that a peer makes, or None if it is not installed."""
    try:
        return PEERS[name](event)
    except ImportError:
        return None
