"""What a payload may be, and how its event is made once its handler is known.

What belongs here: telling the kinds of payloads apart, and which decoder each takes.
How JSON and forms are read is said by ``_reading``, how an event is made by
``_decoding``.

The rules:

1. A payload is read in two steps: first its id, then, when its handler is found and
   may be called, its event.
2. A mapping and JSON are decoded strictly, a form as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handlerid._decoding import decoder, structs_seen
from handlerid._reading import Form, id_reader, json_reader
from handlerid.errors import InvalidEvent, MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._binding import BoundHandler

    Payload = bytes | bytearray | memoryview | str | Mapping[str, object] | Form
    Decode = Callable[[Any, BoundHandler], Any]

__all__ = ["DOUBTS", "Payloads", "portable"]

DOUBTS = (
    *(AttributeError, KeyError, TypeError, ValueError, RecursionError),
    InvalidEvent,
)
"""What the short way raises where the long one says what is wrong: there is no id, or
one without a hash, or no such handler; or msgspec or a Struct refuses the payload."""


class Payloads:
    """How a dispatcher takes payloads.

    Args:
        json: who reads JSON.
        max_bytes: the largest payload accepted as JSON text.
        extra: what to do with fields that the event does not have.

    Attributes:
        read_json: reads JSON as a whole, see ``json_reader``.
        decode_id: reads only the id of bytes, see ``id_reader``, where msgspec reads.

    Raises:
        ValueError: ``extra`` or ``json`` is none of those there are.
        ImportError: msgspec is not installed.
    """

    def __init__(self, json: str, max_bytes: int, extra: str) -> None:
        if extra not in ("ignore", "refuse"):
            raise ValueError('extra must be "ignore" or "refuse"')
        if json not in ("standard", "msgspec"):
            raise ValueError('json must be "standard" or "msgspec"')
        self._max_bytes = max_bytes
        self._refuse_extra = extra == "refuse"
        self.read_json = json_reader(json)
        read_id, decode_id = id_reader(json) or (None, None)
        self._read_id = read_id
        self.decode_id = decode_id
        self._decode: Decode = _decode_strictly if self._refuse_extra else _decode

    def read(self, payload: Any) -> tuple[str, Decode, Any]:
        """Reads as much of a payload as it takes to find its handler.

        Returns:
            The id; what makes the event, of the third and of the handler; and what
            was read.

        Raises:
            MalformedPayload: it cannot be read, or names no handler.
        """
        content: Any
        # What most payloads are is told quickly; whether it is a mapping, slowly.
        if type(payload) is dict:
            handler_id, decode, content = payload.get("handler"), self._decode, payload
        elif type(payload) in (bytes, str):
            handler_id, decode, content = self._read_text(payload)
        elif isinstance(payload, Form):
            decode = _decode_form_strictly if self._refuse_extra else _decode_form
            handler_id, content = payload.get("handler"), payload.fields
        elif isinstance(payload, Mapping):
            handler_id, decode, content = payload.get("handler"), self._decode, payload
        else:
            handler_id, decode, content = self._read_text(payload)
        if not isinstance(handler_id, str):
            raise MalformedPayload('the payload names no handler: "handler" is the id')
        return handler_id, decode, content

    def _read_text(self, payload: Any) -> tuple[object, Decode, Any]:
        if self._read_id is not None and structs_seen:
            data, handler_id = self._read_id(payload, self._max_bytes)
            return handler_id, self._decode_json, data
        fields = self.read_json(payload, self._max_bytes)
        return fields.get("handler"), self._decode, fields

    def _decode_json(self, data: bytes, handler: BoundHandler) -> Any:
        """Makes the event of bytes of which only the id was read."""
        if handler.decode_json is not None and not self._refuse_extra:
            try:
                return handler.decode_json(data)
            except (ValueError, RecursionError, InvalidEvent):
                pass  # what is wrong with it is said below
        return self._decode(self.read_json(data, self._max_bytes), handler)


def portable(payload: Any) -> Any:
    """Returns a payload as another process can take it: views hold what cannot go."""
    if type(payload) in (dict, bytes, str):
        return payload
    if isinstance(payload, memoryview):
        return bytes(payload)
    return dict(payload) if isinstance(payload, Mapping) else payload


def _decode(fields: Mapping[str, Any], handler: BoundHandler) -> Any:
    return handler.decode(fields)


def _decode_strictly(fields: Mapping[str, Any], handler: BoundHandler) -> Any:
    return decoder(handler.event, form=False, refuse_extra=True)(fields)


def _decode_form(fields: Mapping[str, Any], handler: BoundHandler) -> Any:
    return decoder(handler.event, form=True, refuse_extra=False)(fields)


def _decode_form_strictly(fields: Mapping[str, Any], handler: BoundHandler) -> Any:
    return decoder(handler.event, form=True, refuse_extra=True)(fields)
