"""What is wrong with a payload, and where.

What belongs here: collecting what a reader finds, and making the error of it. No value
of a payload comes here.
"""

from __future__ import annotations

from handlerid.errors import FieldError, InvalidEvent

__all__ = ["DEEPEST", "MISSING", "Errors", "Unreadable"]

MISSING = "a value; it is missing"

_MOST = 50
"""Errors to collect: a list of a million bad items must not become a text of them."""

DEEPEST = 32
"""Levels of objects within objects, for types that refer to themselves."""


class Unreadable(Exception):
    """A type that cannot be read from a payload; ``path`` is the field within it."""

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self.path = path


class Errors:
    """Collects errors. A path is written from its end: each level puts its step first.

    Attributes:
        found: path and expectation, a path as in ``"files[0].name"``.
        level: how deep the reader is within objects.
    """

    __slots__ = ("found", "level")

    def __init__(self) -> None:
        self.found: list[FieldError] = []
        self.level = 0

    def add(self, expected: str, path: str = "") -> None:
        """Notes that something else was expected here, or at a path from here."""
        if len(self.found) < _MOST:
            self.found.append(FieldError(path, expected))

    def step(self, step: str, since: int) -> bool:
        """Puts a step before the paths of the errors since; false if that is enough."""
        found = self.found
        for index in range(since, len(found)):
            path, expected = found[index]
            dot = "." if path and path[0] not in ".[" else ""
            found[index] = FieldError(f"{step}{dot}{path}", expected)
        return len(found) < _MOST

    def as_error(self, event_type: type) -> InvalidEvent:
        """Makes the error."""
        listed = "; ".join(
            [
                f"{path}: expected {expected}" if path else f"expected {expected}"
                for path, expected in self.found
            ]
        )
        if len(self.found) == _MOST:
            listed += "; and perhaps more"
        return InvalidEvent(
            f"the payload does not fit {event_type.__name__}: {listed}",
            event_type=event_type.__name__,
            fields=[one for one in self.found if one.path],
        )
