"""What does not fit in a payload, and where: never what was there.

Readers collect it in a plain list. A path grows from its end, a step a level.
"""

from collections.abc import Container, Iterable

from handlerid.errors import FieldError, InvalidEvent

Misfits = list[FieldError]

MISSING = "a value; it is missing"
TOGETHER = "values that {} takes together"

_MOST = 50  # of what the client counts: items, and names that are no fields
_LONGEST_NAME = 64


def note(misfits: Misfits, expected: str, path: str = "") -> None:
    """Record what was expected here, or at a path from here."""
    misfits.append(FieldError(path, expected))


def note_extra(
    misfits: Misfits, names: Iterable[object], known: Container[object]
) -> None:
    """Record the names that are no fields: the client's text, short and escaped."""
    for name in names:
        if name not in known and len(misfits) < _MOST:
            text = str(name)[:_LONGEST_NAME]
            if not text.isprintable():  # else it could forge lines of a log
                text = text.encode("unicode_escape").decode()
            note(misfits, "nothing of that name", text or '""')


def put_step(misfits: Misfits, step: str, since: int) -> bool:
    """Put a step before the paths of the newest; return False if that is enough."""
    for index in range(since, len(misfits)):
        path, expected = misfits[index]
        dot = "." if path and path[0] not in ".[" else ""
        misfits[index] = FieldError(f"{step}{dot}{path}", expected)
    return len(misfits) < _MOST


def refusal(misfits: Misfits, event_type: type) -> InvalidEvent:
    """Return the exception that lists them all."""
    name = event_type.__name__
    listed = "; ".join(
        [
            f"{path}: expected {what}" if path else f"expected {what}"
            for path, what in misfits
        ]
    )
    more = "; and perhaps more" if len(misfits) >= _MOST else ""
    return InvalidEvent(
        f"the payload does not fit {name}: {listed}{more}",
        event_type=name,
        fields=[one for one in misfits if one.path],
    )
