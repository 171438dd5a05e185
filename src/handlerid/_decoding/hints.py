"""From the type of a field to the reader of its values.

What belongs here: the closed list of types, in the order of ``_read``. Reading itself
stands beside.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any

import typing_extensions

from handlerid._decoding.objects import Field, fields_of, keys_of, object_of
from handlerid._decoding.refusing import Unreadable
from handlerid._decoding.texts import TEXTS, duration
from handlerid._decoding.unions import union_of
from handlerid._decoding.values import (
    ANY,
    Reader,
    map_of,
    one_of,
    row_of,
    scalar,
    sequence_of,
    text_scalar,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._decoding.refusing import Errors

__all__ = ["Readers"]

_SCALARS = (str, bool, int, float, NoneType)
_UNIONS = (typing.Union, UnionType)
# On 3.12 and 3.13 a ``type`` statement makes one of another class.
_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)


class Readers:
    """Makes the readers for one event type.

    Args:
        hook: the event type's ``decoder=``, for types that are not in the list.
        lax: whether the payloads are forms.
        refuse_extra: whether names that are no fields are refused.
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

    def of(self, hint: Any) -> Reader:
        """The reader of a type.

        Raises:
            Unreadable: there is none.
        """
        try:
            hash(hint)
            return self._read(hint)
        except (TypeError, Unreadable):
            if self._hook is None:
                raise
            return _hooked(self._hook, hint)

    def fill(self, fields: list[Field]) -> None:
        """Gives each field its reader.

        Raises:
            Unreadable: one has none; its path names the field.
        """
        for field in fields:
            try:
                field.reader = self.of(field.hint)
                field.read = field.reader.read
            except Unreadable as error:
                inner = f".{error.path}" if error.path else ""
                raise Unreadable(field.name + inner) from None
            except TypeError:
                raise Unreadable(field.name) from None

    def _read(self, hint: Any) -> Reader:
        if hint is Any or hint is object:
            return ANY
        hint = NoneType if hint is None else hint
        if hint in _SCALARS:
            return text_scalar(hint) if self._lax else scalar(hint)
        if hint in TEXTS:
            return TEXTS[hint]
        if hint is dt.timedelta:
            return duration(text_scalar(float) if self._lax else scalar(float))
        if isinstance(hint, _ALIASES):
            return self._alias(hint)
        if isinstance(hint, typing.NewType):
            return self.of(hint.__supertype__)
        if isinstance(hint, type) and hint not in (list, tuple, dict):
            return self._class(hint)
        return self._generic(hint)

    def _generic(self, hint: Any) -> Reader:
        origin = typing_extensions.get_origin(hint) or hint
        inner = typing_extensions.get_args(hint)
        if not inner and origin not in (list, tuple, dict):
            raise Unreadable  # Final, Literal or Union by itself
        if origin is typing_extensions.Annotated or origin is typing.Final:
            return self.of(inner[0])
        if origin in _UNIONS:
            return self._union(inner)
        if origin is typing.Literal:
            pairs = [(x.value if isinstance(x, Enum) else x, x) for x in inner]
            return self._one_of(pairs)
        if origin is list:
            return sequence_of(self.of(*inner) if inner else ANY, list)
        if origin is tuple:
            return self._tuple(inner, bare=hint is tuple or hint is typing.Tuple)  # noqa: UP006
        if origin is dict:
            return self._dict(inner or (str, Any))
        raise Unreadable

    def _alias(self, alias: Any) -> Reader:
        if alias in self._aliases:
            raise Unreadable  # it refers to itself: a dataclass may, an alias may not
        self._aliases.append(alias)
        try:
            return self.of(alias.__value__)
        except NameError:  # a name that is known to type checkers only
            raise Unreadable from None
        finally:
            self._aliases.pop()

    def _union(self, members: tuple[Any, ...]) -> Reader:
        if Any in members or object in members:
            return ANY
        # With a member that only the hook reads, only the hook reads the union.
        reader = union_of([self.of(one) for one in members], lax=self._lax)
        if reader is None:
            raise Unreadable
        return reader

    def _one_of(self, pairs: list[tuple[Any, object]]) -> Reader:
        if not pairs or any(type(value) not in _SCALARS for value, _ in pairs):
            raise Unreadable
        return one_of({(type(v), v): found for v, found in pairs}, lax=self._lax)

    def _tuple(self, inner: tuple[Any, ...], *, bare: bool) -> Reader:
        if bare:
            return sequence_of(ANY, tuple)
        if len(inner) == 2 and inner[1] is ...:  # noqa: PLR2004 - tuple[str, ...]
            return sequence_of(self.of(inner[0]), tuple)
        return row_of([self.of(one) for one in inner])

    def _dict(self, inner: tuple[Any, ...]) -> Reader:
        key = ANY if inner[0] is Any else self.of(inner[0])
        if key is not ANY and key.kinds != frozenset([str]):
            raise Unreadable  # names are text
        return map_of(key, self.of(inner[1]))

    def _class(self, cls: type) -> Reader:
        if issubclass(cls, Enum):
            # With the names that a Flag gives to several bits, which it does not list.
            members = cls.__members__.values()
            return self._one_of([(member.value, member) for member in members])
        known = self._objects.get(cls)
        if known is not None:
            return known
        if typing_extensions.is_typeddict(cls):
            return self._object(cls, keys_of(cls), None)
        if dataclasses.is_dataclass(cls):
            made: Any = cls  # of a class, mypy would make an instance here
            return self._object(made, fields_of(made), made)
        raise Unreadable

    def _object(self, cls: type, fields: list[Field], become: type | None) -> Reader:
        reader = object_of(
            fields, become, lax=self._lax, refuse_extra=self._refuse_extra
        )
        self._objects[cls] = reader  # before the fields: one may refer to the class
        self.fill(fields)
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
