"""Events, answers and refusals of real servers, without a browser."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from handlerid import Dispatcher, HandlerId, Registry, Tokens
from handlerid.errors import OtherAudience
from handlerid.integrations.starlette import Handlers
from tests.integrations.starlette.running import (
    KEY,
    Site,
    Visitor,
    events_in,
    serving,
    until,
)

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log = tmp_path_factory.mktemp("site") / "log"
    with serving("tests.integrations.starlette.site:app", log) as started:
        yield started


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    with Visitor(site.url) as one:
        one.visit()
        yield one


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    return found


# What handlers return, and where they run.


def test_plain_handlers_run_in_threads_of_their_own(visitor: Visitor) -> None:
    assert visitor.fire("where").json()["thread"].startswith("handlerid")
    assert visitor.fire("where_async").json() == {"thread": "MainThread"}


@pytest.mark.parametrize(
    ("name", "status", "kind", "body"),
    [
        ("text", 200, "text/html; charset=utf-8", '<p id="a">é</p>'),
        ("html", 200, "text/html; charset=utf-8", "<b>"),
        ("listed", 200, "application/json", "[1,2]"),
        ("nothing", 204, None, ""),
        ("response", 201, "text/plain; charset=utf-8", "made"),
    ],
)
def test_what_a_handler_returns_decides_the_answer(
    visitor: Visitor, name: str, status: int, kind: str | None, body: str
) -> None:
    answer = visitor.fire(name)
    assert (answer.status_code, answer.text) == (status, body)
    assert answer.headers.get("content-type") == kind
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["handlerid-release"] == "r1"
    assert answer.headers.get("x-own") == ("1" if name == "response" else None)


def test_an_event_has_its_fields(visitor: Visitor) -> None:
    answer = visitor.fire("clicked", key="a", client_x=1)
    assert answer.json() == {"key": "a", "x": 1.0}


def test_a_handler_knows_the_request(visitor: Visitor) -> None:
    found = visitor.fire("asked").json()
    assert found == {
        "path": "/_handlerid/r1",
        "agent": visitor.headers["user-agent"],
    }


# Failures.


@pytest.mark.parametrize("name", ["fail", "fail_async", "unknown_value", "expire"])
def test_a_failure_is_logged_and_says_nothing(
    site: Site, visitor: Visitor, name: str
) -> None:
    before = len(site.log)
    answer = visitor.fire(name)
    assert problem(answer) == {
        "type": "urn:handlerid:error:handler-failed",
        "title": "This action failed on the server.",
        "status": 500,
        "error": "HandlerFailed",
        "reload": False,
    }
    assert answer.headers["handlerid-release"] == "r1"
    said = site.log[before:]
    assert said.count("Traceback") == 1
    reason = {
        "unknown_value": "TypeError: Object of type object is not JSON serializable",
        "expire": "ExpiredToken: of something else",
    }
    assert reason.get(name, "RuntimeError: a secret of the server") in said


def test_a_handler_may_refuse(site: Site, visitor: Visitor) -> None:
    found = problem(visitor.fire("deny"))
    assert (found["error"], found["status"]) == ("NotAllowed", 403)
    assert "NotAllowed: not this row" in site.log


def test_exceptions_that_the_application_answers(visitor: Visitor) -> None:
    answers = [visitor.fire(name) for name in ("of_the_domain", "teapot")]
    assert [(x.status_code, x.text) for x in answers] == [
        (422, "of the domain"),
        (418, "a teapot"),
    ]


# Streams.


@pytest.mark.parametrize(
    ("name", "thread"), [("steps", "handlerid"), ("steps_async", "MainThread")]
)
def test_a_generator_streams_its_steps(
    visitor: Visitor, name: str, thread: str
) -> None:
    answer = visitor.fire(name)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["handlerid-release"] == "r1"
    first, second, *rest = events_in(answer.text)
    assert first == ("html", '<p id="a">1\n2</p>')
    done = json.loads(second[1])
    assert (second[0], done["done"]) == ("json", 1)
    assert done["thread"].startswith(thread)
    assert rest == [
        ("html", "<p>of a response</p>"),
        ("json", '{"of":"a response"}'),
        ("end", ""),
    ]


@pytest.mark.parametrize(
    ("name", "error", "status"),
    [("fail_later", "HandlerFailed", 500), ("deny_later", "NotAllowed", 403)],
)
def test_a_stream_that_fails_says_so(
    visitor: Visitor, name: str, error: str, status: int
) -> None:
    first, (kind, text) = events_in(visitor.fire(name).text)
    assert first == ("html", "<p>")
    found = json.loads(text)
    assert (kind, found["error"], found["status"]) == ("refused", error, status)


@pytest.mark.parametrize("name", ["brew", "brew_async", "flood"])
def test_a_client_that_leaves_closes_the_handler(visitor: Visitor, name: str) -> None:
    """Also if what cleans up awaits, or if the client does not read."""
    body, wire = visitor.payload(name), {"Handlerid-Wire": "1"}
    with visitor.stream("POST", visitor.action, json=body, headers=wire) as answer:
        assert next(answer.iter_lines()) == "event: html"
    until(lambda: name in visitor.fire("endings").json())


# What is rendered after a handler that returned nothing.


@pytest.fixture
def moody(site: Site) -> Iterator[Visitor]:
    with Visitor(site.url) as one:
        one.visit("/sub/")
        yield one


@pytest.mark.parametrize(
    ("name", "mood"), [("set_mood", "happy"), ("set_mood_async", "glad")]
)
def test_the_page_is_rendered_in_the_context_of_the_handler(
    moody: Visitor, name: str, mood: str
) -> None:
    answer = moody.fire(name)
    assert answer.text == f'<p id="mood">{mood} at /sub/_events</p>'
    assert "handlerid-release" not in answer.headers


def test_the_page_is_rendered_after_each_step_and_at_the_end(moody: Visitor) -> None:
    *steps, end = events_in(moody.fire("moods").text)
    moods = [re.findall(r">(\w+) at", text)[0] for _, text in steps]
    assert (moods, end) == (["tired", "awake", "happy"], ("end", ""))


def test_the_page_is_not_rendered_after_steps_of_the_handler_s_own(
    moody: Visitor,
) -> None:
    assert events_in(moody.fire("told").text) == [("html", "<p>"), ("end", "")]
    (_, page), end = events_in(moody.fire("silent").text)
    assert (">silent at" in page, end) == (True, ("end", ""))


def test_authorize_is_asked(moody: Visitor) -> None:
    assert problem(moody.fire("forbidden"))["error"] == "NotAllowed"
    answer = moody.fire("broken")  # its HTTPException is the application's to answer
    assert (answer.status_code, answer.text) == (401, "log in")


# Audiences.


def test_a_page_is_of_one_session(site: Site, visitor: Visitor) -> None:
    answer = visitor.get("/")
    assert answer.headers["cache-control"] == "private, no-store"
    with Visitor(site.url) as other:
        other.visit()
        other.references = visitor.references
        answer = other.fire("clicked")
        assert answer.headers["handlerid-release"] == "r1"
        found = problem(answer)
        assert (found["error"], found["status"]) == ("OtherAudience", 403)
        assert found["reload"] is True
        other.cookies.clear()
        assert problem(other.fire("clicked"))["error"] == "OtherAudience"


def test_a_tab_from_before_login_never_runs_for_the_user(site: Site) -> None:
    with Visitor(site.url) as one:
        one.visit()
        before = one.references
        assert one.fire_form("log_in", user="ann").status_code == 204
        assert problem(one.fire("whoami"))["reload"] is True
        one.visit()
        assert one.fire("whoami").json() == {"user": "ann"}
        during = one.references
        one.get("/logout")
        one.references = during  # Back
        assert problem(one.fire("whoami"))["error"] == "OtherAudience"
        one.references = before
        assert problem(one.fire("whoami"))["error"] == "OtherAudience"
        one.visit()
        assert one.fire("whoami").json() == {"user": None}


def test_a_key_can_be_rotated(site: Site, visitor: Visitor) -> None:
    """The first key signs, and all verify."""
    token = visitor.references["clicked"]
    with pytest.raises(OtherAudience):
        Tokens(KEY.encode()).verify(token, audience="another")
    old = Tokens(b"the key before the last rotation", max_age=60)
    handler_id = HandlerId.parse(token.split(".", 1)[1].rsplit(".", 2)[0])
    visitor.references["clicked"] = old.issue(handler_id, audience="another")
    assert problem(visitor.fire("clicked"))["error"] == "OtherAudience"
    unknown = Tokens(b"a key that nobody has", max_age=60)
    visitor.references["clicked"] = unknown.issue(handler_id, audience="another")
    found = problem(visitor.fire("clicked"))
    assert (found["error"], found["reload"]) == ("InvalidToken", False)


# Forms and files.


def test_forms_of_both_kinds(visitor: Visitor) -> None:
    answer = visitor.fire_form("submitted", _key="k", a=["1", "2"])
    assert answer.json() == {"fields": {"a": ["1", "2"]}, "key": "k"}
    file = {"files": ("ä.txt", b"hello", "text/plain")}
    answer = visitor.fire_form("uploaded", files=file)
    assert answer.json() == [["ä.txt", "text/plain", 5]]


def test_a_form_whose_file_was_not_chosen(visitor: Visitor) -> None:
    reference = visitor.references["uploaded"]
    parts = (f'name="_handler"\r\n\r\n{reference}', 'name="files"; filename=""\r\n\r\n')
    lines = [f"--b\r\nContent-Disposition: form-data; {one}\r\n" for one in parts]
    body = "".join([*lines, "--b--\r\n"]).encode()
    answer = visitor.post_as_client(body, "multipart/form-data; boundary=b")
    assert answer.json() == []


def test_files_are_starlette_s_in_an_event_of_the_application(
    visitor: Visitor,
) -> None:
    file = {"picture": ("a.png", b"PNG" + b"x" * 3000)}
    answer = visitor.fire_form("pictured", files=file, title="A")
    expected = {"title": "A", "name": "a.png", "start": "PNG", "size": 3003}
    assert answer.json() == expected


def test_a_form_that_cannot_be_read(visitor: Visitor) -> None:
    answer = visitor.post_as_client(b"--b\r\nnot", "multipart/form-data; boundary=a")
    assert problem(answer)["error"] == "MalformedPayload"


# Redirects.


@pytest.mark.parametrize("name", ["moved", "moved_away", "moved_by_hand"])
def test_the_client_is_led_elsewhere(visitor: Visitor, name: str) -> None:
    """Not by a redirect, which ``fetch`` would follow: see docs/reference/wire.md."""
    answer = visitor.fire(name)
    assert (answer.status_code, answer.content) == (204, b"")
    expected = {"moved_away": "https://pay.test/?item=t%C3%A9"}.get(name, "/elsewhere")
    assert answer.headers["handlerid-location"] == expected
    assert answer.headers["handlerid-release"] == "r1"
    assert not {"location", "content-length"} & set(answer.headers)
    # Its cookies are set, and its task runs.
    assert answer.cookies.get("flash") == ("hello" if name == "moved_away" else None)
    if name == "moved_away":
        until(lambda: "told elsewhere" in visitor.fire("endings").json())


def test_a_redirect_that_would_run_as_javascript(visitor: Visitor, site: Site) -> None:
    assert problem(visitor.fire("moved_to_a_script"))["error"] == "HandlerFailed"
    assert "the address of a redirect" in site.log


def test_what_renders_the_page_may_lead_elsewhere(moody: Visitor) -> None:
    """As one does that needs a login."""
    answer = moody.fire("set_mood_away")
    assert (answer.status_code, answer.headers["handlerid-location"]) == (204, "/login")


# Without JavaScript.


def test_a_navigation_leads_back(visitor: Visitor) -> None:
    for name in ("submitted", "nothing", "response", "steps"):
        answer = visitor.navigate(name, back="/?a=1", a="1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?a=1")
        assert answer.headers["handlerid-release"] == "r1"


def test_a_navigation_goes_where_the_handler_says(visitor: Visitor) -> None:
    """By 303, also for a redirect of 307, which is Starlette's default."""
    answer = visitor.navigate("moved")
    assert (answer.status_code, answer.headers["location"]) == (303, "/elsewhere")
    assert "handlerid-location" not in answer.headers
    answer = visitor.navigate("moved_away")
    expected = "https://pay.test/?item=t%C3%A9"
    assert (answer.status_code, answer.headers["location"]) == (303, expected)
    assert answer.cookies["flash"] == "hello"


