"""Errors of the wire: a request is refused before its payload is read."""

from handlerid.errors import HandlerIdError


class MethodNotAllowed(HandlerIdError):
    """The method is not POST."""

    status = 405
    public = "This address takes events of a page only."


class CrossOrigin(HandlerIdError):
    """The request comes from a page of another origin, or does not say from which."""

    status = 403
    public = "This request did not come from a page of this site."


class OtherWire(HandlerIdError):
    """The request speaks another version of the wire."""

    status = 409
    reload = True
    public = "This page is out of date. Reload it."


class UnsupportedBody(HandlerIdError):
    """The body is neither JSON nor a form, or it is compressed."""

    status = 415
    public = "The request could not be read."


class BodyTooLarge(HandlerIdError):
    """The body has more bytes than the limit; the rest of it is not read."""

    status = 413
    public = "This is too large to send."


class HandlerFailed(HandlerIdError):
    """The handler raised; what it raised is for the log alone."""

    public = "This action failed on the server."
