"""Answers: problems, pages for navigations, and steps of a stream."""

from __future__ import annotations

import json
import re
from html import escape
from math import ceil
from typing import Any, Literal, NamedTuple

from handlerid.errors import (
    ExpiredToken,
    HandlerIdError,
    InvalidEvent,
    OtherAudience,
    UnknownHandler,
)
from handlerid.web.errors import BodyTooLarge, MethodNotAllowed, OtherWire

PAGE = "text/html; charset=utf-8"
PROBLEM = "application/problem+json"
STREAM = "text/event-stream; charset=utf-8"

_NOT_HERE = (
    "This action is not available. Reload the page; if that does not help, it is a "
    "mistake of the application."
)


class Answer(NamedTuple):
    """Status, headers and body; ``body`` may be empty."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def helps(error: HandlerIdError, page: str | None, server: str | None) -> bool:
    """Return whether a reload helps; the table stands in ``docs/reference/wire.md``."""
    if isinstance(error, OtherAudience) or (
        isinstance(error, ExpiredToken) and error.aged
    ):
        return True
    if page is None or server is None:
        return error.reload
    old = error.reload or isinstance(error, (UnknownHandler, InvalidEvent))
    return old and page != server


def problem(
    error: HandlerIdError, page: str | None, server: str | None
) -> dict[str, Any]:
    """Return the members of a problem of RFC 9457."""
    reload = helps(error, page, server)
    title = error.public
    if reload and not error.reload:
        title = OtherWire.public
    elif error.reload and not reload:
        title = _NOT_HERE
    name = type(error).__name__
    urn = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    members: dict[str, Any] = {
        "type": f"urn:handlerid:error:{urn}",
        "title": title,
        "status": error.status,
        "error": name,
        "reload": reload,
    }
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        members["retry_after"] = retry_after
    if isinstance(error, InvalidEvent):
        members["fields"] = [field._asdict() for field in error.fields]
    return members


def problem_headers(
    error: HandlerIdError, members: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return the headers that HTTP asks for besides those of every answer."""
    headers = []
    if "retry_after" in members:  # whole seconds
        headers.append(("Retry-After", str(ceil(members["retry_after"]))))
    if isinstance(error, MethodNotAllowed):
        headers.append(("Allow", "POST"))
    if isinstance(error, BodyTooLarge):  # or the server would read the rest of it
        headers.append(("Connection", "close"))
    return headers


def problem_page(members: dict[str, Any], back: str) -> str:
    """Return the page that a navigation gets for a refusal."""
    title = escape(members["title"])
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<h1>{title}</h1>\n"
        f'<p><a href="{escape(back)}">Back to the page</a></p>\n</html>\n'
    )


def step_bytes(
    event: Literal["html", "json", "refused", "end"], data: str = ""
) -> bytes:
    r"""Return one server-sent event of a stream; the last one is refused or end.

    Example:
        >>> step_bytes("html", "<p>1</p>\n<p>2</p>")
        b'event: html\ndata: <p>1</p>\ndata: <p>2</p>\n\n'
    """
    lines = re.split(r"\r\n|\r|\n", data)
    text = "".join(f"data: {line}\n" for line in lines)
    return f"event: {event}\n{text}\n".encode()


def to_json(value: object) -> bytes:
    """Write JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
