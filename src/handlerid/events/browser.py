"""The other events of browsers; loaded when the first of them is asked for."""

from dataclasses import dataclass, field
from typing import Any

from handlerid.events.base import Event
from handlerid.events.common import ClickEvent


class RightClickEvent(ClickEvent):
    """A click with the secondary button; its fields are those of ``ClickEvent``."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class UploadedFile:
    """A file that the user chose.

    Name and type come from the browser and cannot be trusted: a name may hold
    anything, ``../`` too.

    Attributes:
        name: the file's name on the user's system.
        mime_type: such as ``"image/png"``; ``""`` if the browser does not know it.
        contents: the bytes of the file; base64 in JSON.
    """

    __module__ = "handlerid.events"

    name: str
    mime_type: str = ""
    contents: bytes = b""

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.contents)


@dataclass(kw_only=True, slots=True)
class UploadEvent(Event):
    """The user chose ``files`` to upload, in the order of the browser."""

    files: list[UploadedFile]

    @property
    def file(self) -> UploadedFile | None:
        """The first file; None if there is none."""
        return self.files[0] if self.files else None


@dataclass(kw_only=True, slots=True)
class DropEvent(Event):
    """Something was dragged onto the component and dropped.

    Coordinates are those of ``ClickEvent``.

    Attributes:
        source_key: the key of the dragged component; ``""`` if it came from elsewhere.
        data: the dragged texts by MIME type: ``{"text/plain": "..."}``.
        files: the dragged files.
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


@dataclass(kw_only=True, slots=True)
class FocusEvent(Event):
    """The user entered a field, or another component that can have the focus."""


@dataclass(kw_only=True, slots=True)
class KeyDownEvent(Event):
    """A key of the keyboard was pressed.

    The component's key is ``key``, as in every event; the keyboard's is ``pressed``.

    Attributes:
        pressed: the browser's ``KeyboardEvent.key``: ``"a"``, ``"A"``, ``"Enter"``.
        code: the browser's ``KeyboardEvent.code``, whatever the layout: ``"KeyQ"``;
            ``""`` when the host does not send it.
        shift: whether Shift was held.
        ctrl: whether Control was held.
        alt: whether Alt, or Option, was held.
        meta: whether Meta was held: Command, or the Windows key.
        repeat: whether the key is held down and repeats.
    """

    pressed: str
    code: str = ""
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    meta: bool = False
    repeat: bool = False


@dataclass(kw_only=True, slots=True)
class LoadEvent(Event):
    """A page was loaded; ``path`` is its URL without host and query: ``"/cart"``."""

    path: str


@dataclass(kw_only=True, slots=True)
class ScrollEvent(Event):
    """The component was scrolled.

    Lengths are in CSS pixels, as in the browser's ``Element``.

    Attributes:
        scroll_left: the length hidden on the left.
        scroll_top: the length hidden above.
        scroll_width: the width with all that is hidden.
        scroll_height: the height with all that is hidden.
        client_width: the width of the visible part.
        client_height: the height of the visible part.
    """

    scroll_left: float = 0.0
    scroll_top: float = 0.0
    scroll_width: float = 0.0
    scroll_height: float = 0.0
    client_width: float = 0.0
    client_height: float = 0.0


@dataclass(kw_only=True, slots=True)
class ResizeEvent(Event):
    """The component, or the window, has a new size, in CSS pixels."""

    width: float
    height: float


@dataclass(kw_only=True, slots=True)
class WebEvent(Event):
    """A web component sent ``value``: any JSON, unchecked."""

    value: Any


@dataclass(kw_only=True, slots=True)
class CustomEvent(Event):
    """The browser's ``CustomEvent``.

    Attributes:
        name: its type, by which the page listens for it.
        detail: any JSON, unchecked; None when there is none.
    """

    name: str
    detail: Any = None
