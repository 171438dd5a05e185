"""The fields of an event type, and the reader for each of their types.

The types are a closed list, in the order of ``Readers._find``. Any other type is the
author's mistake, reported when a handler is registered, unless the class names a
``decoder=``.
"""

import dataclasses
import datetime as dt
import inspect
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any

import typing_extensions

from handlerid._decoding import readers
from handlerid._decoding.misfits import MISSING, Errors
from handlerid._decoding.readers import ANY, Reader
from handlerid.errors import InvalidEvent, UnsupportedHandler

NOTHING: Any = object()
"""The default of a field that has none, and the value of a field that is missing."""

_DEEPEST = 32  # levels of objects, for types that refer to themselves
_UNIONS = (typing.Union, UnionType)
# On 3.12 and 3.13 a ``type`` statement makes one of another class.
_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)
_QUALIFIERS = (
    typing_extensions.Required,
    typing_extensions.NotRequired,
    typing_extensions.ReadOnly,
    typing_extensions.Annotated,
)


class Field:
    """A field of a dataclass, or a key of a TypedDict.

    Attributes:
        name: its name.
        hint: its type, evaluated.
        default: its default, or ``NOTHING``.
        required: whether a payload must have it.
        rest: whether it takes what a form has beyond the other fields.
        reader: reads its value.
    """

    __slots__ = ("default", "hint", "name", "reader", "required", "rest")

    def __init__(
        self,
        name: str,
        hint: Any,
        *,
        default: Any = NOTHING,
        required: bool = True,
        rest: bool = False,
    ) -> None:
        self.name = name
        self.hint = hint
        self.default = default
        self.required = required
        self.rest = rest
        self.reader = ANY


class Unreadable(Exception):
    """A type that cannot be read from a payload; ``path`` is the field within it."""

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self.path = path


