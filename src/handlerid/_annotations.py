"""What an annotation names: the event types in it.

What belongs here: unions, aliases, strings and names that are known to type checkers
only. An annotation that cannot be evaluated here says nothing.
"""

from __future__ import annotations

import types
import typing
from contextlib import suppress
from inspect import Parameter
from typing import TYPE_CHECKING, Any

import typing_extensions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FunctionType

    Bases = type | tuple[type, ...]

__all__ = ["annotation_of", "evaluate", "event_types"]

_UNIONS = (typing.Union, types.UnionType)
# On 3.12 and 3.13 a ``type`` statement makes one of another class.
_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)
_FORWARDREF = typing_extensions.Format.FORWARDREF


def annotation_of(function: FunctionType, name: str) -> object:
    try:
        annotations = function.__annotations__
    except Exception:  # noqa: BLE001 - the author's expressions, run here on 3.14
        annotations = typing_extensions.get_annotations(function, format=_FORWARDREF)
    return annotations.get(name, Parameter.empty)


def event_types(
    annotation: object, function: FunctionType, base: Bases
) -> Iterator[type]:
    """The event types that an annotation names, through unions, aliases, strings."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        annotation = evaluate(annotation, function)
    if isinstance(annotation, str):
        # Quoted by its author, where all annotations are strings.
        annotation = evaluate(annotation, function)
    origin = typing_extensions.get_origin(annotation)
    if isinstance(annotation, _ALIASES):
        yield from event_types(_value_of(annotation), function, base)
    elif origin in _UNIONS:
        for member in typing_extensions.get_args(annotation):
            yield from event_types(member, function, base)
    elif origin is typing_extensions.Annotated:
        inner = typing_extensions.get_args(annotation)[0]
        yield from event_types(inner, function, base)
    else:
        named = annotation if origin is None else origin
        if isinstance(named, type) and issubclass(named, base):
            yield named


def evaluate(text: str, function: FunctionType) -> object:
    """The value of an annotation that is a string, or None if it has none here."""
    names = function.__globals__
    free = function.__code__.co_freevars
    if text in names and text not in free:
        return names[text]
    enclosing = {}
    for name, cell in zip(free, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # nothing is in the cell yet
            enclosing[name] = cell.cell_contents
    try:
        return eval(text, names, enclosing)  # noqa: S307 - the author's source
    except Exception:  # noqa: BLE001 - rule 6, whatever the expression raises
        return None


def _value_of(alias: Any) -> object:
    """What a type alias stands for; a ``type`` statement is evaluated here first."""
    try:
        return alias.__value__
    except Exception:  # noqa: BLE001 - rule 6 again
        return None
