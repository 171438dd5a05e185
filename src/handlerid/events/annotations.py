"""The event types that an annotation names."""

import typing
from collections.abc import Mapping, Sequence
from inspect import Signature
from types import FunctionType, UnionType
from typing import Any, TypeAlias

import typing_extensions

from handlerid._peek import mro, names_of_class, namespace, stored_in
from handlerid.events.base import is_event_type

Named: TypeAlias = tuple[tuple[type[Any], ...], str]  # and what is wrong

NO_EVENT = "names no event type"
_UNKNOWN = "cannot be evaluated (is it local, or imported under TYPE_CHECKING only?)"
UNIONS = (UnionType, type(typing.Union[int, str]))  # noqa: UP007 - of the old form
# On 3.12 and 3.13, a ``type`` statement makes an object of another class.
_Alias = typing_extensions.TypeAliasType
_ALIASES = (_Alias, getattr(typing, "TypeAliasType", _Alias))


def event_types(
    annotation: object, fn: FunctionType, cells: dict[str, object], bound: object
) -> Named:
    """Return the event types that an annotation names, or what is wrong with it.

    ``cells`` are captures of the function, ``bound`` is the object or class whose
    method it is.
    """
    owner: type = bound if issubclass(type(bound), type) else type(bound)  # type: ignore[assignment]
    place = fn.__module__, fn.__qualname__.rpartition(".")[0]
    home = next((x for x in mro(owner) if names_of_class(x) == place), owner)
    params = (*getattr(fn, "__type_params__", ()), *_own(home, "__type_params__"))
    names = {one.__name__: one for one in params} | cells
    found, doubt = dict[Any, None](), NO_EVENT
    todo: list[tuple[Any, type]] = [(annotation, home)]
    # So many, because an alias may refer to itself.
    for index, (one, where) in zip(range(1, 100), todo, strict=False):
        try:  # variables and aliases are evaluated here, too
            if isinstance(one, typing.TypeVar):
                inside = _made_of(one, where, bound, owner)
            else:
                inside = [(x, where) for x in _inside(one, fn.__globals__, names)]
        except Exception:  # noqa: BLE001 - the author's expression may raise any
            return (), _UNKNOWN
        todo[index:index] = inside
        if one is Any or one is object or one is Signature.empty:
            doubt = ""
        elif is_event_type(named := typing_extensions.get_origin(one) or one):
            found[named] = None
    return tuple(found), doubt


def _inside(
    one: Any, names: dict[str, Any], cells: Mapping[str, object]
) -> Sequence[object]:
    """Return the annotations that one consists of, or its text stands for."""
    if type(one) in UNIONS:
        return one.__args__  # type: ignore[no-any-return]
    if typing_extensions.get_origin(one) is typing_extensions.Annotated:
        return typing_extensions.get_args(one)[:1]
    if isinstance(one, _ALIASES):
        return (one.__value__,)
    if isinstance(one, (str, typing.ForwardRef)):
        text: Any = getattr(one, "__forward_arg__", one)
        return (eval(text, names, cells),)  # noqa: S307 - the author's source
    return ()


def _made_of(
    variable: Any, home: type, bound: object, owner: type
) -> list[tuple[Any, type]]:
    """Return what a type variable of a class stands for, and in which class.

    ``Field[ClickEvent]()`` says it, or the bases of a class; else default, constraints
    or bound of the variable do.
    """
    said = [] if bound is owner else [(stored_in(bound)("__orig_class__"), owner)]
    said += [(x, y) for y in mro(owner) for x in _own(y, "__orig_bases__")]
    for alias, base in said:
        if typing_extensions.get_origin(alias) is home:
            given = typing_extensions.get_args(alias)
            values = dict(zip(_own(home, "__parameters__"), given, strict=False))
            if variable in values:
                return [(values[variable], base)]
    default = getattr(variable, "__default__", typing_extensions.NoDefault)
    if default is not typing_extensions.NoDefault:
        return [(default, home)]
    return [(x, home) for x in variable.__constraints__ or (variable.__bound__,)]


def _own(kind: type, name: str) -> tuple[Any, ...]:
    found = namespace(kind).get(name)
    return found if type(found) is tuple else ()
