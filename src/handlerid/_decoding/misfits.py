"""What does not fit in a payload, and where: never what was there."""

from collections.abc import Container, Iterable

from handlerid.errors import FieldError, InvalidEvent

MISSING = "a value; it is missing"

_MOST_ERRORS = 50
_LONGEST_NAME = 64


class Errors(list[FieldError]):
    """Collects errors. A path grows from its end: each level puts its step in front.

    Attributes:
        level: how deep the reader is within objects.
    """

    level = 0

    def add(self, expected: str, path: str = "") -> None:
        """Record what was expected here, or at a path from here."""
        if len(self) < _MOST_ERRORS:
            self.append(FieldError(path, expected))

    def step(self, step: str, since: int) -> bool:
        """Put a step before the paths of the newest errors; False if that is enough."""
        for index in range(since, len(self)):
            path, expected = self[index]
            dot = "." if path and path[0] not in ".[" else ""
            self[index] = FieldError(f"{step}{dot}{path}", expected)
        return len(self) < _MOST_ERRORS

    def add_extra(self, names: Iterable[object], known: Container[object]) -> None:
        """Record the names that are no fields: the client's text, short and escaped."""
        for name in names:
            if name not in known:
                text = str(name)[:_LONGEST_NAME]
                if not text.isprintable():  # else it could forge lines of a log
                    text = text.encode("unicode_escape").decode()
                self.add("nothing of that name", text or '""')

    def as_error(self, event_type: type) -> InvalidEvent:
        """Return the exception."""
        name = event_type.__name__
        listed = "; ".join(
            f"{path}: expected {expected}" if path else f"expected {expected}"
            for path, expected in self
        )
        more = "; and perhaps more" if len(self) == _MOST_ERRORS else ""
        return InvalidEvent(
            f"the payload does not fit {name}: {listed}{more}",
            event_type=name,
            fields=[one for one in self if one.path],
        )
