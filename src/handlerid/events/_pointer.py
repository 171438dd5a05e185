"""Events of mouse, finger and pen.

Coordinates are in CSS pixels, as the browser's ``MouseEvent`` has them, x to the
right and y down:

- ``client``: from the upper left corner of the window, what is scrolled away left out;
- ``page``: from the upper left corner of the page, what is scrolled away included;
- ``offset``: from the upper left corner of the component, inside of its border.
"""

from dataclasses import dataclass, field

from handlerid.events._base import Event, publish
from handlerid.events._files import UploadedFile

__all__ = ["ClickEvent", "DropEvent", "RightClickEvent"]


@dataclass(kw_only=True, slots=True)
class ClickEvent(Event):
    """A click or tap, or what stands for one, such as Enter on a focused button.

    Coordinates are in CSS pixels; all are zero when the host does not send them.

    Attributes:
        is_target: whether the component itself was clicked, not one inside it.
        client_x: from the left edge of the window.
        client_y: from the top edge of the window.
        page_x: from the left edge of the page, scrolled parts included.
        page_y: from the top edge of the page, scrolled parts included.
        offset_x: from the left edge of the component.
        offset_y: from the top edge of the component.
    """

    is_target: bool = True
    client_x: float = 0.0
    client_y: float = 0.0
    page_x: float = 0.0
    page_y: float = 0.0
    offset_x: float = 0.0
    offset_y: float = 0.0


@dataclass(kw_only=True, slots=True)
class RightClickEvent(Event):
    """A click with the secondary button, or what opens a context menu otherwise.

    Its attributes are those of ``ClickEvent``, in CSS pixels too.

    Attributes:
        is_target: whether the component itself was clicked, not one inside it.
        client_x: from the left edge of the window.
        client_y: from the top edge of the window.
        page_x: from the left edge of the page, scrolled parts included.
        page_y: from the top edge of the page, scrolled parts included.
        offset_x: from the left edge of the component.
        offset_y: from the top edge of the component.
    """

    is_target: bool = True
    client_x: float = 0.0
    client_y: float = 0.0
    page_x: float = 0.0
    page_y: float = 0.0
    offset_x: float = 0.0
    offset_y: float = 0.0


@dataclass(kw_only=True, slots=True)
class DropEvent(Event):
    """Something was dragged onto the component and let go.

    Coordinates are in CSS pixels; all are zero when the host does not send them.

    Attributes:
        source_key: the key of the component that was dragged, ``""`` if what was
            dragged came from elsewhere.
        data: what was dragged as texts, by MIME type: ``{"text/plain": "..."}``.
        files: the files that were dragged.
        client_x: from the left edge of the window.
        client_y: from the top edge of the window.
        page_x: from the left edge of the page, scrolled parts included.
        page_y: from the top edge of the page, scrolled parts included.
        offset_x: from the left edge of the component.
        offset_y: from the top edge of the component.
    """

    source_key: str = ""
    data: dict[str, str] = field(default_factory=dict)
    files: list[UploadedFile] = field(default_factory=list)
    client_x: float = 0.0
    client_y: float = 0.0
    page_x: float = 0.0
    page_y: float = 0.0
    offset_x: float = 0.0
    offset_y: float = 0.0


publish(globals(), __all__)
