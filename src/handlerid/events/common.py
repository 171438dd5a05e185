"""The events that most pages use; loaded with ``handlerid`` itself."""

from dataclasses import dataclass, field

from handlerid.events.base import Event


@dataclass(kw_only=True, slots=True)
class ClickEvent(Event):
    """A click, a tap, or a key that acts as one, such as Enter on a focused button.

    Coordinates are in CSS pixels, as in the browser's ``MouseEvent``; all are zero
    when the host does not send them.

    Attributes:
        is_target: whether the component itself was clicked, not one inside it.
        client_x: from the left edge of the window.
        client_y: from the top edge of the window.
        page_x: from the left edge of the page, scrolled parts included.
        page_y: from the top edge of the page, scrolled parts included.
        offset_x: from the left edge of the component, inside its border.
        offset_y: from the top edge of the component, inside its border.
    """

    is_target: bool = True
    client_x: float = 0.0
    client_y: float = 0.0
    page_x: float = 0.0
    page_y: float = 0.0
    offset_x: float = 0.0
    offset_y: float = 0.0


@dataclass(kw_only=True, slots=True)
class ValueEvent(Event):
    """An event with a text as its ``value``; the base of those with nothing else."""

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
    """A form was sent.

    Where the form is known, an event type of your own with a field for each of its
    inputs is better: its fields are typed and checked.

    Attributes:
        fields: all values of each input, by name, in the order of the form. From a
            ``Form`` it takes every name that no other field has.
    """

    fields: dict[str, list[str]] = field(
        default_factory=dict, metadata={"handlerid": "rest"}
    )

    def value(self, name: str, default: str = "") -> str:
        """Return the first value of an input, or ``default`` if it was not sent."""
        values = self.fields.get(name)
        return values[0] if values else default
