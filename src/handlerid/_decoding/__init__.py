"""From a payload to an event.

1. The types of fields are a closed list (``hints``). Any other is refused when a
   handler is registered, unless the class names a ``decoder=``.
2. JSON values are not converted, with two exceptions: an integer is accepted for a
   float, and dates and bytes are written as text. In a form every value is text, so
   text is accepted for numbers.
3. Every misfit is recorded with its path and what was expected, never with the value.
   A ``ValueError`` raised by the class is a misfit, too.
4. The library's own events ignore unknown fields. All other event types refuse them,
   so that the value of a renamed field is never lost silently.
"""

from collections.abc import Callable, Mapping
from typing import Any

from handlerid._decoding.forms import Form
from handlerid._peek import choose

__all__ = ["Decoder", "Form", "Payload", "decoder", "json_reader"]

Decoder = Callable[[Mapping[str, Any]], Any]

Payload = bytes | bytearray | memoryview | str | Mapping[str, object] | Form
"""A payload: JSON, a mapping that the host has read, or a form."""

# Stored on the class: a decoder holds its class, and a table would keep both alive.
_ATTRIBUTE = "__handlerid_decoders__"


def decoder(
    event_type: type, *, form: bool = False, refuse_extra: bool | None = None
) -> Decoder:
    """Return the decoder of an event type; the same one at each call.

    A decoder takes the payload as a mapping and raises ``InvalidEvent`` if it does not
    fit. Any thread may use it. The decoder of a type with ``make=`` is that function.

    Args:
        event_type: the class: a dataclass, or a ``msgspec.Struct``.
        form: whether the payload is the ``fields`` of a ``Form``.
        refuse_extra: whether unknown fields are refused; None: as rule 4 says.
            The reference and the key are never refused.

    Raises:
        UnsupportedHandler: the class cannot be decoded.
    """
    made: Decoder | None = getattr(event_type, "__handlerid_make__", None)
    if made is not None:
        return made
    if _ATTRIBUTE not in event_type.__dict__:
        setattr(event_type, _ATTRIBUTE, {})
    known: dict[object, Decoder] = getattr(event_type, _ATTRIBUTE)
    if (form, refuse_extra) not in known:
        # Imported here: it is slow, and msgspec is an extra.
        if hasattr(event_type, "__struct_config__"):
            from handlerid._decoding.structs import compile_decoder  # noqa: PLC0415
        else:
            from handlerid._decoding.hints import compile_decoder  # noqa: PLC0415
        host = event_type.__module__ != "handlerid.events"
        strict = host if refuse_extra is None else refuse_extra
        found = compile_decoder(event_type, form=form, refuse_extra=strict)
        known[form, refuse_extra] = found
    return known[form, refuse_extra]


def json_reader(name: str) -> Callable[[Any, int], dict[str, Any]]:
    """Return the function that reads JSON: ``"standard"`` or ``"msgspec"``.

    Raises:
        ValueError: another name was given.
        ImportError: msgspec is not installed.
    """
    # Imported here: not every process reads JSON.
    from handlerid._decoding.json import msgspec_reader, read_json  # noqa: PLC0415

    choose("json", name, ("standard", "msgspec"))
    return read_json if name == "standard" else msgspec_reader()
