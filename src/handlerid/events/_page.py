"""Events of pages and of what they are divided into: panels, tables, bars."""

from dataclasses import dataclass

from handlerid.events._base import Event, publish

__all__ = [
    "ExpansionPanelToggleEvent",
    "LoadEvent",
    "ProgressBarAnimationEndEvent",
    "ResizeEvent",
    "ScrollEvent",
    "SidenavOpenedChangedEvent",
    "TableClickEvent",
]


@dataclass(kw_only=True, slots=True)
class LoadEvent(Event):
    """A page is shown for the first time.

    Attributes:
        path: the path of its URL, without host and query: ``"/cart"``.
    """

    path: str


@dataclass(kw_only=True, slots=True)
class ScrollEvent(Event):
    """The component was scrolled.

    Lengths are in CSS pixels, as the browser's ``Element`` has them; where scrolling
    ends is at ``scroll_height - client_height``.

    Attributes:
        scroll_left: how much is hidden on the left.
        scroll_top: how much is hidden above.
        scroll_width: how wide it is with all that is hidden.
        scroll_height: how high it is with all that is hidden.
        client_width: how wide the part is that shows.
        client_height: how high the part is that shows.
    """

    scroll_left: float = 0.0
    scroll_top: float = 0.0
    scroll_width: float = 0.0
    scroll_height: float = 0.0
    client_width: float = 0.0
    client_height: float = 0.0


@dataclass(kw_only=True, slots=True)
class ResizeEvent(Event):
    """The component, or the window, has another size.

    Attributes:
        width: in CSS pixels.
        height: in CSS pixels.
    """

    width: float
    height: float


@dataclass(kw_only=True, slots=True)
class SidenavOpenedChangedEvent(Event):
    """The navigation at the side was opened or closed.

    Attributes:
        opened: whether it is open now.
    """

    opened: bool


@dataclass(kw_only=True, slots=True)
class ExpansionPanelToggleEvent(Event):
    """A panel was unfolded or folded up.

    Attributes:
        opened: whether it is unfolded now.
    """

    opened: bool


@dataclass(kw_only=True, slots=True)
class TableClickEvent(Event):
    """A cell of a table was clicked.

    Attributes:
        row_index: the row, from 0, the header not counted.
        col_index: the column, from 0.
    """

    row_index: int
    col_index: int


@dataclass(kw_only=True, slots=True)
class ProgressBarAnimationEndEvent(Event):
    """A progress bar has come to rest.

    Attributes:
        value: where it stands, from 0 to 100.
    """

    value: float


publish(globals(), __all__)
