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
6. What a class checks in ``__post_init__`` is a part of fitting: a ``ValueError`` from
   there refuses the payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from handlerid._decoding.compiling import compile_decoder
from handlerid._decoding.structs import (
    compile_struct_decoder,
    in_use,
    is_struct,
    json_decoder,
    struct_classes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Decoder = Callable[[Mapping[str, Any]], Any]

__all__ = ["decoder", "in_use", "is_struct", "json_decoder", "struct_classes"]

# On the class itself: a decoder holds its class, so any other table would keep both.
_ATTRIBUTE = "__handlerid_decoders__"


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
    known = event_type.__dict__.get(_ATTRIBUTE)
    if known is None:
        known = {}
        setattr(event_type, _ATTRIBUTE, known)
    found = known.get((form, refuse_extra))
    if found is None:
        make = compile_struct_decoder if is_struct(event_type) else compile_decoder
        found = make(event_type, form=form, refuse_extra=refuse_extra)
        known[form, refuse_extra] = found
    return cast("Decoder", found)
