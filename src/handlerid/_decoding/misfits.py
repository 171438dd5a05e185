"""Misfits: the fields of a payload that do not fit, without their values."""

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any
from unicodedata import normalize

from handlerid.errors import FieldError, InvalidEvent

Misfits = list[tuple[str, str]]
"""Of each misfit its path, and what was expected."""

MISSING = "a value; it is missing"

MOST = 50  # misfits in items and unknown names: a client may send any number
UNKNOWN = "no field of this name"
_LONGEST_NAME, _LONGEST_READ = 32, 256


def value_for(hint: Any) -> str:
    """Say what fits a type, without its module: the text may get to a browser."""
    return "a value for " + re.sub(r"\w+\.", "", getattr(hint, "__name__", str(hint)))


def note(misfits: Misfits, expected: str, path: str = "") -> None:
    """Record what was expected at this value, or at a path from it."""
    misfits.append((path, expected))


def note_extra(
    misfits: Misfits, names: Iterable[object], known: Container[object]
) -> None:
    """Record unknown names, cut and escaped: they are the client's text."""
    for name in names:
        if name not in known and len(misfits) < MOST:
            text = str(name)[:_LONGEST_NAME]
            if not text.isprintable():  # a line break could forge a line of a log
                text = text.encode("unicode_escape").decode()[:_LONGEST_NAME]
            note(misfits, UNKNOWN, text or '""')


def as_identifiers(payload: Mapping[Any, Any], names: Container[str]) -> Any:
    """Return a payload, itself or with those of the names that Python reads as NFKC."""
    given = payload
    for name in [one for one in payload if one not in names]:
        # The time for combining marks grows with the square of their number.
        if isinstance(name, str) and not name.isascii() and len(name) < _LONGEST_READ:
            one = normalize("NFKC", name)
            if one in names and one not in given:  # else it came twice
                given = {**given}
                given[one] = given.pop(name)
    return given


def put_step(misfits: Misfits, step: str, since: int) -> bool:
    """Put a step before the newest paths; return False if there are too many."""
    for index, (path, expected) in enumerate(misfits[since:], since):
        dot = "." if path and path[0] not in ".[" else ""
        misfits[index] = step + dot + path, expected
    return len(misfits) < MOST


def refusal(misfits: Misfits, event_type: type) -> InvalidEvent:
    """Return the exception that lists all misfits, but one unknown name in its text."""
    name = event_type.__name__
    texts, unknown = [], 0
    for path, expected in misfits:
        unknown += expected is UNKNOWN
        if expected is not UNKNOWN or unknown == 1:
            texts.append(f"{path}: expected {expected}".removeprefix(": "))
    if unknown > 1:
        texts.append(f"{unknown - 1} more that have no field")
    if len(misfits) >= MOST:
        texts.append("there may be more")
    return InvalidEvent(
        f"the payload does not fit {name}: {'; '.join(texts)}",
        event_type=name,
        fields=[FieldError(*one) for one in misfits if one[0]],
    )


def refused_by(cls: type, error: Exception) -> Misfits:
    """Return the misfits when a class refuses values of which each one fits."""
    said = error.fields if isinstance(error, InvalidEvent) else ()
    return [*said] or [("", f"values that {cls.__name__} takes together")]