def full_name(cls: type) -> str:
    """Return module and qualified name of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def fields_of(cls: Any) -> list[Field]:
    """Return what the ``__init__`` of a dataclass takes, ``InitVar`` included.

    Raises:
        UnsupportedHandler: the class is no dataclass, or a type cannot be evaluated.
    """
    known = getattr(cls, "__dataclass_fields__", None)
    # A subclass without fields of its own needs no decorator.
    if known is None or (
        "__dataclass_fields__" not in cls.__dict__ and inspect.get_annotations(cls)
    ):
        raise UnsupportedHandler(
            f"the event type {full_name(cls)} is no dataclass; decorate it with"
            "  @dataclass(kw_only=True, slots=True)"
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


def _keys_of(cls: Any) -> list[Field]:
    """Return the keys of a TypedDict.

    Which are required is read from the evaluated annotations: where these are strings,
    the class itself does not know it.
    """
    found = []
    for name, hint in _hints_of(cls, extras=True).items():
        required, inner = name in cls.__required_keys__, hint
        while (origin := typing_extensions.get_origin(inner)) in _QUALIFIERS:
            if origin in (typing_extensions.Required, typing_extensions.NotRequired):
                required = origin is typing_extensions.Required
            inner = typing_extensions.get_args(inner)[0]
        found.append(Field(name, inner, required=required))
    return found


def _hints_of(cls: type, *, extras: bool = False) -> dict[str, Any]:
    try:
        return typing_extensions.get_type_hints(cls, include_extras=extras)
    except NameError as error:
        raise UnsupportedHandler(
            f"a field of the event type {full_name(cls)} has a type that is not known "
            f"where the class is defined: {error}; import it for real, not for type "
            "checkers only"
        ) from None
    except (AttributeError, SyntaxError, TypeError) as error:
        raise UnsupportedHandler(
            f"a field of the event type {full_name(cls)} has a type that cannot be "
            f"evaluated: {error}"
        ) from None


class Readers:
    """Finds the readers for one event type.

    Args:
        hook: the event type's ``decoder=``, for types that are not in the list.
        lax: whether the payloads are forms.
        refuse_extra: whether names that are no fields are refused within fields.
    """

    def __init__(
        self,
        hook: Callable[[Any, Any], object] | None,
        *,
        lax: bool,
        refuse_extra: bool,
    ) -> None:
        self._hook = hook
        self._lax = lax
        self._refuse_extra = refuse_extra
        self._objects: dict[type, Reader] = {}
        self._aliases: list[object] = []

    def fill(self, fields: list[Field]) -> None:
        """Give each field its reader.

        Raises:
            Unreadable: one has none; its path names the field.
        """
        for field in fields:
            try:
                field.reader = self._of(field.hint)
            except Unreadable as error:
                inner = f".{error.path}" if error.path else ""
                raise Unreadable(field.name + inner) from None
            except TypeError:
                raise Unreadable(field.name) from None

    def _of(self, hint: Any) -> Reader:
        try:
            hash(hint)
            return self._find(hint)
        except (TypeError, Unreadable):
            if self._hook is None:
                raise
            return _hooked(self._hook, hint)

    def _find(self, hint: Any) -> Reader:
        if hint is Any or hint is object:
            return ANY
        hint = NoneType if hint is None else hint
        if hint in readers.SCALARS:
            return readers.scalar(hint, lax=self._lax)
        if hint in readers.TEXTS:
            return readers.text(hint)
        if hint is dt.timedelta:
            return readers.duration(lax=self._lax)
        if isinstance(hint, _ALIASES):
            return self._alias(hint)
        if isinstance(hint, typing.NewType):
            return self._of(hint.__supertype__)
        if isinstance(hint, type) and hint not in (list, tuple, dict):
            return self._class(hint)
        return self._generic(hint)

    def _generic(self, hint: Any) -> Reader:
        origin = typing_extensions.get_origin(hint) or hint
        inner = typing_extensions.get_args(hint)
        if not inner and origin not in (list, tuple, dict):
            raise Unreadable  # Final, Literal or Union by itself
        if origin is typing_extensions.Annotated or origin is typing.Final:
            return self._of(inner[0])
        if origin in _UNIONS:
            # With a member that only the hook reads, only the hook reads the union.
            if Any in inner or object in inner:
                return ANY
            members = [self._of(one) for one in inner]
            return _given(readers.union_of(members, lax=self._lax))
        if origin is typing.Literal:
            return self._one_of(
                [(x.value if isinstance(x, Enum) else x, x) for x in inner]
            )
        if origin is list:
            return readers.sequence_of(self._of(*inner) if inner else ANY, list)
        if origin is tuple:
            if hint is tuple or hint is typing.Tuple:  # noqa: UP006 - it may be written
                return readers.sequence_of(ANY, tuple)
            if inner[1:] == (...,):
                return readers.sequence_of(self._of(inner[0]), tuple)
            return readers.row_of([self._of(one) for one in inner])
        if origin is dict:
            name, item = inner or (str, Any)
            key = ANY if name is Any else self._of(name)
            if key is not ANY and key.kinds != {str}:
                raise Unreadable  # names are text
            return readers.map_of(key, self._of(item))
        raise Unreadable

    def _alias(self, alias: Any) -> Reader:
        if alias in self._aliases:
            raise Unreadable  # it refers to itself: a dataclass may, an alias may not
        self._aliases.append(alias)
        try:
            return self._of(alias.__value__)
        except NameError:  # a name that is known to type checkers only
            raise Unreadable from None
        finally:
            self._aliases.pop()

    def _one_of(self, members: list[tuple[Any, object]]) -> Reader:
        return _given(readers.one_of(members, lax=self._lax))

    def _class(self, cls: type) -> Reader:
        if issubclass(cls, Enum):
            # With the names that a Flag gives to several bits, which it does not list.
            return self._one_of([(one.value, one) for one in cls.__members__.values()])
        known = self._objects.get(cls)
        if known is not None:
            return known
        is_dict = typing_extensions.is_typeddict(cls)
        if not is_dict and not dataclasses.is_dataclass(cls):
            raise Unreadable
        fields = _keys_of(cls) if is_dict else fields_of(cls)
        reader = _object_of(
            fields,
            None if is_dict else cls,
            lax=self._lax,
            refuse_extra=self._refuse_extra,
        )
        self._objects[cls] = reader  # before the fields: one may refer to the class
        self.fill(fields)
        return reader


def _given(reader: Reader | None) -> Reader:
    if reader is None:
        raise Unreadable
    return reader


def _hooked(hook: Callable[[Any, Any], object], hint: Any) -> Reader:
    expected = f"a value for {getattr(hint, '__name__', None) or hint}"

    def read(value: Any, errors: Errors) -> object:
        try:
            return hook(value, hint)
        except Exception:  # noqa: BLE001 - each library has errors of its own
            errors.add(expected)
            return value

    return Reader(read, None, expected)


def _object_of(
    fields: list[Field], cls: type | None, *, lax: bool, refuse_extra: bool
) -> Reader:
    """Read an object within a field.

    Args:
        fields: its fields; may get their readers later, for a class that refers to
            itself.
        cls: the dataclass that it becomes; None for a plain dict.
        lax: whether it comes from a form.
        refuse_extra: whether other names are refused.
    """
    known = {field.name for field in fields}

    def read(value: Any, errors: Errors) -> object:
        if cls is not None and type(value) is cls:
            return value
        if not isinstance(value, Mapping):
            errors.add("an object")
            return value
        if errors.level == _DEEPEST:
            errors.add(f"at most {_DEEPEST} levels of objects")
            return value
        before = len(errors)
        errors.level += 1
        values = read_fields(value, fields, errors, lax=lax)
        if refuse_extra:
            errors.add_extra(value, known)
        errors.level -= 1
        if cls is None or len(errors) != before:
            return values
        return build(cls, values, errors)

    return Reader(read, [dict], "an object", [] if cls is None else [cls])


def read_fields(
    payload: Mapping[str, Any], fields: list[Field], errors: Errors, *, lax: bool
) -> dict[str, object]:
    """Read the fields of an object, and record all that does not fit."""
    values: dict[str, object] = {}
    known = len(errors)
    for field in fields:
        name = field.name
        value = payload.get(name, NOTHING)
        if value is NOTHING and field.required and lax:
            # A box that is not ticked, and a list of which nothing is chosen.
            kinds = field.reader.kinds or ()
            value = [] if list in kinds else False if kinds == {bool} else NOTHING
        if value is not NOTHING:
            values[name] = field.reader.read(value, errors)
        elif field.required:
            errors.add(MISSING)
        if len(errors) != known:
            if not errors.step(name, known):
                break
            known = len(errors)
    return values


def build(cls: Callable[..., object], values: dict[str, object], errors: Errors) -> Any:
    """Make a dataclass of values that fit; it may refuse them all the same."""
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
