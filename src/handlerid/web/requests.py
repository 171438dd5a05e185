"""A request whose headers were checked, and its body.

The checks stand in the order of ``docs/reference/wire.md``: method, origin, version of
the wire, media type, length. Nothing of the body is read before they are done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from handlerid import Form, HandlerIdError
from handlerid.errors import MalformedPayload
from handlerid.web.errors import (
    BodyTooLarge,
    CrossOrigin,
    MethodNotAllowed,
    OtherWire,
    UnsupportedBody,
)

WIRE_VERSION = "1"
JSON, URLENCODED, MULTIPART = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
)
_MOST_FIELDS = 1000
is_release: Callable[[str], object] = re.compile(r"[a-z0-9-]{1,32}").fullmatch
_origin = re.compile(
    r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE
).fullmatch
_DEFAULT_PORTS = {"http": "80", "https": "443"}

# Two headers of one name are joined, as HTTP does. So no check sees only one of them.
Headers = Iterable[tuple[bytes, bytes]]
_READ = frozenset(
    (
        *(b"content-encoding", b"content-length", b"content-type", b"cookie"),
        *(b"handlerid-release", b"handlerid-wire", b"origin", b"referer"),
        b"sec-fetch-site",
    )
)


class Limits(NamedTuple):
    """What an endpoint accepts; see ``Endpoint``."""

    own: Collection[str]
    listed: Collection[str]
    allow_no_browser: bool
    max_json: int
    max_form: int


class Request:
    """A request, from its method and headers; made by ``Endpoint.request``.

    Attributes:
        media_type: JSON or one of the two kinds of forms; ``""`` if it is neither.
        max_bytes: how long the body may be.
        release: of the page, as the client says; None if it says none. It decides texts
            and routing, never whether something is allowed.
        navigation: whether the browser sent a form by itself, so that the answer is a
            page.
        back: path and query of the page of this origin that a navigation came from,
            else ``"/"``.
    """

    __module__ = "handlerid.web"
    __slots__ = (
        *("_chunks", "_refusal", "_size", "back", "max_bytes", "media_type"),
        *("navigation", "release"),
    )

    def __init__(
        self, method: str, headers: Headers, path: str, limits: Limits
    ) -> None:
        known = _read(headers)
        kind, _, parameters = known.get(b"content-type", "").partition(";")
        kind = kind.strip().lower()
        self.media_type: str = kind if kind in (JSON, URLENCODED, MULTIPART) else ""
        self.max_bytes: int = limits.max_json if kind == JSON else limits.max_form
        said = known.get(b"handlerid-release", path)
        self.release: str | None = said if is_release(said) else None
        form = self.media_type not in (JSON, "")
        self.navigation: bool = form and b"handlerid-wire" not in known
        self.back: str = "/"
        self._chunks: list[bytes] = []
        self._size = 0
        self._refusal: HandlerIdError | None = None
        try:
            _check(method, known, limits)
            if self.navigation:
                self.back = _page_before(known, limits.own)
            self._check_body(known, parameters.strip().lower())
        except HandlerIdError as error:
            self._refusal = error.with_traceback(None)

    def __repr__(self) -> str:
        return f"<Request of {self.media_type}, release {self.release}>"

    def check(self) -> None:
        """Raise the error of the first check that failed; every other method does, too.

        Raises:
            MethodNotAllowed, CrossOrigin, OtherWire, UnsupportedBody, BodyTooLarge,
            MalformedPayload: pass it to ``Endpoint.refuse``.
        """
        if self._refusal is not None:
            raise self._refusal

    def count(self, data: bytes) -> bytes:
        """Count bytes of the body, for a framework that reads a form by itself.

        Returns:
            The same bytes.

        Raises:
            BodyTooLarge: there are more than ``max_bytes``. Read no further, and close
                the connection.
        """
        self.check()
        self._size += len(data)
        if self._size > self.max_bytes:
            self._refusal = _too_large(self.max_bytes)
        self.check()
        return data

    def feed(self, data: bytes) -> None:
        """Count bytes of the body, and keep them for ``payload``, if it reads them."""
        self.count(data)
        if self.media_type != MULTIPART:
            self._chunks.append(data)

    def payload(self) -> bytes | Form:
        """Return what ``Dispatcher.prepare`` takes, from the bytes that were fed.

        Raises:
            MalformedPayload: the form is not UTF-8, or has over 1,000 fields.
            OtherWire: as of ``form``.
            TypeError: the form is ``multipart/form-data``: parse it with the framework,
                and use ``form``.
        """
        self.check()
        body = b"".join(self._chunks)
        if self.media_type == JSON:
            return body
        if self.media_type == MULTIPART:
            raise TypeError(
                "parse multipart/form-data with the framework: form(parsed)"
            )
        pairs = None
        with suppress(ValueError):  # it holds the body: no error may lead to it
            pairs = parse_qsl(
                body.decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_FIELDS,
            )
        if pairs is None:
            raise MalformedPayload("the form is not UTF-8, or has over 1,000 fields")
        return self.form(pairs)

    def form(self, *parsed: Any) -> Form:
        """Return a form that the framework parsed, without what is the wire's own.

        Args:
            parsed: what ``Form`` takes.

        Raises:
            OtherWire: the form names another version, and no header names this one.
        """
        self.check()
        form = Form(*parsed)
        versions = form.fields.pop("_wire", [WIRE_VERSION])
        if self.navigation and versions != [WIRE_VERSION]:
            raise _other_wire()
        return form

    def _check_body(self, headers: dict[bytes, str], parameters: str) -> None:
        if b"content-encoding" in headers:
            raise UnsupportedBody("the body has a Content-Encoding; send it as it is")
        if not self.media_type:
            raise UnsupportedBody(
                f"the Content-Type has to be {JSON}, {URLENCODED} or {MULTIPART}"
            )
        if self.media_type == JSON and parameters not in ("", "charset=utf-8"):
            raise UnsupportedBody("JSON is sent as application/json, in UTF-8")
        length = headers.get(b"content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            raise MalformedPayload("Content-Length is not a number")
        # Compared by digits first: a number of any length is not converted.
        digits, limit = length.lstrip("0"), self.max_bytes
        if len(digits) > len(str(limit)) or int(digits or "0") > limit:
            raise _too_large(limit)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is longer than {limit} bytes")


def _other_wire() -> OtherWire:
    return OtherWire(f"the version of the wire is not {WIRE_VERSION}")


def _check(method: str, headers: dict[bytes, str], limits: Limits) -> None:
    if method != "POST":
        raise MethodNotAllowed("events are sent by POST alone")
    _check_origin(headers, limits)
    if headers.get(b"handlerid-wire", WIRE_VERSION) != WIRE_VERSION:
        raise _other_wire()


def _read(headers: Headers) -> dict[bytes, str]:
    """Return the headers that the wire reads, by their names in lower case."""
    known: dict[bytes, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _READ:
            text = value.decode("latin-1").strip(" \t")
            known[lower] = f"{known[lower]}, {text}" if lower in known else text
    return known


def as_origins(argument: str, texts: Iterable[str]) -> frozenset[str]:
    """Return the origins that an argument of the host lists."""
    if isinstance(texts, str):
        raise TypeError(f"{argument} must be a list of origins: [{texts!r}]")
    return frozenset(map(_as_origin, texts))


def _as_origin(text: str) -> str:
    """Return ``scheme://host:port`` as browsers write it.

    Raises:
        ValueError: it is not an origin.
    """
    found = _origin(text)
    if found is None:
        raise ValueError(f"not an origin: {text!r}; write it as https://example.org")
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    named = port and port != _DEFAULT_PORTS[scheme]
    return f"{scheme}://{host}:{port}" if named else f"{scheme}://{host}"


def _check_origin(headers: dict[bytes, str], limits: Limits) -> None:
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site in ("same-origin", "none"):
        return
    if site is not None:
        if site in ("same-site", "cross-site") and origin in limits.listed:
            return
        raise CrossOrigin(
            "a page of another origin sent the request; if it may, list its origin in "
            "Endpoint(origins=...)"
        )
    if origin is None:
        if limits.allow_no_browser or b"cookie" not in headers:
            return
        raise CrossOrigin(
            "the request has cookies, but neither Sec-Fetch-Site nor Origin: no "
            "browser sent it; if such clients may, say Endpoint(allow_no_browser=True)"
        )
    if origin in limits.own or origin in limits.listed:
        return
    if origin == "null":
        raise CrossOrigin(
            "the Origin is null: the page has no origin, or a Referrer-Policy of "
            "no-referrer hides it; use strict-origin-when-cross-origin"
        )
    shown = re.sub("[^ -~]", "?", origin)[:100]
    raise CrossOrigin(
        "over plain http a browser does not send Sec-Fetch-Site, and the Origin is "
        "none of Endpoint(hosts=...); if this is the application's own address, say "
        f'Endpoint(hosts=["{shown}"])'
    )


def _page_before(headers: dict[bytes, str], own: Collection[str]) -> str:
    """Return where a navigation came from: a path of this origin."""
    text, origin = headers.get(b"referer", ""), headers.get(b"origin", "")
    if headers.get(b"sec-fetch-site") != "same-origin" and origin not in own:
        return "/"  # of a listed origin: its paths are not those of this one
    rest = text.removeprefix(origin)
    # "//host" and "/\host" are other hosts to a browser.
    if origin and rest != text and re.fullmatch(r"/(?![/\\])[!-~]*", rest):
        return rest
    return "/"
