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
from functools import partial
from typing import TYPE_CHECKING, Any

from handlerid._decoding import decoder
from handlerid._decoding import in_use as structs_in_use
from handlerid._reading import Form, id_reader, json_reader
from handlerid.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._binding import BoundHandler

    Payload = bytes | bytearray | memoryview | str | Mapping[str, object] | Form
    Decode = Callable[[BoundHandler], Any]

__all__ = ["Payloads"]


class Payloads:
    """How a dispatcher takes payloads.

    Args:
        json: who reads JSON.
        max_bytes: the largest payload accepted as JSON text.
        extra: what to do with fields that the event does not have.

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
        self._read = json_reader(json)
        self._read_id = id_reader(json)

    def read(self, payload: Any) -> tuple[str, Decode]:
        """Returns the id in a payload, and what makes the event for its handler.

        Raises:
            MalformedPayload: it cannot be read, or names no handler.
        """
        decode: Decode
        if isinstance(payload, Form):
            handler_id = payload.get("handler")
            decode = partial(self._decode, payload.fields, form=True)
        elif isinstance(payload, Mapping):
            handler_id = payload.get("handler")
            decode = partial(self._decode, payload)
        elif self._read_id is not None and structs_in_use():
            data, handler_id = self._read_id(payload, self._max_bytes)
            decode = partial(self._decode_json, data)
        else:
            fields = self._read(payload, self._max_bytes)
            handler_id = fields.get("handler")
            decode = partial(self._decode, fields)
        if not isinstance(handler_id, str):
            raise MalformedPayload('the payload names no handler: "handler" is the id')
        return handler_id, decode

    def _decode(
        self, fields: Mapping[str, Any], handler: BoundHandler, *, form: bool = False
    ) -> Any:
        if not (form or self._refuse_extra):
            return handler.decode(fields)
        decode = decoder(handler.event, form=form, refuse_extra=self._refuse_extra)
        return decode(fields)

    def _decode_json(self, data: bytes, handler: BoundHandler) -> Any:
        """Makes the event of bytes of which only the id was read."""
        if handler.decode_json is not None and not self._refuse_extra:
            try:
                return handler.decode_json(data)
            except (ValueError, RecursionError):
                pass  # what is wrong with it is said below
        return self._decode(self._read(data, self._max_bytes), handler)
