"""Misfits: the fields of a payload that do not fit, without their values."""

from collections.abc import Container, Iterable

from handlerid.errors import FieldError, InvalidEvent

Misfits = list[FieldError]

MISSING = "a value; it is missing"
TOGETHER = "values that {} takes together"

_MOST = 50  # misfits in items and unknown names: a client may send any number
_LONGEST_NAME = 64


def note(misfits: Misfits, expected: str, path: str = "") -> None:
    """Record what was expected at this value, or at a path from it."""
    misfits.append(FieldError(path, expected))


def note_extra(
    misfits: Misfits, names: Iterable[object], known: Container[object]
) -> None:
    """Record unknown names, cut and escaped: they are the client's text."""
    for name in names:
        if name not in known and len(misfits) < _MOST:
            text = str(name)[:_LONGEST_NAME]
            if not text.isprintable():  # a line break could forge a line of a log
                text = text.encode("unicode_escape").decode()
            note(misfits, "no field of this name", text or '""')


def put_step(misfits: Misfits, step: str, since: int) -> bool:
    """Put a step before the newest paths; return False if there are too many."""
    for index in range(since, len(misfits)):
        path, expected = misfits[index]
        dot = "." if path and path[0] not in ".[" else ""
        misfits[index] = FieldError(f"{step}{dot}{path}", expected)
    return len(misfits) < _MOST


def refusal(misfits: Misfits, event_type: type) -> InvalidEvent:
    """Return the exception that lists all misfits."""
    name = event_type.__name__
    texts, fields = [], []
    for one in misfits:
        path, expected = one
        if path:
            fields.append(one)
            texts.append(f"{path}: expected {expected}")
        else:
            texts.append(f"expected {expected}")
    if len(misfits) >= _MOST:
        texts.append("there may be more")
    return InvalidEvent(
        f"the payload does not fit {name}: {'; '.join(texts)}",
        event_type=name,
        fields=fields,
    )
