"""What came over the wire as a mapping: JSON text, read with every guard, or a form.

What belongs here: what a payload must be to be read at all. Which fields an event needs
is not known here. No error repeats a part of the payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlerid._reading.form import Form

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Form", "id_reader", "json_reader"]


def json_reader(who: str) -> Callable[[Any, int], dict[str, Any]]:
    """Returns what reads a whole payload: see ``read_json`` in ``json_text``.

    Imported when it is asked for: ``json`` takes its time, and msgspec is an extra.

    Raises:
        ImportError: msgspec is to read it, and is not installed.
    """
    if who == "msgspec":
        try:
            from handlerid._reading import with_msgspec  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                'json="msgspec" needs msgspec, the extra handlerid[msgspec]'
            ) from error
        return with_msgspec.read_json_with_msgspec
    from handlerid._reading import json_text  # noqa: PLC0415

    return json_text.read_json


def id_reader(
    who: str,
) -> tuple[Callable[[Any, int], tuple[bytes, object]], Callable[[bytes], Any]] | None:
    """Returns what reads only the id of a payload, if msgspec is to read it.

    There are two: the first has every guard; the second takes bytes of a size that is
    allowed, returns an object with the id as ``handler``, and raises what msgspec does.
    """
    if who != "msgspec":
        return None
    from handlerid._reading import with_msgspec  # noqa: PLC0415

    return with_msgspec.read_id, with_msgspec.decode_id
