"""One application's end of the wire."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal

from handlerid import Event, HandlerIdError, Scope
from handlerid.web.answers import (
    PAGE,
    PROBLEM,
    STREAM,
    Answer,
    problem,
    problem_headers,
    problem_page,
    step_bytes,
    to_json,
)
from handlerid.web.markup import (
    HTML,
    Busy,
    attributes,
    check_options,
    client,
    digest_of,
    event_of,
    hidden,
    offer,
)
from handlerid.web.requests import (
    WIRE_VERSION,
    Headers,
    Limits,
    Request,
    as_origins,
    is_release,
)

_FOREVER = "public, max-age=31536000, immutable"


class Endpoint:
    """Check requests, make answers, and write what a page needs to send events.

    It does no I/O and keeps no state, so any thread may use it at any time.

    Args:
        path: where events are posted, and the client is served.
        release: name of the deployed version, at most 32 of ``[a-z0-9-]``, such as a
            short commit; by default that of the environment variable
            ``HANDLERID_RELEASE``, else none. All servers of a release need the same.
        hosts: the origins of this application, ``"http://intranet:8000"``. They are
            needed over plain http, except on localhost. Over https, browsers say
            themselves that a page of the same origin sent a request.
        origins: other origins whose pages may send events. CORS is the host's.
        allow_no_browser: whether clients that are no browsers may send cookies.
        max_json: the longest body of JSON, in bytes.
        max_form: the longest body of a form, in bytes, files included.
        prefix: how the attributes begin, in the page and for the client.

    Attributes:
        url: where this release's events are posted: the ``action`` of a form.
        max_json: as given, also for ``Dispatcher(max_bytes=...)``.

    Raises:
        TypeError: ``hosts`` or ``origins`` is a text instead of a list.
        ValueError: the path, the release or an origin has another form.
    """

    __module__ = "handlerid.web"
    __slots__ = ("_limits", "_release", "max_json", "path", "prefix", "release", "url")

    def __init__(
        self,
        *,
        path: str = "/_handlerid",
        release: str | None = None,
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        allow_no_browser: bool = False,
        max_json: int = 65_536,
        max_form: int = 16_777_216,
        prefix: str = "data-",
    ) -> None:
        if release is None:
            release = os.environ.get("HANDLERID_RELEASE") or None
        if release is not None and not is_release(release):
            raise ValueError(
                f"release must be at most 32 of a-z, 0-9 and -, not {release!r}"
            )
        if not path.startswith("/") or path.endswith("/"):
            raise ValueError(f"path must begin and not end with /, not {path!r}")
        self.path: str = path
        self.max_json: int = max_json
        self.release: str | None = release
        self.url: str = path if release is None else f"{path}/{release}"
        self.prefix: str = prefix
        self._release = [("Handlerid-Release", release)] if release else []
        self._limits = Limits(
            as_origins("hosts", hosts),
            as_origins("origins", origins),
            allow_no_browser,
            max_json,
            max_form,
        )

    def __repr__(self) -> str:
        return f"<Endpoint {self.url}>"

    def request(self, method: str, headers: Headers, path: str = "") -> Request:
        """Check a request; ``Request.check`` and its other methods raise the error.

        Args:
            method: as it came, ``"POST"``.
            headers: pairs of bytes, as ASGI servers and h11 give them.
            path: what follows ``path`` and a slash, that is, the release; or ``""``.
        """
        return Request(method, headers, path, self._limits)

    # Answers.

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that every answer has."""
        return [("Cache-Control", "no-store"), *self._release]

    def stream_headers(self) -> list[tuple[str, str]]:
        """Return the headers of a stream of steps; see ``step_bytes``."""
        return [
            ("Content-Type", STREAM),
            ("Cache-Control", "no-store, no-transform"),
            ("X-Accel-Buffering", "no"),
            *self._release,
        ]

    def html(self, text: str = "") -> Answer:
        """Answer with HTML; with nothing, 204."""
        if not text:
            return Answer(204, self.headers(), b"")
        kind = ("Content-Type", PAGE)
        return Answer(200, [kind, *self.headers()], text.encode())

    def json(self, value: object) -> Answer:
        """Answer with JSON, for a page whose own code shows it.

        Raises:
            TypeError, ValueError: JSON cannot hold the value.
        """
        kind = ("Content-Type", "application/json")
        return Answer(200, [kind, *self.headers()], to_json(value))

    def answer(self, value: object) -> Answer:
        """Answer with what a handler returned: nothing, a text, which is HTML, or JSON.

        Raises:
            TypeError, ValueError: JSON cannot hold the value.
        """
        if value is None or isinstance(value, str):
            return self.html(value or "")
        return self.json(value)

    def back(self, request: Request) -> Answer:
        """Answer a navigation after success: the browser loads its page again."""
        return Answer(303, [("Location", request.back), *self.headers()], b"")

    def redirect(self, url: str, request: Request) -> Answer:
        """Lead the browser to another page, of this site or of another.

        Raises:
            ValueError: ``url`` is not printable ASCII, or would run as JavaScript.
        """
        if not re.fullmatch(r"(?!javascript:)[!-~]+", url, re.IGNORECASE):
            raise ValueError("the address of a redirect must be a URL, percent-encoded")
        status, name = (303, "") if request.navigation else (204, "Handlerid-")
        return Answer(status, [(f"{name}Location", url), *self.headers()], b"")

    def refuse(self, error: HandlerIdError, request: Request) -> Answer:
        """Answer with a refusal: a problem of RFC 9457, or a page for a navigation.

        Args:
            error: what the checks, the dispatcher or ``authorize`` raised;
                ``HandlerFailed()`` for a handler's own exception, which is for the log.
                An error class of the host's may have ``retry_after``, in seconds.
            request: the refused one.
        """
        members = problem(error, request.release, self.release)
        kind, body = PROBLEM, to_json(members)
        if request.navigation:
            kind, body = PAGE, problem_page(members, request.back).encode()
        more = problem_headers(error, members)
        headers = [("Content-Type", kind), *self.headers(), *more]
        return Answer(error.status, headers, body)

    def refuse_step(self, error: HandlerIdError, request: Request) -> bytes:
        """Return the last event of a stream that failed."""
        members = problem(error, request.release, self.release)
        return step_bytes("refused", to_json(members).decode())

    # The page.

    def helpers(self, scope: Scope, *, root: str = "") -> dict[str, Any]:
        """Return what the templates of an application need, by name.

        ``on(fn, ...)`` and ``inputs(fn, ...)`` are ``attributes`` and ``inputs`` of the
        scope, ``script(...)`` is the tag for its audience, and ``action`` is where a
        form without JavaScript is posted. ``root`` is where the application is mounted.
        """
        return {
            "on": partial(self.attributes, scope),
            "inputs": partial(self.inputs, scope),
            "script": partial(self.script, audience=scope.audience, root=root),
            "action": root + self.url,
        }

    def attributes(
        self,
        scope: Scope,
        fn: Callable[..., object],
        event: type[Event] | str | None = None,
        *,
        key: str | int = "",
        busy: Busy | None = None,
        double: Literal["ignore"] | None = None,
        debounce: int | None = None,
        throttle: int | None = None,
        keys: str | None = None,
        bubble: bool = False,
        stale: Literal["resend"] | None = None,
    ) -> HTML:
        """Offer a handler, and return the attributes of an element that calls it.

        Args:
            scope: of this rendering.
            fn: the handler.
            event: the event type, or the wire name of one of the library's, "submit".
                By default, what the annotation says; a click if it says nothing.
            key: the key of the element's events, which get it as text.
            busy: what happens to an event while another one is in flight.
            double: ``"ignore"`` a second click within half a second.
            debounce: milliseconds of quiet before an event is sent.
            throttle: milliseconds in which at most one event is sent.
            keys: names of keys for ``KeyDownEvent``, ``"Enter Escape"``.
            bubble: whether ancestors that have the attribute get the event, too.
            stale: ``"resend"`` a click that a deploy refused, after the reload.

        Raises what ``Scope.offer`` raises, and ValueError for an unknown option.
        """
        check_options(busy=busy, double=double, stale=stale)
        reference = offer(scope, fn, event)
        given = {
            f"h-{event_of(reference)}": reference,
            "key": None if key == "" else key,
            "busy": busy,
            "double": double,
            "debounce": debounce,
            "throttle": throttle,
            "keys": keys,
            "bubble": bubble,
            "stale": stale,
        }
        return attributes(given, self.prefix)

    def inputs(
        self,
        scope: Scope,
        fn: Callable[..., object],
        event: type[Event] | str | None = None,
        *,
        key: str | int = "",
    ) -> HTML:
        """Offer a handler, and return the hidden inputs of a form without JavaScript.

        The form has ``method="post"`` and ``action`` is ``url``.
        """
        fields = {"_handler": offer(scope, fn, event), "_wire": WIRE_VERSION}
        if key != "":
            fields["_key"] = str(key)
        return hidden(fields)

    def script(
        self,
        *,
        audience: str | None = None,
        nonce: str | None = None,
        busy: Literal["queue"] | None = None,
        root: str = "",
    ) -> HTML:
        """Return the script tag of the client; it belongs into the head of the page.

        Args:
            audience: that of the page's scope; what the user typed is kept over a
                reload for the same audience alone. Only a digest of it is written.
            nonce: of the page's Content-Security-Policy.
            busy: ``"queue"`` to send all events of the page one after the other, if
                the state travels in the page.
            root: where the application is mounted, ``"/shop"``.
        """
        if busy not in (None, "queue"):
            raise ValueError(f'busy of the script must be "queue", not {busy!r}')
        _, name, integrity = client()
        given = {
            "src": f"{root}{self.path}/{name}",
            "integrity": integrity,
            "defer": True,
            "nonce": nonce,
            "data-handlerid": root + self.url,
            "data-release": self.release,
            "data-audience": None if audience is None else digest_of(audience),
            "data-prefix": None if self.prefix == "data-" else self.prefix,
            "data-busy": busy,
        }
        return HTML(f"<script {attributes(given)}></script>")

    def client(self, name: str) -> Answer:
        """Answer a GET below ``path``: the client under its name, else 404."""
        source, known, _ = client()
        if name != known:
            return Answer(404, self.headers(), b"")
        kind = ("Content-Type", "text/javascript; charset=utf-8")
        return Answer(200, [kind, ("Cache-Control", _FOREVER)], source)
