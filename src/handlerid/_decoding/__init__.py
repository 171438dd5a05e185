"""From a payload to an event.

The rules:

1. The types of fields are a closed list (``hints``). Any other is refused when a
   handler is registered, unless the class names a ``decoder=``.
2. From JSON nothing is converted, except that an integer is accepted for a float, and
   that what JSON does not have comes as text: a date, bytes. From a form, where all is
   text, text is accepted for a number.
3. Every misfit is named with its path and with what would have fitted, never with what
   was there. A ``ValueError`` raised by the class is a misfit, too.
4. A name that is no field is ignored by the library's own events and refused by all
   others, so that a renamed field is never a lost value.
"""

from collections.abc import Callable, Mapping
from typing import Any

from handlerid._decoding.forms import Form

__all__ = ["Decoder", "Form", "Payload", "decoder", "json_reader"]

Decoder = Callable[[Mapping[str, Any]], Any]

Payload = bytes | bytearray | memoryview | str | Mapping[str, object] | Form
"""What can be dispatched: JSON, a mapping that the host has read, or a form."""

# On the class itself: a decoder holds its class, and any other table would keep both.
_ATTRIBUTE = "__handlerid_decoders__"


def decoder(
    event_type: type, *, form: bool = False, refuse_extra: bool | None = None
) -> Decoder:
    """Return the decoder of an event type; the same one at each call.

    A decoder takes the payload as a mapping, and raises ``InvalidEvent`` for what does
    not fit. Any thread may use it. An event type with ``make=`` has that as decoder.

    Args:
        event_type: the class: a dataclass, or a ``msgspec.Struct``.
        form: whether the payload is the ``fields`` of a ``Form``.
        refuse_extra: whether names that are no fields are refused; None: by rule 4.
            ``handler`` and ``key`` are never refused.

    Raises:
        UnsupportedHandler: the class cannot be decoded.
    """
    known: dict[object, Decoder] | None = event_type.__dict__.get(_ATTRIBUTE)
    if known is None:
        known = {}
        setattr(event_type, _ATTRIBUTE, known)
    found = known.get((form, refuse_extra))
    if found is None:
        host = event_type.__module__ != "handlerid.events"
        strict = host if refuse_extra is None else refuse_extra
        found = _compile(event_type, form=form, refuse_extra=strict)
        known[form, refuse_extra] = found
    return found


def _compile(event_type: type, *, form: bool, refuse_extra: bool) -> Decoder:
    made: Decoder | None = getattr(event_type, "__handlerid_make__", None)
    if made is not None:
        return made
    # Loaded with the first event type: the import stays quick, and msgspec is an extra.
    if hasattr(event_type, "__struct_config__"):
        from handlerid._decoding.structs import compile_decoder  # noqa: PLC0415
    else:
        from handlerid._decoding.compiled import compile_decoder  # noqa: PLC0415
    return compile_decoder(event_type, form=form, refuse_extra=refuse_extra)


def json_reader(name: str) -> Callable[[Any, int], dict[str, Any]]:
    """Return what reads JSON, ``"standard"`` or ``"msgspec"``: ``read_json``.

    Both accept, refuse and raise the same.

    Raises:
        ValueError: the name is another.
        ImportError: msgspec is not installed.
    """
    # Not needed by the import.
    from handlerid._decoding.json import msgspec_reader, read_json  # noqa: PLC0415

    if name not in ("standard", "msgspec"):
        raise ValueError('json must be "standard" or "msgspec"')
    return read_json if name == "standard" else msgspec_reader()