def test_a_navigation_that_is_refused_shows_a_page(visitor: Visitor) -> None:
    for name, status in (("deny", 403), ("fail", 500), ("deny_later", 403)):
        answer = visitor.navigate(name, back="/?a=1")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert '<a href="/?a=1">' in answer.text


# Limits and what is refused before.


def test_a_body_that_is_too_long_is_not_read(site: Site, visitor: Visitor) -> None:
    """Neither if its length is said, nor if the bytes are counted."""
    host = httpx.URL(site.url)
    head = (
        f"POST {visitor.action} HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\n"
        "Handlerid-Wire: 1\r\nContent-Type: {}\r\n{}\r\n\r\n"
    )
    said = head.format("application/json", "Content-Length: 1001")
    counted = head.format("application/json", "Transfer-Encoding: chunked")
    form = head.format("multipart/form-data; boundary=b", "Transfer-Encoding: chunked")
    part = '--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
    for request, body in (
        (said, ""),
        (counted, f"3e9\r\n{'x' * 1001}\r\n"),
        (form, f"{len(part) + 5000:x}\r\n{part}{'x' * 5000}\r\n"),
    ):
        with socket.create_connection((host.host, host.port or 80)) as connection:
            connection.settimeout(60)
            connection.sendall((request + body).encode())
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        head_of, _, problem_of = answer.partition(b"\r\n\r\n")
        assert head_of.startswith(b"HTTP/1.1 413 "), request
        assert b"connection: close" in head_of.lower()
        assert json.loads(problem_of)["error"] == "BodyTooLarge"


