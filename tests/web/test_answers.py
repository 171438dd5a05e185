"""Refusals, answers and steps, as docs/reference/wire.md describes them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha384
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from handlerid import errors
from handlerid.errors import (
    ExpiredToken,
    FieldError,
    GoneHandler,
    HandlerIdError,
    InvalidEvent,
    NotAllowed,
    OtherAudience,
    StaleHandler,
    UnknownHandler,
)
from handlerid.web import (
    Answer,
    BodyTooLarge,
    CrossOrigin,
    Endpoint,
    HandlerFailed,
    MethodNotAllowed,
    OtherWire,
    step_bytes,
)
from handlerid.web import errors as web_errors
from tests.web.posting import JSON, MULTIPART, URLENCODED, post

WIRE = (Path(__file__).parents[2] / "docs/reference/wire.md").read_text("utf-8")
SECRET = "app.page.save of row 7351"
CLASSES = sorted(
    {
        one
        for module in (errors, web_errors)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, HandlerIdError)
    },
    key=lambda one: one.__name__,
)
NAMED, UNNAMED = Endpoint(release="r1"), Endpoint()
PAGES = {"none": None, "same": "r1", "other": "r0"}

# One error for each row of the table "When a reload helps".
ROWS: dict[str, HandlerIdError] = {
    "`StaleHandler`, 409": StaleHandler(SECRET, handler_id="h1-7351"),
    "`GoneHandler`, 410": GoneHandler(SECRET),
    "another wire version, 409": OtherWire(SECRET),
    "`ExpiredToken`, 410: too old": ExpiredToken(SECRET, aged=True),
    "`ExpiredToken`, 410: another purpose, other settings, another format, used "
    "before": ExpiredToken(SECRET),
    "`OtherAudience`, 403: the signature holds, and the audience is another": (
        OtherAudience(SECRET)
    ),
    "`UnknownHandler`, 404": UnknownHandler(SECRET),
    "`InvalidEvent`, 422": InvalidEvent(SECRET, fields=[FieldError("age", "a number")]),
}
OTHERS = "every other refusal"
CASES = [*ROWS.items()]
CASES += [
    (OTHERS, one(SECRET)) for one in CLASSES if one not in map(type, ROWS.values())
]


def problem(answer: Answer) -> dict[str, Any]:
    assert dict(answer.headers)["Content-Type"] == "application/problem+json"
    members: dict[str, Any] = json.loads(answer.body)
    return members


def reload_table() -> dict[str, list[bool]]:
    """Return what the page says: releases different, equal, one not known."""
    table = WIRE.partition("### When a reload helps")[2].partition("##")[0]
    lines = [line.strip("|").split("|") for line in table.splitlines() if "|" in line]
    return {name.strip(): [one.strip() == "yes" for one in row] for name, *row in lines}


def test_the_rows_of_the_page_are_those_of_this_test() -> None:
    rows = set(list(reload_table())[2:])
    assert rows == {*ROWS, OTHERS}
    assert len(CLASSES) >= 24
    for name, error in ROWS.items():
        if status := re.search(r", (\d+)", name):
            assert error.status == int(status[1])


@pytest.mark.parametrize(("row", "error"), CASES)
@pytest.mark.parametrize("endpoint", [NAMED, UNNAMED], ids=repr)
@pytest.mark.parametrize("page", PAGES)
def test_a_problem(
    row: str, error: HandlerIdError, endpoint: Endpoint, page: str
) -> None:
    name = type(error).__name__
    different, equal, unknown = reload_table()[row]
    answer = endpoint.refuse(error, post(endpoint, handlerid_release=PAGES[page]))
    members = problem(answer)
    reload = {"same": equal, "other": different, "none": unknown}[page]
    if endpoint is UNNAMED:
        reload = unknown
    assert members["reload"] is reload
    assert members["error"] == name
    words = members["type"].removeprefix("urn:handlerid:error:").split("-")
    assert "".join(word.title() for word in words) == name
    assert answer.status == members["status"] == type(error).status >= 400
    members_of_all = {"type", "title", "status", "error", "reload"}
    more = {"fields"} if isinstance(error, InvalidEvent) else set()
    assert set(members) == members_of_all | more  # no instance: it leads to a log
    assert answer.body.isascii()
    assert not re.search(r"7351|\bapp\b|\w[._]\w|handlerid", members["title"])
    assert members["title"][-1] == "."
    if reload:
        assert "Reload" in members["title"]
    elif error.reload:
        assert f'"{members["title"]}"' in " ".join(WIRE.split())
    else:
        assert members["title"] == error.public
    step = endpoint.refuse_step(error, post(endpoint, handlerid_release=PAGES[page]))
    assert step == b"event: refused\ndata: " + answer.body + b"\n\n"


def test_the_type_is_stable() -> None:
    urns = {
        StaleHandler: "stale-handler",
        CrossOrigin: "cross-origin",
        HandlerFailed: "handler-failed",
        BodyTooLarge: "body-too-large",
        HandlerIdError: "handler-id-error",
    }
    for cls, name in urns.items():
        members = problem(NAMED.refuse(cls(SECRET), post(NAMED)))
        assert members["type"] == f"urn:handlerid:error:{name}"
    assert f"`urn:handlerid:error:{urns[StaleHandler]}`" in WIRE


def test_the_fields_of_an_event_are_named() -> None:
    wrong = [FieldError("age", "a number"), FieldError("files[0].näme", "a string")]
    members = problem(NAMED.refuse(InvalidEvent(SECRET, fields=wrong), post(NAMED)))
    assert members["fields"] == [
        {"path": "age", "expected": "a number"},
        {"path": "files[0].näme", "expected": "a string"},
    ]


def test_an_error_of_the_host_s() -> None:
    class RateLimited(NotAllowed):
        status = 429
        public = "Too fast."
        retry_after: float = 0.0

    answer = NAMED.refuse(RateLimited(SECRET, retry_after=1.5), post(NAMED))
    assert problem(answer) == {
        "type": "urn:handlerid:error:rate-limited",
        "title": "Too fast.",
        "status": 429,
        "error": "RateLimited",
        "reload": False,
        "retry_after": 1.5,
    }
    assert dict(answer.headers)["Retry-After"] == "2"  # whole seconds, as HTTP says


# Headers.


def answers(endpoint: Endpoint) -> list[tuple[Answer, bool]]:
    """Return an answer of each kind, and whether it closes the connection."""
    json_request, form = post(endpoint), post(endpoint, URLENCODED)
    refused = [
        (endpoint.refuse(cls(SECRET), request), cls is BodyTooLarge)
        for cls, request in product(CLASSES, (json_request, form))
    ]
    stream = Answer(200, endpoint.stream_headers(), b"")
    moved = [endpoint.redirect("/", one) for one in (json_request, form)]
    plain = (endpoint.html("<p>"), endpoint.html(), endpoint.json({}), stream)
    return [*((one, False) for one in (*plain, *moved, endpoint.back(form))), *refused]


@pytest.mark.parametrize("endpoint", [NAMED, UNNAMED], ids=repr)
def test_every_answer_names_the_release_and_is_not_stored(endpoint: Endpoint) -> None:
    for answer, closes in answers(endpoint):
        headers = dict(answer.headers)
        assert len(headers) == len(answer.headers)  # each once: a dict may hold them
        assert headers.get("Handlerid-Release") == endpoint.release
        assert headers["Cache-Control"].split(", ")[0] == "no-store"
        assert headers.get("Connection") == ("close" if closes else None)
        for name, value in answer.headers:
            assert re.fullmatch(r"[ -~]+", name + value)


def test_a_method_that_is_not_allowed_names_the_one_that_is() -> None:
    request = post(NAMED, method="GET")
    with pytest.raises(MethodNotAllowed) as caught:
        request.check()
    answer = NAMED.refuse(caught.value, request)
    assert (answer.status, dict(answer.headers)["Allow"]) == (405, "POST")


def test_html_json_and_nothing() -> None:
    kinds = [
        (NAMED.html("<p>é"), 200, "text/html; charset=utf-8", "<p>é".encode()),
        (NAMED.html(), 204, None, b""),
        (NAMED.json({"a": [1, "é"]}), 200, "application/json", b'{"a":[1,"\\u00e9"]}'),
        (NAMED.json(None), 200, "application/json", b"null"),
    ]
    for answer, status, media_type, body in kinds:
        assert (answer.status, answer.body) == (status, body)
        assert dict(answer.headers).get("Content-Type") == media_type
    with pytest.raises(ValueError, match="not JSON compliant"):
        NAMED.json(float("nan"))


# Streams.


def test_the_headers_of_a_stream() -> None:
    assert dict(NAMED.stream_headers()) == {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store, no-transform",
        "X-Accel-Buffering": "no",
        "Handlerid-Release": "r1",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<p>",
        "a\nb",
        "a\r\nb",
        "a\rb",
        "a\n\nb\n",
        " a",
        "data: b",
        "\u2028é\x0b\x85",
    ],
)
def test_a_step_is_read_as_it_was_written(text: str) -> None:
    """Read as the standard of HTML says a browser does."""
    written = step_bytes("html", text)
    assert written.endswith(b"\n\n")
    lines = re.split(r"\r\n|\r|\n", written.decode())
    assert lines[0] == "event: html"
    assert lines[-2:] == ["", ""]  # the event ends once, at its end
    assert all(line.startswith("data: ") for line in lines[1:-2])
    data = "\n".join(line[6:] for line in lines[1:-2])
    assert data == re.sub(r"\r\n?", "\n", text)


def test_the_end_of_a_stream() -> None:
    assert step_bytes("end") == b"event: end\ndata: \n\n"


# Navigations.


class Page(HTMLParser):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


@pytest.mark.parametrize("media_type", [URLENCODED, MULTIPART])
def test_a_navigation_is_answered_with_a_page(media_type: str) -> None:
    headers: dict[str, Any] = {
        "origin": "https://a.test",
        "referer": 'https://a.test/"><script>&amp;',
    }
    request = post(NAMED, media_type, path="r0", **headers)
    answer = NAMED.refuse(StaleHandler(SECRET), request)
    assert (answer.status, answer.headers) == (
        409,
        [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("Handlerid-Release", "r1"),
        ],
    )
    page = Page(answer)
    # The title and the heading.
    assert page.texts.count("This page is out of date. Reload it.") == 2
    assert ("a", {"href": '/"><script>&amp;'}) in page.tags
    assert "script" not in [tag for tag, _ in page.tags]
    assert SECRET not in answer.body.decode()


def test_the_text_of_a_page_is_escaped() -> None:
    class Odd(HandlerIdError):
        public = "<b>1 & 2</b>"

    answer = NAMED.refuse(Odd(), post(NAMED, URLENCODED))
    assert (answer.status, Page(answer).texts.count(Odd.public)) == (500, 2)


def test_a_page_of_another_origin_gets_no_link_into_this_one() -> None:
    headers: dict[str, Any] = {"origin": "https://bad.test", "sec_fetch_site": None}
    request = post(NAMED, URLENCODED, referer="https://bad.test/logout", **headers)
    with pytest.raises(CrossOrigin) as caught:
        request.check()
    answer = NAMED.refuse(caught.value, request)
    assert answer.status == 403
    assert ("a", {"href": "/"}) in Page(answer).tags


@pytest.mark.parametrize("media_type", [JSON, "text/plain"])
def test_what_is_no_navigation_gets_a_problem(media_type: str) -> None:
    assert problem(NAMED.refuse(StaleHandler(), post(NAMED, media_type)))
    own = post(NAMED, URLENCODED, handlerid_wire="1")
    assert problem(NAMED.refuse(StaleHandler(), own))


def test_a_navigation_goes_back_after_success() -> None:
    headers: dict[str, Any] = {"origin": "https://a.test"}
    referer = "https://a.test/cart?item=1"
    request = post(NAMED, URLENCODED, referer=referer, **headers)
    assert NAMED.back(request) == Answer(
        303,
        [
            ("Location", "/cart?item=1"),
            ("Cache-Control", "no-store"),
            ("Handlerid-Release", "r1"),
        ],
        b"",
    )


# Redirects.


@pytest.mark.parametrize("url", ["/cart?item=1", "https://pay.test/a#b", "?page=2"])
def test_a_redirect(url: str) -> None:
    """The client goes there itself; a navigation gets a redirect of HTTP."""
    rest = [("Cache-Control", "no-store"), ("Handlerid-Release", "r1")]
    for request, status, name in (
        (post(NAMED), 204, "Handlerid-Location"),
        (post(NAMED, URLENCODED, handlerid_wire="1"), 204, "Handlerid-Location"),
        (post(NAMED, URLENCODED), 303, "Location"),
    ):
        answer = NAMED.redirect(url, request)
        assert answer == Answer(status, [(name, url), *rest], b"")
    assert "`Handlerid-Location`" in WIRE


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JavaScript:a", "", "/a b", "/é", "/a\r\nX: 1", "\t/"],
)
def test_an_address_that_a_redirect_cannot_have(url: str) -> None:
    """Browsers remove blanks and tabs: such an address may be a script, too."""
    for request in (post(NAMED), post(NAMED, URLENCODED)):
        with pytest.raises(ValueError, match=r"^the address of a redirect must be a "):
            NAMED.redirect(url, request)


# The client.


def test_the_client_is_served_under_its_hash() -> None:
    tag = NAMED.script()
    (name,) = re.findall(r'src="/_handlerid/(client\.[0-9a-f]{16}\.js)"', tag)
    answer = NAMED.client(name)
    assert (answer.status, answer.headers) == (
        200,
        [
            ("Content-Type", "text/javascript; charset=utf-8"),
            ("Cache-Control", "public, max-age=31536000, immutable"),
        ],
    )
    digest = sha384(answer.body).digest()
    assert f'integrity="sha384-{b64encode(digest).decode()}"' in tag
    assert name == f"client.{digest.hex()[:16]}.js"
    source = Path(web_errors.__file__).with_name("client.js").read_bytes()
    assert answer.body == source


@pytest.mark.parametrize(
    "name", ["client.0123456789abcdef.js", "client.js", "../client.js", "", "r1"]
)
def test_another_name_is_not_found(name: str) -> None:
    """A client of another release must not be kept under this one's name."""
    answer = NAMED.client(name)
    assert (answer.status, answer.body) == (404, b"")
    assert dict(answer.headers)["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        (None, 204, b""),
        ("", 204, b""),
        ("<p>", 200, b"<p>"),
        ({"a": 1}, 200, b'{"a":1}'),
        ([], 200, b"[]"),
        (0, 200, b"0"),
    ],
)
def test_what_a_handler_returned(value: object, status: int, body: bytes) -> None:
    answer = NAMED.answer(value)
    assert (answer.status, answer.body) == (status, body)
    assert answer in (NAMED.html(str(value or "")), NAMED.json(value))


def test_what_json_cannot_hold_is_a_mistake_of_the_handler() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        NAMED.answer(object())
