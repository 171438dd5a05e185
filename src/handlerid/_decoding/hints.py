"""The decoder of a dataclass, and the reader for each type that a field may have."""

import dataclasses
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from itertools import repeat
from types import NoneType, UnionType
from typing import Any

import typing_extensions

import handlerid._decoding.readers as readers  # noqa: PLR0402 - not by the door
from handlerid._decoding.compiled import compiled
from handlerid._decoding.fields import Field, check_names, fields_of
from handlerid._decoding.forms import INPUTS, flattened
from handlerid._decoding.misfits import Misfits, as_identifiers, note, value_for
from handlerid._decoding.readers import ANY, Reader, Unreadable
from handlerid._peek import name_of_class
from handlerid.errors import UnsupportedHandler

_UNIONS = (typing.Union, UnionType)
_BARE: dict[Any, Any] = {list: (Any,), tuple: (Any, ...), dict: (str, Any)}
# On 3.12 and 3.13, a ``type`` statement makes an alias of another class.
_ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)
# Of a name for type checkers only, and of an alias that refers to itself.
_FAILURES = (NameError, RecursionError, TypeError, Unreadable)


def compile_decoder(
    event_type: type, *, form: bool, refuse_extra: bool
) -> Callable[[Mapping[str, Any]], Any]:
    """Make the decoder of a dataclass: see ``handlerid._decoding.decoder``."""
    fields = fields_of(event_type)
    check_names(event_type, [field.name for field in fields])
    hook = getattr(event_type, "__handlerid_decoder__", None)
    try:
        _Readers(hook=hook, lax=form, refuse_extra=refuse_extra).fill(fields)
    except Unreadable as error:
        raise UnsupportedHandler(
            f"the field {error} of the event type {name_of_class(event_type)} has a "
            "type that cannot be read from a payload; use str, bool, int, float, None, "
            "Any, Literal, Enum, date, time, datetime, bytes, list, tuple, dict, a "
            "dataclass, or a union of types that JSON writes differently; or pass a "
            f"decoder: class {event_type.__name__}(Event, decoder=...)"
        ) from None
    inputs = INPUTS if form else {}
    for field in fields:
        field.name = inputs.get(field.name, field.name)
    names = {*(x.name for x in fields), *(inputs.get(x, x) for x in INPUTS)}
    rest = {field.name for field in fields if field.rest and form}
    decode = compiled(event_type, fields, names, refuse_extra and not rest)
    if not form:
        return decode
    own = names - rest
    flat = flattened((x.name, x.hint, x.reader.kinds, x.required) for x in fields)

    def decode_form(form: Mapping[str, Any]) -> Any:
        form = as_identifiers(form, own)
        others = {one: {x: form[x] for x in form if x not in own} for one in rest}
        return decode(flat(form) | others)

    return decode_form


@dataclasses.dataclass(eq=False, kw_only=True)
class _Readers:
    """Finds the readers for one event type; ``hook`` is its ``decoder=``."""

    hook: Any
    lax: bool
    refuse_extra: bool
    objects: dict[type, Reader] = dataclasses.field(default_factory=dict)

    def fill(self, fields: list[Field]) -> None:
        """Give each field its reader, or raise ``Unreadable``."""
        for field in fields:
            try:
                field.reader = self._of(field.hint)
            except _FAILURES as error:
                inner = f".{error}" if type(error) is Unreadable and error.args else ""
                raise Unreadable(field.name + inner) from None

    def _of(self, hint: Any) -> Reader:
        try:
            hash(hint)
            return self._find(hint)
        except _FAILURES:
            if self.hook is None:
                raise
            return _hooked(self.hook, hint)

    def _find(self, hint: Any) -> Reader:
        if hint is Any or hint is object:
            return ANY
        hint = NoneType if hint is None else hint
        if hint in readers.SCALARS:
            return readers.scalar(hint, lax=self.lax)
        if isinstance(hint, _ALIASES):
            return self._of(hint.__value__)
        if isinstance(hint, typing.NewType):
            return self._of(hint.__supertype__)
        if isinstance(hint, type) and hint not in (list, tuple, dict):
            return self._class(hint)
        return self._generic(hint)

    def _generic(self, hint: Any) -> Reader:
        origin = typing_extensions.get_origin(hint) or hint
        inner = typing_extensions.get_args(hint)
        if hint != tuple[()]:
            inner = inner or _BARE.get(origin, ())
        if origin is list:
            return readers.list_of(repeat(self._of(*inner).read), list)
        if origin is tuple and inner[1:] == (...,):
            return readers.list_of(repeat(self._of(inner[0]).read), tuple)
        if origin is tuple:
            reads = [self._of(one).read for one in inner]
            return readers.list_of(reads, tuple, len(reads))
        if origin is dict:
            return readers.map_of(*map(self._of, inner))
        if not inner:
            raise Unreadable  # Final, Literal or Union by itself
        if origin in (typing_extensions.Annotated, typing.Final):
            return self._of(inner[0])
        if origin is typing.Literal:
            return self._one_of(inner)
        if origin in _UNIONS:
            # If only the hook reads a member, only the hook reads the union.
            members = [self._of(one) for one in inner]
            return readers.union_of(members, lax=self.lax)
        raise Unreadable

    def _one_of(self, members: Iterable[Any]) -> Reader:
        pairs = [(one.value if isinstance(one, Enum) else one, one) for one in members]
        return readers.one_of(pairs, lax=self.lax)

    def _class(self, cls: type) -> Reader:
        if issubclass(cls, Enum):
            # __members__: iterating over a Flag leaves out names of several bits.
            return self._one_of(cls.__members__.values())
        if cls in self.objects:
            return self.objects[cls]
        if not dataclasses.is_dataclass(cls):
            return readers.text(cls)
        fields = fields_of(cls)

        def read(value: Any, misfits: Misfits) -> Any:
            if type(value) is dict or isinstance(value, Mapping):
                return decode(value, misfits)
            if type(value) is not cls:
                note(misfits, "an object")
            return value

        reader = Reader(read, "an object", {dict, cls})
        self.objects[cls] = reader  # before the fields: one may refer to the class
        self.fill(fields)
        known = {field.name for field in fields}
        decode = compiled(cls, fields, known, self.refuse_extra)
        return reader


def _hooked(hook: Any, hint: Any) -> Reader:
    expected = value_for(hint)

    def read(value: Any, misfits: Misfits) -> Any:
        try:
            return hook(value, hint)
        except Exception:  # noqa: BLE001 - each library has errors of its own
            note(misfits, expected)
            return value

    return Reader(read, expected, {object})
