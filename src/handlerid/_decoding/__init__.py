"""From an event type to its decoder: a function from a payload to an event.

What belongs here: which decoders an event type has, and keeping them. The types of
fields stand in ``hints``, reading a value of each in ``values``, ``texts`` and
``objects``, the fast way in ``compiling``, and msgspec's classes in ``structs``. All of
it knows dataclasses, not events, and nothing of JSON.

The rules:

1. A decoder is compiled once an event type, when it is first asked for.
2. The types a field may have are a closed list, in ``hints``. Any other is the author's
   mistake, said when a handler is registered, unless the class names a ``decoder=``.
3. From JSON nothing is converted, except that an integer is taken where a float is
   due, and what JSON does not have comes as text: a date, bytes. ``True`` is no number.
   A float is finite.
4. From a form, where all is text, text is taken where a number or a truth value is due.
5. Every field that does not fit is named, with what would have fitted, never with
   what was there. After fifty, nobody looks further.
6. What a class checks when it is made, as in ``__post_init__``, is a part of fitting:
   a ``ValueError`` from there refuses the payload.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Decoder = Callable[[Mapping[str, Any]], Any]

__all__ = ["decoder", "is_struct", "json_decoder", "struct_classes", "structs_seen"]

# On the class itself: a decoder holds its class, so any other table would keep both.
_ATTRIBUTE = "__handlerid_decoders__"
_JSON = "json"

structs_seen: set[str] = set()
"""Not empty when a Struct is made from bytes: then it pays to read the id first."""


def decoder(
    event_type: type, *, form: bool = False, refuse_extra: bool = False
) -> Decoder:
    """Returns the decoder of an event type; the same one at each call.

    A decoder takes the payload as a mapping, and raises ``InvalidEvent`` for what does
    not fit. Any thread may use it.

    Args:
        event_type: the class: a dataclass, or a ``msgspec.Struct``.
        form: whether the payload comes from a form: a list of values a name, as text.
        refuse_extra: whether names that are no fields are refused, not ignored.

    Raises:
        UnsupportedHandler: a field has a type that cannot be read, or the class is
            no dataclass.
    """
    known = _known(event_type)
    found: Decoder | None = known.get((form, refuse_extra))
    if found is None:
        found = _compile(event_type, form=form, refuse_extra=refuse_extra)
        known[form, refuse_extra] = found
    return found


def json_decoder(event_type: Any) -> Callable[[bytes], Any] | None:
    """Returns what msgspec makes events of JSON bytes with, if the class is a Struct.

    It raises msgspec's errors. There is none where the class forbids unknown fields:
    the id is one.

    Raises:
        UnsupportedHandler: msgspec does not read a field's type.
    """
    if not is_struct(event_type) or event_type.__struct_config__.forbid_unknown_fields:
        return None
    known = _known(event_type)
    found: Callable[[bytes], Any] | None = known.get(_JSON)
    if found is None:
        from handlerid._decoding import structs  # noqa: PLC0415 - an extra

        found = known[_JSON] = structs.compile_json_decoder(event_type)
        structs_seen.add("Struct")
    return found


def struct_classes() -> tuple[type, ...]:
    """``msgspec.Struct``, if anybody has imported msgspec."""
    struct = getattr(sys.modules.get("msgspec"), "Struct", None)
    return () if struct is None else (struct,)


def is_struct(cls: type) -> bool:
    """Whether a class is a ``msgspec.Struct``."""
    return issubclass(cls, struct_classes())


def _known(event_type: type) -> dict[object, Any]:
    known: dict[object, Any] | None = event_type.__dict__.get(_ATTRIBUTE)
    if known is None:
        known = {}
        setattr(event_type, _ATTRIBUTE, known)
    return known


def _compile(event_type: type, *, form: bool, refuse_extra: bool) -> Decoder:
    made: Decoder | None = getattr(event_type, "__handlerid_make__", None)
    if made is not None:
        return made
    # Imported with the first event type: they take as long as all the rest.
    if is_struct(event_type):
        from handlerid._decoding import structs  # noqa: PLC0415

        make = structs.compile_struct_decoder
    else:
        from handlerid._decoding import compiling  # noqa: PLC0415

        make = compiling.compile_decoder
    return make(event_type, form=form, refuse_extra=refuse_extra)
