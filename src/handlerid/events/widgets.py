"""Events of component libraries; loaded on first access."""

import datetime as dt
from dataclasses import dataclass

from handlerid.events.base import Event
from handlerid.events.browser import ValueEvent


class AutocompleteEnterEvent(ValueEvent):
    """The user pressed Enter in a field with suggestions; ``value`` is its text."""

    __slots__ = ()


class AutocompleteSelectionChangeEvent(ValueEvent):
    """The user chose the suggestion ``value``."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class ValuesEvent(Event):
    """Base class of events with a list of texts, ``values``."""

    values: list[str]

    @property
    def value(self) -> str:
        """The first value; ``""`` if there is none."""
        return self.values[0] if self.values else ""


class ButtonToggleChangeEvent(ValuesEvent):
    """A group of toggle buttons changed; ``values`` are the pressed ones."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class CheckboxChangeEvent(Event):
    """A checkbox was ticked or cleared; ``checked`` is its new state."""

    checked: bool


@dataclass(kw_only=True, slots=True)
class CheckboxIndeterminateChangeEvent(Event):
    """A checkbox became indeterminate, or ticked or cleared again."""

    indeterminate: bool


@dataclass(kw_only=True, slots=True)
class DatePickerChangeEvent(Event):
    """A ``date`` was chosen; None if the field was cleared."""

    date: dt.date | None


@dataclass(kw_only=True, slots=True)
class DateRangePickerChangeEvent(Event):
    """A range of dates was chosen, ends included; None for an end not chosen yet."""

    start_date: dt.date | None
    end_date: dt.date | None


@dataclass(kw_only=True, slots=True)
class ExpansionPanelToggleEvent(Event):
    """A panel was opened or closed; ``opened`` is its new state."""

    opened: bool


@dataclass(kw_only=True, slots=True)
class ProgressBarAnimationEndEvent(Event):
    """The animation of a progress bar ended at ``value``, from 0 to 100."""

    value: float


class RadioChangeEvent(ValueEvent):
    """A radio button of a group was chosen; ``value`` is its value."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class SelectOpenedChangeEvent(Event):
    """A select list was opened or closed; ``opened`` is its new state."""

    opened: bool


class SelectSelectionChangeEvent(ValuesEvent):
    """The selection changed; ``values`` are the selected ones, in the list's order."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class SidenavOpenedChangedEvent(Event):
    """The side navigation was opened or closed; ``opened`` is its new state."""

    opened: bool


@dataclass(kw_only=True, slots=True)
class SlideToggleChangeEvent(Event):
    """A slide toggle changed. The new state is not sent."""


@dataclass(kw_only=True, slots=True)
class SliderValueChangeEvent(Event):
    """A slider was moved to ``value``, in its own unit."""

    value: float


@dataclass(kw_only=True, slots=True)
class TableClickEvent(Event):
    """A cell of a table was clicked; indexes count from 0, without the header."""

    row_index: int
    col_index: int


@dataclass(kw_only=True, slots=True)
class Shortcut:
    """A key and the modifiers held with it, named as in ``KeyDownEvent``."""

    __module__ = "handlerid.events"
    key: str
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    meta: bool = False


@dataclass(kw_only=True, slots=True)
class TextareaShortcutEvent(Event):
    """The user pressed ``shortcut`` in a text area; ``value`` is its whole text."""

    value: str
    shortcut: Shortcut
