"""Requests as a server hands them to an endpoint."""

from __future__ import annotations

from handlerid.web import Endpoint, Request

JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def post(
    endpoint: Endpoint,
    media_type: str = JSON,
    *,
    method: str = "POST",
    path: str = "",
    **headers: str | None,
) -> Request:
    """Return a request of a page of the same origin.

    Args:
        endpoint: who gets it.
        media_type: its Content-Type.
        method: its method.
        path: its release in the path.
        headers: more headers, ``origin="null"``; None leaves one out.
    """
    named = {"sec_fetch_site": "same-origin", "content_type": media_type, **headers}
    pairs = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, value in named.items()
        if value is not None
    ]
    return endpoint.request(method, pairs, path)
