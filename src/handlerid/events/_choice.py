"""Events of components with which the user chooses: boxes, lists, sliders, dates."""

import datetime as dt
from dataclasses import dataclass

from handlerid.events._base import Event, publish

__all__ = [
    "ButtonToggleChangeEvent",
    "CheckboxChangeEvent",
    "CheckboxIndeterminateChangeEvent",
    "DatePickerChangeEvent",
    "DateRangePickerChangeEvent",
    "RadioChangeEvent",
    "SelectOpenedChangeEvent",
    "SelectSelectionChangeEvent",
    "SlideToggleChangeEvent",
    "SliderValueChangeEvent",
]


@dataclass(kw_only=True, slots=True)
class CheckboxChangeEvent(Event):
    """A checkbox was ticked or cleared.

    Attributes:
        checked: whether it is ticked now.
    """

    checked: bool


@dataclass(kw_only=True, slots=True)
class CheckboxIndeterminateChangeEvent(Event):
    """A checkbox became neither ticked nor cleared, or one of the two again.

    Attributes:
        indeterminate: whether it is neither now.
    """

    indeterminate: bool


@dataclass(kw_only=True, slots=True)
class RadioChangeEvent(Event):
    """Another one of a group of radio buttons was chosen.

    Attributes:
        value: the value of the chosen one.
    """

    value: str


@dataclass(kw_only=True, slots=True)
class SlideToggleChangeEvent(Event):
    """A switch was thrown; which way is the host's to remember."""


@dataclass(kw_only=True, slots=True)
class SelectOpenedChangeEvent(Event):
    """A list to choose from was opened or closed.

    Attributes:
        opened: whether it is open now.
    """

    opened: bool


@dataclass(kw_only=True, slots=True)
class SelectSelectionChangeEvent(Event):
    """Others of a list were chosen.

    Attributes:
        values: the values of all that are chosen now, in the order of the list.
    """

    values: list[str]

    @property
    def value(self) -> str:
        """The first chosen value; ``""`` if none is chosen."""
        return self.values[0] if self.values else ""


@dataclass(kw_only=True, slots=True)
class ButtonToggleChangeEvent(Event):
    """Others of a group of buttons are held down.

    Attributes:
        values: the values of all that are down now, in the order of the group.
    """

    values: list[str]

    @property
    def value(self) -> str:
        """The value of the first that is down; ``""`` if none is."""
        return self.values[0] if self.values else ""


@dataclass(kw_only=True, slots=True)
class SliderValueChangeEvent(Event):
    """A slider was moved.

    Attributes:
        value: where it stands now, in the slider's own unit.
    """

    value: float


@dataclass(kw_only=True, slots=True)
class DatePickerChangeEvent(Event):
    """Another date was chosen.

    Attributes:
        date: the date, of no time zone; None if the field was emptied. As text it
            is ``YYYY-MM-DD``.
    """

    date: dt.date | None


@dataclass(kw_only=True, slots=True)
class DateRangePickerChangeEvent(Event):
    """Another range of dates was chosen, or one end of it so far.

    Attributes:
        start_date: the first day, of no time zone; None if there is none yet.
        end_date: the last day, which belongs to the range; None if there is none yet.
    """

    start_date: dt.date | None
    end_date: dt.date | None


publish(globals(), __all__)
