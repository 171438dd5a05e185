"""The reader for each type that a field may have."""

import dataclasses
import typing
from collections.abc import Iterable
from enum import Enum
from types import NoneType, UnionType
from typing import Any

import typing_extensions

import handlerid._decoding.readers as readers  # noqa: PLR0402 - not by the door
from handlerid._decoding.fields import NOTHING, Field, fields_of, object_of
from handlerid._decoding.misfits import Misfits, note
from handlerid._decoding.readers import ANY, Reader, Unreadable
from handlerid.errors import FieldError

_UNIONS = (typing.Union, UnionType)
# On 3.12 and 3.13, a ``type`` statement makes an alias of another class.
_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)
_EXACT = {readers.SCALARS[kind]: kind for kind in (str, bool, int, float)}


class Readers:
    """Finds the readers for one event type; ``hook`` is its ``decoder=``."""

    def __init__(self, hook: Any, *, lax: bool, refuse_extra: bool) -> None:
        self._hook = hook
        self._lax = lax
        self._refuse_extra = refuse_extra
        self._objects: dict[type, Reader] = {}

    def fill(self, fields: list[Field]) -> None:
        """Give each field its reader, or raise ``Unreadable``."""
        for field in fields:
            try:
                field.reader = self._of(field.hint)
            except Unreadable as error:
                inner = f".{error}" if error.args else ""
                raise Unreadable(field.name + inner) from None
            except TypeError:
                raise Unreadable(field.name) from None
            expected = field.reader.expected
            field.misfit = FieldError(field.name, expected)
            field.exact = None if self._lax else _EXACT.get(expected)
            if self._lax and field.required:
                # A list in which nothing is chosen; a box that is not ticked.
                kinds = field.reader.kinds
                field.absent = (
                    [] if list in kinds else False if kinds == {bool} else NOTHING
                )

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
        if isinstance(hint, _ALIASES):
            try:
                return self._of(hint.__value__)
            except (NameError, RecursionError):  # under TYPE_CHECKING; recursive
                raise Unreadable from None
        if isinstance(hint, typing.NewType):
            return self._of(hint.__supertype__)
        if isinstance(hint, type) and hint not in (list, tuple, dict):
            return self._class(hint)
        return self._generic(hint)

    def _generic(self, hint: Any) -> Reader:
        origin = typing_extensions.get_origin(hint) or hint
        inner = typing_extensions.get_args(hint)
        if origin is tuple:
            # ``tuple[()]`` has no arguments either.
            bare = hint is tuple or hint is typing.Tuple  # noqa: UP006 - may be written
            return self._tuple((Any, ...) if bare else inner)
        if origin is list:
            return readers.sequence_of(self._of(*inner) if inner else ANY, list)
        if origin is dict:
            name, item = inner or (str, Any)
            key = ANY if name is Any else self._of(name)
            if key is not ANY and key.kinds != {str}:
                raise Unreadable  # names are text
            return readers.map_of(key, self._of(item))
        if not inner:
            raise Unreadable  # Final, Literal or Union by itself
        if origin in (typing_extensions.Annotated, typing.Final):
            return self._of(inner[0])
        if origin is typing.Literal:
            return self._one_of(inner)
        if origin in _UNIONS:
            # If only the hook reads a member, only the hook reads the union.
            members = [self._of(one) for one in inner]
            return readers.union_of(members, lax=self._lax)
        raise Unreadable

    def _tuple(self, inner: tuple[Any, ...]) -> Reader:
        if inner[1:] == (...,):
            return readers.sequence_of(self._of(inner[0]), tuple)
        return readers.row_of([self._of(one) for one in inner])

    def _one_of(self, members: Iterable[Any]) -> Reader:
        pairs = [(one.value if isinstance(one, Enum) else one, one) for one in members]
        return readers.one_of(pairs, lax=self._lax)

    def _class(self, cls: type) -> Reader:
        if issubclass(cls, Enum):
            # __members__: iterating over a Flag leaves out names of several bits.
            return self._one_of(cls.__members__.values())
        if cls in self._objects:
            return self._objects[cls]
        if not dataclasses.is_dataclass(cls):
            from handlerid._decoding.texts import text  # noqa: PLC0415 - few have dates

            return text(cls)
        fields = fields_of(cls)
        known = {field.name for field in fields} if self._refuse_extra else None
        reader = object_of(cls, fields, known)
        self._objects[cls] = reader  # before the fields: one may refer to the class
        self.fill(fields)
        return reader


def _hooked(hook: Any, hint: Any) -> Reader:
    expected = f"a value for {getattr(hint, '__name__', None) or hint}"

    def read(value: Any, misfits: Misfits) -> Any:
        try:
            return hook(value, hint)
        except Exception:  # noqa: BLE001 - each library has errors of its own
            note(misfits, expected)
            return value

    return Reader(read, expected, {object})
