"""The event types that an annotation names."""

from __future__ import annotations

import typing
from inspect import Signature
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeAlias

import typing_extensions

from handlerid._peek import mro, namespace
from handlerid.events.base import Event, is_event_type

if TYPE_CHECKING:
    from collections.abc import Mapping

Named: TypeAlias = tuple[tuple[type[Event], ...], str]  # and what is wrong

NO_EVENT = "names no event type"
_UNKNOWN = "cannot be evaluated (is it local, or imported under TYPE_CHECKING only?)"
_UNIONS = (UnionType, type(typing.Union[int, str]))  # noqa: UP007 - of the old form
# On 3.12 and 3.13, a ``type`` statement makes an object of another class.
_Alias = typing_extensions.TypeAliasType
_ALIASES = (_Alias, getattr(typing, "TypeAliasType", _Alias))


def event_types(
    annotation: object, names: dict[str, Any], cells: Mapping[str, object], owner: type
) -> Named:
    """Return the event types that an annotation names, or what is wrong with it.

    ``names`` and ``cells`` are globals and captures of the function, ``owner`` is the
    class whose method it is.
    """
    todo, found, doubt = [annotation], dict[Any, None](), NO_EVENT
    for _ in range(100):  # an alias may refer to itself
        if not todo:
            break
        one: Any = todo.pop()
        origin = typing_extensions.get_origin(one)
        if type(one) in _UNIONS:
            todo += reversed(one.__args__)
        elif origin is typing_extensions.Annotated:
            todo.append(typing_extensions.get_args(one)[0])
        elif isinstance(one, (str, typing.ForwardRef, *_ALIASES)):
            try:
                todo.append(_evaluate(one, names, cells))
            except Exception:  # noqa: BLE001 - the author's expression may raise any
                return (), _UNKNOWN
        elif isinstance(one, typing.TypeVar):
            bound = () if one.__bound__ is None else (one.__bound__,)
            todo += _made_of(one, owner) or one.__constraints__[::-1] or bound
        elif one is Any or one is object or one is Signature.empty:
            doubt = ""
        elif isinstance(named := origin or one, type) and (
            issubclass(named, Event) or is_event_type(named)
        ):
            found[named] = None
    return tuple(found), doubt


def _made_of(variable: object, owner: type) -> list[object]:
    """Return what a class, or a base of it, puts in place of a type variable."""
    for base in mro(owner):
        for one in namespace(base).get("__orig_bases__", ()):
            named = getattr(typing_extensions.get_origin(one), "__parameters__", ())
            for name, given in zip(
                named, typing_extensions.get_args(one), strict=False
            ):
                if name is variable and given is not variable:
                    return [given]
    return []


def _evaluate(text: Any, names: dict[str, Any], cells: Mapping[str, object]) -> object:
    """Evaluate a text, a forward reference or an alias."""
    if isinstance(text, _ALIASES):
        return text.__value__
    text = getattr(text, "__forward_arg__", text)
    return eval(text, names, cells)  # noqa: S307 - the author's source
