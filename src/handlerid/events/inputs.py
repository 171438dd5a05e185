"""Events of input fields and forms; loaded on first access."""

from dataclasses import dataclass, field

from handlerid.events.base import Event


@dataclass(kw_only=True, slots=True)
class ValueEvent(Event):
    """Base class of events with one text, ``value``."""

    value: str


class InputEvent(ValueEvent):
    """The text of a field changed; ``value`` is the whole text as it is now."""

    __slots__ = ()


class InputBlurEvent(ValueEvent):
    """The user left a field; ``value`` is its whole text."""

    __slots__ = ()


class InputEnterEvent(ValueEvent):
    """The user pressed Enter in a field; ``value`` is its whole text."""

    __slots__ = ()


class ChangeEvent(ValueEvent):
    """A field has a new ``value``, as text; the browser's ``change`` event."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class SubmitEvent(Event):
    """A form was submitted; ``fields`` has all values of each input by its name."""

    fields: dict[str, list[str]] = field(
        default_factory=dict[str, list[str]], metadata={"handlerid": "rest"}
    )

    def value(self, name: str, default: str = "") -> str:
        """Return the first value of an input, or ``default`` if it was not sent."""
        values = self.fields.get(name)
        return values[0] if values else default