def test_the_dispatcher_reads_as_much_as_the_endpoint(visitor: Visitor) -> None:
    for longest, status in ((1000, 200), (1001, 413)):
        payload = visitor.payload("clicked", key="")
        payload["key"] = "k" * (longest - len(json.dumps(payload)))
        answer = visitor.post_as_client(json.dumps(payload).encode())
        assert answer.status_code == status


def test_what_is_checked_before_the_body(visitor: Visitor) -> None:
    body = json.dumps(visitor.payload("text")).encode()
    for answer, error, status in (
        (visitor.get(visitor.action.rpartition("/")[0]), "MethodNotAllowed", 405),
        (visitor.put(visitor.action), "MethodNotAllowed", 405),
        (
            visitor.post_as_client(body, **{"Sec-Fetch-Site": "cross-site"}),
            *("CrossOrigin", 403),
        ),
        (visitor.post_as_client(body, "text/plain"), "UnsupportedBody", 415),
        (visitor.post_as_client(body, **{"Handlerid-Wire": "2"}), "OtherWire", 409),
        (visitor.post_as_client(b"{"), "MalformedPayload", 400),
    ):
        found = problem(answer)
        assert (found["error"], found["status"]) == (error, status)
        assert answer.headers["handlerid-release"] == "r1"


def test_the_release_of_the_page_decides_whether_a_reload_helps(
    visitor: Visitor,
) -> None:
    body = json.dumps({**visitor.payload("clicked"), "client_x": "far"}).encode()
    for release, reload in (("r1", False), ("r0", True)):
        answer = visitor.post_as_client(body, **{"Handlerid-Release": release})
        found = problem(answer)
        assert (found["error"], found["reload"]) == ("InvalidEvent", reload)
        assert found["fields"] == [{"path": "client_x", "expected": "a finite number"}]


