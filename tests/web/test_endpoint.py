"""An endpoint with a dispatcher and no framework: a page, its requests, the answers."""

from __future__ import annotations

import json
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from handlerid import ClickEvent, Dispatcher, Registry, Scope, SubmitEvent, Tokens
from handlerid.errors import HandlerIdError
from handlerid.web import Answer, Endpoint, HandlerFailed, Request
from tests.web.posting import JSON, MULTIPART, URLENCODED, post

OWN = "http://shop.test:8000"
TOKENS = Tokens(b"a key of 16 bytes or more", max_age=60)


class Inputs(HTMLParser):
    """The fields that a browser sends of a page with one form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "input":
            self.fields.append((named["name"] or "", named["value"] or ""))
        elif named.get("data-h-click"):
            self.fields.append(("handler", named["data-h-click"] or ""))


class Shop:
    """A host in a few lines: one server of one release."""

    def __init__(self, release: str | None = "r1", tokens: Tokens | None = TOKENS):
        self.items = ["tea"]
        self.endpoint = Endpoint(hosts=[OWN], release=release, max_json=1000)
        self.app = Dispatcher(Registry(), tokens=tokens)

    def render(self, scope: Scope) -> str:
        def add(event: ClickEvent) -> None:
            self.items.append(event.key)

        def submit(event: SubmitEvent) -> None:
            self.items.append(event.fields["handler"][0])
            if event.key == "fail":
                raise OSError("a disk of this server is full")

        return (
            f"<p {self.endpoint.attributes(scope, add, key='milk')}>"
            f"<form>{self.endpoint.inputs(scope, submit, key=self.items[0])}"
            '<input name="handler" value="bread"></form>'
        )

    def page(self, audience: str) -> str:
        with self.app.scope(audience=audience) as scope:
            return self.render(scope)

    def answer(self, request: Request, body: bytes, audience: str = "anna") -> Answer:
        try:
            request.feed(body)
            call = self.app.prepare(
                request.payload(), audience=audience, rerender=self.render
            )
        except HandlerIdError as error:
            return self.endpoint.refuse(error, request)
        try:
            call.run()
        except OSError:
            return self.endpoint.refuse(HandlerFailed(), request)
        if request.navigation:
            return self.endpoint.back(request)
        return self.endpoint.html(" ".join(self.items))


def click(page: str, **fields: object) -> bytes:
    handler = dict(Inputs(page).fields[:1])["handler"]
    return json.dumps({"handler": handler, "key": "milk", **fields}).encode()


def form(page: str) -> bytes:
    return urlencode(Inputs(page).fields[1:]).encode()


def test_a_click_as_json() -> None:
    rendered, answering = Shop(), Shop()
    request = post(answering.endpoint, handlerid_wire="1", handlerid_release="r1")
    answer = answering.answer(request, click(rendered.page("anna")))
    assert (answer.status, answer.body) == (200, b"tea milk")
    assert (rendered.items, answering.items) == (["tea"], ["tea", "milk"])


def test_a_form_that_the_browser_sent_by_itself() -> None:
    shop = Shop()
    request = post(
        shop.endpoint,
        URLENCODED,
        path="r1",
        sec_fetch_site=None,
        origin=OWN,
        referer=f"{OWN}/cart?page=2",
    )
    body = form(shop.page("anna"))
    assert b"_wire=1" in body
    answer = shop.answer(request, body)
    assert (answer.status, answer.headers[0]) == (303, ("Location", "/cart?page=2"))
    assert shop.items == ["tea", "bread"]  # the input named handler is a field


def test_a_form_that_the_client_sent() -> None:
    shop = Shop()
    request = post(shop.endpoint, URLENCODED, handlerid_wire="1")
    answer = shop.answer(request, form(shop.page("anna")))
    assert (answer.status, answer.body) == (200, b"tea bread")


def test_a_multipart_form_that_a_framework_parsed() -> None:
    shop = Shop()
    request = post(shop.endpoint, MULTIPART)
    pairs = Inputs(shop.page("anna")).fields[1:]
    assert request.count(b"as it came")
    shop.app.dispatch(request.form(pairs), audience="anna", rerender=shop.render)
    assert shop.items == ["tea", "bread"]


def refused(answer: Answer) -> tuple[int, str, bool]:
    members: dict[str, Any] = json.loads(answer.body)
    assert members["status"] == answer.status
    return answer.status, members["error"], members["reload"]


def test_refusals_of_the_dispatcher() -> None:
    shop = Shop()
    page = shop.page("anna")
    ask = partial(post, shop.endpoint, handlerid_release="r1")
    answer = shop.answer(ask(), click(page), "ben")
    assert refused(answer) == (403, "OtherAudience", True)
    assert refused(shop.answer(ask(), b"")) == (400, "MalformedPayload", False)
    navigation = shop.answer(ask(URLENCODED), form(page) + b"&_handler=h1")
    assert (navigation.status, navigation.body[:9]) == (400, b"<!doctype")
    for release, reload in (("r0", True), ("r1", False), (None, False)):
        request = post(shop.endpoint, handlerid_release=release)
        wrong = click(page, client_x="left")
        assert refused(shop.answer(request, wrong)) == (422, "InvalidEvent", reload)
    assert shop.items == ["tea"]


def test_a_page_of_another_server_s_settings() -> None:
    """A token of before the keys: old, and the release decides."""
    shop, before = Shop(), Shop(tokens=Tokens(b"a key of 16 bytes or more"))
    for release, reload in (("r0", True), ("r1", False), (None, True)):
        request = post(shop.endpoint, handlerid_release=release)
        answer = shop.answer(request, click(before.page("anna")))
        assert refused(answer) == (410, "ExpiredToken", reload)


def test_what_a_handler_raises_is_not_told() -> None:
    shop = Shop()
    shop.items[0] = "fail"
    request = post(shop.endpoint, URLENCODED, handlerid_wire="1")
    answer = shop.answer(request, form(shop.page("anna")))
    assert refused(answer) == (500, "HandlerFailed", False)
    assert b"disk" not in answer.body


def test_a_refused_request_runs_nothing() -> None:
    shop = Shop()
    request = post(shop.endpoint, sec_fetch_site="cross-site")
    answer = shop.answer(request, click(shop.page("anna")))
    assert refused(answer) == (403, "CrossOrigin", False)
    assert shop.items == ["tea"]


# Settings.


def test_the_release_names_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDLERID_RELEASE", raising=False)
    assert (Endpoint().release, Endpoint().url) == (None, "/_handlerid")
    for empty in ("", "r-9"):
        monkeypatch.setenv("HANDLERID_RELEASE", empty)
        assert Endpoint().release == (empty or None)
    assert Endpoint().url == "/_handlerid/r-9"
    named = Endpoint(path="/events", release="r-1")
    assert (named.release, named.path, named.url) == ("r-1", "/events", "/events/r-1")
    assert repr(named) == "<Endpoint /events/r-1>"
    monkeypatch.setenv("HANDLERID_RELEASE", "Build 9")
    with pytest.raises(ValueError, match=r"^release must be .* not 'Build 9'$"):
        Endpoint()


@pytest.mark.parametrize("release", ["", "R1", "r_1", "a" * 33, "r1\n", "r/1", "é"])
def test_a_release_fits_into_a_header_and_a_path(release: str) -> None:
    with pytest.raises(ValueError, match=r"^release must be at most 32 of a-z, 0-9 "):
        Endpoint(release=release)
    assert Endpoint(release="a" * 32).release == "a" * 32


@pytest.mark.parametrize("path", ["", "/", "events", "/events/", "https://a.test/"])
def test_the_path_is_absolute(path: str) -> None:
    with pytest.raises(ValueError, match=r"^path must begin and not end with /, not "):
        Endpoint(path=path)


def test_limits_of_the_host() -> None:
    endpoint = Endpoint()
    assert post(endpoint).max_bytes == 65_536  # as of a dispatcher
    assert post(endpoint, URLENCODED).max_bytes == 16_777_216
    endpoint = Endpoint(max_json=10, max_form=20)
    assert [post(endpoint, one).max_bytes for one in (JSON, MULTIPART)] == [10, 20]
