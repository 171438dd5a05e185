"""What came over the wire as a mapping: JSON text, read with every guard, or a form.

What belongs here: what a payload must be to be read at all. Which fields an event needs
is not known here. No error repeats a part of the payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlerid._reading.form import Form
from handlerid._reading.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Form", "id_reader", "json_reader", "read_json"]


def json_reader(who: str) -> Callable[[object, int], dict[str, Any]]:
    """Returns what reads a whole payload: see ``read_json``.

    Raises:
        ImportError: msgspec is to read it, and is not installed.
    """
    if who != "msgspec":
        return read_json
    from handlerid._reading.with_msgspec import (  # noqa: PLC0415 - an extra
        read_json_with_msgspec,
    )

    return read_json_with_msgspec


def id_reader(who: str) -> Callable[[object, int], tuple[bytes, object]] | None:
    """Returns what reads only the id of a payload, if msgspec is to read it."""
    if who != "msgspec":
        return None
    from handlerid._reading.with_msgspec import read_id  # noqa: PLC0415 - an extra

    return read_id
