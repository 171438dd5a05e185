"""Every error and warning of the library.

What belongs here: exception classes, the data they carry, and the two texts of
each. Nothing here knows how an error comes about.

The rules:

1. One base class, ``HandlerIdError``. A host that catches it has caught everything
   that the library itself can refuse; a handler's own exception is never wrapped.
2. ``str(error)`` is for the developer: what happened, to which handler, what to do.
   ``error.public`` may be sent to a browser: it names no module and no variable.
3. ``error.status`` is a hint for hosts that speak HTTP.
4. No text holds a value from a payload or a captured value. Names and types only.
5. Data are attributes, and survive pickling: an error may cross a process boundary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AsyncHandler",
    "CapturesReplaced",
    "CapturesShared",
    "ExpiredToken",
    "FieldError",
    "HandlerIdError",
    "InvalidEvent",
    "InvalidToken",
    "MalformedPayload",
    "NameTaken",
    "NotAllowed",
    "ScanFailed",
    "SignatureError",
    "StaleHandler",
    "UnknownHandler",
    "UnstableCapture",
    "UnsupportedHandler",
]


class HandlerIdError(Exception):
    """Base class of all errors of the library.

    Attributes:
        status: HTTP status code that fits, a hint for the host.
        public: text that is safe to show to whoever sent the payload.
    """

    status: ClassVar[int] = 500
    public: ClassVar[str] = "This action is not set up correctly on the server."


# Refusing a payload: whoever sent it may be at fault.


class MalformedPayload(HandlerIdError):
    """The payload cannot be read: not JSON, too large, no id, or not an id."""

    status = 400
    public = "The request could not be read."


class UnknownHandler(HandlerIdError):
    """No handler of this server has the location that the id names.

    Attributes:
        handler_id: the id that was looked up; it has the grammar of an id, so it is
            safe to log.
    """

    status = 404
    public = "This action does not exist here."

    def __init__(self, message: str, *, handler_id: str = "") -> None:
        super().__init__(message)
        self.handler_id = handler_id


class StaleHandler(HandlerIdError):
    """The location is known here, but its code is another: the page is older or newer.

    Attributes:
        handler_id: the id that was looked up.
        current: the ids known at this location, the last registered one last.
        location: where the newest of these is defined: ``"app.page.save"``.
    """

    status = 409
    public = "This page is out of date. Reload it."

    def __init__(
        self,
        message: str,
        *,
        handler_id: str = "",
        current: Sequence[str] = (),
        location: str = "",
    ) -> None:
        super().__init__(message)
        self.handler_id = handler_id
        self.current = tuple(current)
        self.location = location


class FieldError(NamedTuple):
    """One field of a payload that does not fit.

    Attributes:
        path: where the field is, as in ``"value"`` or ``"files[0].size"``.
        expected: what would have fitted, in words; never what was there.
    """

    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}"


class InvalidEvent(HandlerIdError):
    """The payload does not fit the event type.

    Attributes:
        event_type: name of the event class.
        fields: every field that does not fit, in the order of the event's fields; of
            what is inside of fields the first fifty.
    """

    status = 422
    public = "The request does not fit this action."

    def __init__(
        self, message: str, *, event_type: str = "", fields: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(message)
        self.event_type = event_type
        self.fields = tuple(fields)


class NotAllowed(HandlerIdError):
    """The host's ``authorize`` said no, or the token was made for someone else."""

    status = 403
    public = "This action is not allowed."


class InvalidToken(HandlerIdError):
    """A token, or a handler by value, whose signature does not hold.

    It was tampered with, or signed with another key. Or the signature holds, and no
    release wrote what the token carries.
    """

    status = 403
    public = "This action is not allowed."


class ExpiredToken(HandlerIdError):
    """A token of a page that is no longer good: a new one has to be rendered.

    It is older than the host permits, or was issued in another version of the format
    or with other settings, or was used already and serves only once.
    """

    status = 410
    public = "This page has expired. Reload it."


# Mistakes of the author, raised when a handler is registered or identified.


class UnsupportedHandler(HandlerIdError):
    """This object cannot have an id; the text says why and what to use instead."""


class UnstableCapture(HandlerIdError):
    """A value that should become part of an id or a token cannot.

    It has no canonical form, or is too large to travel.

    Attributes:
        where: which value, as in ``"args[0]"`` or ``"state.items"``.
        type_name: its type, with the module.
    """

    def __init__(self, message: str, *, where: str = "", type_name: str = "") -> None:
        super().__init__(message)
        self.where = where
        self.type_name = type_name


class NameTaken(HandlerIdError):
    """Two handlers claim one explicit name, or two event types one wire name."""


class SignatureError(HandlerIdError):
    """A handler cannot be called with an event, or not with this one."""


# Mistakes of the host.


class ScanFailed(HandlerIdError):
    """A module of a scanned package cannot be imported, or a handler of it registered.

    Why not is the ``__cause__``.

    Attributes:
        module: the module.
    """

    def __init__(self, message: str, *, module: str = "") -> None:
        super().__init__(message)
        self.module = module


class AsyncHandler(HandlerIdError):
    """A handler, or ``authorize``, needs an event loop where there is none.

    ``Call.run`` and ``Call.stream`` make no loop of their own: they take a runner of
    the host's. ``Call.arun`` and ``Call.astream`` take the loop that the host runs.
    """


class CapturesReplaced(HandlerIdError, UserWarning):
    """A registered function was replaced by one with other captures.

    One of the two can no longer be called: both have the same id, and the last
    registered answers. A registry warns of it, or raises it instead of replacing.

    Attributes:
        handler_id: the id that both functions have.
        names: the captured variables in which they differ.
        filename: the file in which the handler is defined.
        line: its first line there.
    """

    def __init__(
        self,
        message: str,
        *,
        handler_id: str = "",
        names: Sequence[str] = (),
        filename: str = "",
        line: int = 0,
    ) -> None:
        super().__init__(message)
        self.handler_id = handler_id
        self.names = tuple(names)
        self.filename = filename
        self.line = line


class CapturesShared(HandlerIdError, UserWarning):
    """A function with captures was registered where it outlives the request.

    Whoever sends its id from then on runs it, with what it captured for another.

    Attributes:
        handler_id: the id of the function.
        names: the captured variables.
    """

    def __init__(
        self, message: str, *, handler_id: str = "", names: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.handler_id = handler_id
        self.names = tuple(names)