def test_the_client_is_served_under_its_hash(visitor: Visitor) -> None:
    (address,) = re.findall(r'src="([^"]+)"', visitor.visit())
    answer = visitor.get(address)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    head = visitor.head(address)
    assert (head.status_code, head.text) == (200, "")
    assert head.headers["content-length"] == answer.headers["content-length"]
    assert visitor.get("/_handlerid/client.0.js").status_code == 404


# Where it is mounted.


@pytest.mark.parametrize(
    ("page", "action", "name"),
    [
        ("/", "/_handlerid/r1", "nothing"),
        ("/grouped/", "/_handlerid/r1", "nothing"),
        ("/sub/", "/sub/_events", "set_mood"),
        ("/fast/", "/fast/_handlerid", "nothing"),
    ],
)
def test_a_page_finds_the_routes(site: Site, page: str, action: str, name: str) -> None:
    with Visitor(site.url) as visitor:
        text = visitor.visit(page)
        assert visitor.action == action
        assert f'<form method="post" action="{action}">' in text
        (client,) = re.findall(r'src="([^"]+)"', text)
        assert visitor.get(client).status_code == 200
        assert visitor.fire(name).status_code in (200, 204)


def test_fastapi_renders_the_page_anew(site: Site) -> None:
    with Visitor(site.url) as visitor:
        visitor.visit("/fast/")
        assert visitor.fire("nothing").text == "<p>fast</p>"
        assert visitor.fire("whoami").json() == {"user": None}


def test_below_a_root_path(tmp_path: Path) -> None:
    """A front removes ``/shop`` before the server sees it."""
    name, log = "tests.integrations.starlette.site:app", tmp_path / "log"
    with (
        serving(name, log, "--root-path", "/shop") as site,
        Visitor(site.url) as visitor,
    ):
        visitor.visit()
        assert visitor.action == "/shop/_handlerid/r1"
        visitor.action = visitor.action.removeprefix("/shop")
        assert visitor.fire("asked").json()["path"] == "/shop/_handlerid/r1"


# Mistakes of the application.


def test_the_routes_are_needed(tmp_path: Path) -> None:
    name = "tests.integrations.starlette.site:without_routes"
    with serving(name, tmp_path / "log") as site, Visitor(site.url) as visitor:
        assert visitor.get("/").status_code == 500
        until(lambda: "NoMatchFound: No route exists for name" in site.log)


def test_sessions_are_needed(tmp_path: Path) -> None:
    name = "tests.integrations.starlette.site:without_sessions"
    with serving(name, tmp_path / "log") as site, Visitor(site.url) as visitor:
        assert visitor.get("/").status_code == 500
        said = "SessionMiddleware must be installed to access request"
        until(lambda: said in site.log)


def test_a_key_is_needed() -> None:
    Handlers(__name__, key=b"a key of bytes, long enough")
    for key in (None, "", b"", [], ["a long enough key", ""], "short"):
        with pytest.raises(ValueError, match=r"^a key must have at least 16 random"):
            Handlers(__name__, key=key)
    with pytest.raises(ValueError, match="an audience needs a token"):
        Handlers(__name__, dispatcher=Dispatcher(Registry()))
