"""Every error and warning of the library.

1. There is one base class, ``HandlerIdError``. The exception of a handler itself is
   never wrapped.
2. ``str(error)`` is for the developer: what happened, to which handler, what to do.
   ``error.public`` may be sent to a browser: it names no module and no variable.
3. No text holds a value from a payload or a captured value, only names and types.
4. Data are attributes and survive pickling. A class declares them with defaults.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple


class HandlerIdError(Exception):
    """Base class of all errors of the library.

    Attributes:
        status: HTTP status code that fits.
        public: text that is safe to send to the client.
        reload: whether the user should reload the page.
        logged: whether a ``LoggingObserver`` logged it.

    Args:
        message: the text for the developer.
        data: attributes that the class declares; a list is kept as a tuple.
    """

    status: ClassVar[int] = 500
    public: ClassVar[str] = "This action is not set up correctly on the server."
    reload: ClassVar[bool] = False
    logged: bool = False

    def __init__(self, message: str = "", **data: Any) -> None:
        super().__init__(message)
        for name, value in data.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")
            setattr(self, name, tuple(value) if type(value) is list else value)


# A payload was refused.


class MalformedPayload(HandlerIdError):
    """The payload cannot be read: not JSON, too large, no id, or not an id."""

    status = 400
    public = "The request could not be read."


class UnknownHandler(HandlerIdError):
    """No handler of this server has the location in ``handler_id``, safe to log."""

    status = 404
    public = "This action does not exist here."
    handler_id: str = ""


class GoneHandler(UnknownHandler):
    """No handler has the location in an id that is known to be of an old page."""

    status = 410
    reload = True
    public = "This page has expired. Reload it."


class StaleHandler(HandlerIdError):
    """The location is known, but its code, bound arguments or captures differ.

    The page is older or newer than this server.

    Attributes:
        handler_id: the id that was looked up.
        current: the ids known at this location, the last registered one last.
        location: module and name of the last registered one: ``"app.page.save"``.
    """

    status = 409
    reload = True
    public = "This page is out of date. Reload it."
    handler_id: str = ""
    current: tuple[str, ...] = ()
    location: str = ""


class FieldError(NamedTuple):
    """A field's path, ``"files[0].size"``, and what fits; never the value that came."""

    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}"


class InvalidEvent(HandlerIdError):
    """The payload does not fit the event class named ``event_type``.

    ``fields`` are all that do not fit, in the order of the class; at most fifty of
    nested and of unknown fields.
    """

    status = 422
    public = "The request does not fit this action."
    event_type: str = ""
    fields: tuple[FieldError, ...] = ()


class NotAllowed(HandlerIdError):
    """``authorize`` did not return True, or see ``OtherAudience``."""

    status = 403
    public = "This action is not allowed."


class NoDecision(NotAllowed, TypeError):
    """``authorize`` returned neither True nor False: the host's mistake, and no yes."""


class OtherAudience(NotAllowed):
    """A token with a right signature that was issued for another audience."""

    reload = True
    public = "This page belongs to another session. Reload it."


class InvalidToken(HandlerIdError):
    """The signature of a token, or of a handler sent by value, is wrong.

    It was tampered with or signed with another key, or its captures are corrupt.
    """

    status = 403
    public = "This action is not allowed."


class ExpiredToken(HandlerIdError):
    """A token, or a handler sent by value, that is too old or was used before.

    Or a token or an id of another format, or a token issued with other settings.
    ``aged``: it is too old by the clock, whatever the server's release is.
    """

    status = 410
    reload = True
    public = "This page has expired. Reload it."
    aged: bool = False


# Mistakes of the author, raised when a handler is registered or its id is computed.


class UnsupportedHandler(HandlerIdError, TypeError):
    """This object cannot have an id. The text says why and what to use instead."""


class UnstableCapture(HandlerIdError):
    """A value has no canonical form, or is too large for a token.

    ``where`` is its path, ``"state.items"``; ``type_name`` module and name of its type.
    """

    where: str = ""
    type_name: str = ""


class NameTaken(HandlerIdError):
    """Two handlers have one explicit name, or two event types one wire name."""


class SignatureError(HandlerIdError, TypeError):
    """A handler cannot be called with an event, or not with this event type."""


# Mistakes of the host.


class ScanFailed(HandlerIdError):
    """A scanned module, named ``module``, cannot be used: see ``__cause__``."""

    module: str = ""


class AsyncHandler(HandlerIdError):
    """A handler, or ``authorize``, is asynchronous, and there is no event loop.

    Use ``Dispatcher.aprepare`` or ``adispatch``, ``Call.arun`` or ``astream``, or pass
    a runner to ``Call.stream``.
    """


class CapturesReplaced(HandlerIdError, UserWarning):
    """A handler was replaced by one with the same id and other captures.

    With ``captures="warn"`` this is a warning, and the last one answers; with
    ``captures="refuse"`` it is raised, and nothing is replaced. ``names`` are the
    captured variables that differ; ``filename`` and ``line`` define the handler.
    """

    handler_id: str = ""
    names: tuple[str, ...] = ()
    filename: str = ""
    line: int = 0
