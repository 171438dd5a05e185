"""Events of browsers other than the click; loaded on first access."""

from dataclasses import dataclass, field
from typing import Any

from handlerid.events.base import Event, PointerEvent


class RightClickEvent(PointerEvent):
    """A click with the secondary button, or another way to open a context menu."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class UploadedFile:
    """A file, its ``contents`` base64 in JSON; the browser chose its name and type."""

    __module__ = "handlerid.events"
    name: str
    mime_type: str = ""
    contents: bytes = b""


@dataclass(kw_only=True, slots=True)
class UploadEvent(Event):
    """The user chose ``files`` to upload, in the order of the browser."""

    files: list[UploadedFile]

    @property
    def file(self) -> UploadedFile | None:
        """The first file; None if there is none."""
        return self.files[0] if self.files else None


@dataclass(kw_only=True, slots=True)
class DropEvent(PointerEvent):
    """Text (``data``, by MIME type), files or a component were dropped on this one."""

    source_key: str = ""
    data: dict[str, str] = field(default_factory=dict[str, str])
    files: list[UploadedFile] = field(default_factory=list[UploadedFile])


@dataclass(kw_only=True, slots=True)
class FocusEvent(Event):
    """A field, or another component, got the focus."""


@dataclass(kw_only=True, slots=True)
class BlurEvent(Event):
    """A field, or another component, lost the focus."""


@dataclass(kw_only=True, slots=True)
class KeyDownEvent(Event):
    """A key was pressed; ``pressed`` is the browser's ``key``: ``"a"``, ``"Enter"``."""

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
    """The component was scrolled; sizes in CSS pixels, as in ``Element``."""

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
    """A web component sent ``value``, which may be any JSON."""

    value: Any


@dataclass(kw_only=True, slots=True)
class CustomEvent(Event):
    """The browser's ``CustomEvent``: its type as ``name``, any JSON as ``detail``."""

    name: str
    detail: Any = None


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
