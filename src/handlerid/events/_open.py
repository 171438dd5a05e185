"""Events whose fields the host decides: forms, and what its own components send."""

from dataclasses import dataclass, field
from typing import Any

from handlerid.events._base import Event, publish

__all__ = ["CustomEvent", "SubmitEvent", "WebEvent"]


@dataclass(kw_only=True, slots=True)
class SubmitEvent(Event):
    """A form was sent.

    An event type of your own, with a field for each of the form's, is better where
    the form is known: its fields are typed and checked.

    Attributes:
        fields: the form's fields by name, in their order; each with all its values,
            because a name may come several times.
    """

    # From a form it takes every name that no other field has.
    fields: dict[str, list[str]] = field(
        default_factory=dict, metadata={"handlerid": "rest"}
    )

    def value(self, name: str, default: str = "") -> str:
        """The first value of a field, or ``default`` if the form has not sent it."""
        values = self.fields.get(name)
        return values[0] if values else default


@dataclass(kw_only=True, slots=True)
class WebEvent(Event):
    """What a web component of the host's sends.

    Attributes:
        value: any JSON, unchecked.
    """

    value: Any


@dataclass(kw_only=True, slots=True)
class CustomEvent(Event):
    """A ``CustomEvent`` of the browser.

    Attributes:
        name: its type: the name by which the page listens for it.
        detail: any JSON, unchecked; None when there is none.
    """

    name: str
    detail: Any = None


publish(globals(), __all__)
