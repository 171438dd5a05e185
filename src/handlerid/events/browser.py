"""The other events of browsers; loaded when the first of them is asked for."""

from dataclasses import dataclass, field
from typing import Any

from handlerid.events.base import Event, PointerEvent


class RightClickEvent(PointerEvent):
    """A click with the secondary button, or what else opens a context menu."""

    __slots__ = ()


@dataclass(kw_only=True, slots=True)
class UploadedFile:
    """A file that the user chose; its ``contents`` are base64 in JSON.

    Name and type are the browser's word: a name may hold anything, ``../`` too.
    """

    __module__ = "handlerid.events"
    name: str
    mime_type: str = ""
    contents: bytes = b""


@dataclass(kw_only=True, slots=True)
class UploadEvent(Event):
    """The user chose ``files`` to upload, in the order of the browser."""

    files: list[UploadedFile]


@dataclass(kw_only=True, slots=True)
class DropEvent(PointerEvent):
    """Texts by MIME type, files, or another component were dropped onto this one."""

    source_key: str = ""
    data: dict[str, str] = field(default_factory=dict[str, str])
    files: list[UploadedFile] = field(default_factory=list[UploadedFile])


@dataclass(kw_only=True, slots=True)
class FocusEvent(Event):
    """The user entered a field, or another component that can have the focus."""


@dataclass(kw_only=True, slots=True)
class KeyDownEvent(Event):
    """A key of the keyboard was pressed; the component's key is ``key``, as always.

    ``pressed`` and ``code`` are the browser's ``key`` (``"a"``, ``"Enter"``) and
    ``code`` (``"KeyQ"``). ``repeat``: the key is held down.
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
    """The component was scrolled; in CSS pixels, as in the browser's ``Element``."""

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
    """The browser's ``CustomEvent``: its type, and any JSON, unchecked."""

    name: str
    detail: Any = None
