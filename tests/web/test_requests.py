"""What a request must be before its body is read, and how the body is read."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from handlerid import Form
from handlerid.errors import HandlerIdError, MalformedPayload
from handlerid.web import (
    BodyTooLarge,
    CrossOrigin,
    Endpoint,
    MethodNotAllowed,
    OtherWire,
    Request,
    UnsupportedBody,
)
from tests.web.posting import JSON, MULTIPART, URLENCODED, post

OWN, LISTED, FOREIGN = "http://own.test:8000", "https://listed.test", "https://bad.test"
ENDPOINT = Endpoint(hosts=[OWN], origins=[LISTED], max_json=100, max_form=1000)
OPEN = Endpoint(hosts=[OWN], origins=[LISTED], allow_no_browser=True)


def refusal(request: Request) -> type[HandlerIdError] | None:
    try:
        request.check()
    except HandlerIdError as error:
        return type(error)
    return None


# The origin.

SITES = ("same-origin", "none", "same-site", "cross-site", "odd", "", None)
ORIGINS = (OWN, LISTED, FOREIGN, "null", None)
ANY = ORIGINS
ROWS = [  # the table of docs/reference/wire.md, in its order; "" is something else, too
    (("same-origin", "none"), ANY, True),
    (("same-site", "cross-site"), (LISTED,), True),
    (("same-site", "cross-site"), ANY, False),
    (("odd", ""), ANY, False),
    ((None,), (OWN, LISTED), True),
    ((None,), ("null", FOREIGN), False),
]
TYPES = {JSON: True, URLENCODED: True, MULTIPART: True, "text/plain": False}


def expected(
    site: str | None, origin: str | None, *, cookie: bool, allowed: bool, known: bool
) -> type[HandlerIdError] | None:
    passes = [
        yes for sites, origins, yes in ROWS if site in sites and origin in origins
    ]
    if not (passes[0] if passes else not cookie or allowed):
        return CrossOrigin
    return None if known else UnsupportedBody


@pytest.mark.parametrize(("media_type", "known"), TYPES.items())
def test_the_origin(media_type: str, known: bool) -> None:
    wanted, actual = {}, {}
    for case in product(SITES, ORIGINS, (True, False), (True, False)):
        site, origin, cookie, allowed = case
        request = post(
            OPEN if allowed else ENDPOINT,
            media_type,
            sec_fetch_site=site,
            origin=origin,
            cookie="session=1" if cookie else None,
        )
        actual[case] = refusal(request)
        wanted[case] = expected(
            site, origin, cookie=cookie, allowed=allowed, known=known
        )
    assert actual == wanted
    assert len(actual) == 7 * 5 * 4


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({"origin": "null"}, "Referrer-Policy"),
        ({"origin": FOREIGN}, f'Endpoint(hosts=["{FOREIGN}"])'),
        ({"origin": "é\n\x85" + "o" * 200}, f'(hosts=["???{"o" * 97}"])'),
        ({"origin": FOREIGN, "sec_fetch_site": "cross-site"}, "Endpoint(origins=...)"),
        ({"cookie": "session=1"}, "Endpoint(allow_no_browser=True)"),
    ],
)
def test_the_text_says_what_to_set(headers: dict[str, Any], word: str) -> None:
    with pytest.raises(CrossOrigin) as caught:
        post(ENDPOINT, **{"sec_fetch_site": None, **headers}).check()
    assert word in str(caught.value)
    assert FOREIGN in word or FOREIGN not in str(caught.value)
    assert FOREIGN not in caught.value.public


@pytest.mark.parametrize(
    "origin",
    [
        "http://own.test",
        "https://own.test:8000",
        "http://own.test:80000",
        "http://own.test:8000.bad.test",
        "http://own.test:8000/",
        "HTTP://OWN.TEST:8000",
        f"{OWN} {FOREIGN}",
        f"{OWN}, {OWN}",
        f"{OWN}\xa0",
        "http://\xe9.test",
        "",
    ],
)
def test_an_origin_is_compared_exactly(origin: str) -> None:
    request = post(ENDPOINT, sec_fetch_site=None, origin=origin, host="own.test:8000")
    assert refusal(request) is CrossOrigin


def test_the_host_of_the_request_vouches_for_nothing() -> None:
    headers: dict[str, Any] = {"sec_fetch_site": None, "origin": FOREIGN}
    assert refusal(post(ENDPOINT, host="bad.test", **headers)) is CrossOrigin
    assert refusal(post(Endpoint(), host="bad.test", **headers)) is CrossOrigin


def test_a_header_that_comes_twice_has_both_values() -> None:
    kind = (b"content-type", b"application/json")
    site = (b"sec-fetch-site", b"cross-site"), (b"Sec-Fetch-Site", b"same-origin")
    for pairs in (site, site[::-1]):
        assert refusal(ENDPOINT.request("POST", [*pairs, kind])) is CrossOrigin
    origin = (b"origin", OWN.encode()), (b"origin", FOREIGN.encode())
    for pairs in (origin, origin[::-1]):
        assert refusal(ENDPOINT.request("POST", [*pairs, kind])) is CrossOrigin
    same = (b"SEC-FETCH-SITE", b" same-origin\t"), (b"cookie", b"session=1")
    assert refusal(ENDPOINT.request("POST", [*same, kind])) is None
    assert refusal(ENDPOINT.request("POST", [*same, kind, kind])) is UnsupportedBody


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("http://intranet:8000", "http://intranet:8000"),
        ("HTTP://Intranet", "http://intranet"),
        ("http://intranet:80", "http://intranet"),
        ("https://intranet:443", "https://intranet"),
        ("https://intranet:80", "https://intranet:80"),
        ("http://web_1:8000", "http://web_1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_origins_are_said_as_people_write_them(said: str, sent: str) -> None:
    for endpoint in (Endpoint(hosts=[said]), Endpoint(origins=[said])):
        request = post(endpoint, sec_fetch_site=None, origin=sent, cookie="a=1")
        assert refusal(request) is None


@pytest.mark.parametrize(
    "said",
    [
        *("intranet", "intranet:8000", "//intranet", "null", "", "*"),
        *("https://*.example.org", "https://example.org/", "https://example.org/path"),
        *("https://ann@example.org", "https://b\xfccher.example", "https://a b"),
        *("https://example.org\n", "file:///", "https://::1", "https://example.org:x"),
    ],
)
def test_what_no_browser_sends_is_no_origin(said: str) -> None:
    with pytest.raises(ValueError, match=r"^not an origin: .*https://example\.org$"):
        Endpoint(hosts=[said])
    with pytest.raises(ValueError, match=r"^not an origin"):
        Endpoint(origins=[said])


def test_a_text_is_no_list_of_origins() -> None:
    with pytest.raises(TypeError, match=r"^hosts must be a list of origins: \['http"):
        Endpoint(hosts=OWN)
    with pytest.raises(TypeError, match=r"^origins must be a list of origins"):
        Endpoint(origins=OWN)


# The order, the method and the version.


def test_the_first_check_that_fails_is_the_answer() -> None:
    wrong: dict[str, Any] = {
        "method": "PUT",
        "sec_fetch_site": "cross-site",
        "handlerid_wire": "2",
        "media_type": "text/plain",
        "content_length": "100000",
    }
    seen = []
    while True:
        request = post(ENDPOINT, **wrong)
        seen.append(refusal(request))
        if not wrong:
            break
        del wrong[next(iter(wrong))]
    order = [MethodNotAllowed, CrossOrigin, OtherWire, UnsupportedBody, BodyTooLarge]
    assert seen == [*order, None]
    assert [error.status for error in order] == [405, 403, 409, 415, 413]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "post", ""])
def test_the_method_is_post(method: str) -> None:
    assert refusal(post(ENDPOINT, method=method)) is MethodNotAllowed


@pytest.mark.parametrize("version", ["2", "0", "01", "1.0", "1, 1", "", "\xb9"])
@pytest.mark.parametrize("media_type", [JSON, URLENCODED, MULTIPART])
def test_another_version_is_refused(version: str, media_type: str) -> None:
    assert refusal(post(ENDPOINT, media_type, handlerid_wire=version)) is OtherWire
    assert refusal(post(ENDPOINT, media_type, handlerid_wire="1")) is None
    assert refusal(post(ENDPOINT, media_type)) is None


@pytest.mark.parametrize("media_type", [URLENCODED, MULTIPART])
def test_a_form_names_the_version_in_an_input(media_type: str) -> None:
    request = post(ENDPOINT, media_type)
    assert request.form([("a", "b"), ("_wire", "1")]).fields == {"a": ["b"]}
    assert request.form([("a", "b")]).fields == {"a": ["b"]}
    for values in (["2"], ["1", "1"], [""], []):
        with pytest.raises(OtherWire, match=r"^the version of the wire is not 1$"):
            request.form({"_wire": values})


def test_the_version_in_the_header_wins() -> None:
    request = post(ENDPOINT, URLENCODED, handlerid_wire="1")
    assert request.form([("_wire", "2"), ("a", "b")]).fields == {"a": ["b"]}


# The body's type and length.


@pytest.mark.parametrize(
    ("media_type", "known"),
    [
        ("application/json", JSON),
        ("Application/JSON", JSON),
        ("application/json;", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/json ;charset=UTF-8", JSON),
        ("application/json; charset=utf-16", None),
        ("application/json; charset=utf-8; charset=utf-16", None),
        ("application/json; profile=a", None),
        ("application/json, text/plain", None),
        ("application/ld+json", None),
        ("text/json", None),
        ("text/plain; application/json", None),
        ("text/plain", None),
        ("*/*", None),
        ("", None),
        (None, None),
        ("application/x-www-form-urlencoded", URLENCODED),
        ("application/x-www-form-urlencoded; charset=UTF-8", URLENCODED),
        ("multipart/form-data; boundary=----b", "multipart/form-data"),
        ("multipart/mixed; boundary=----b", None),
    ],
)
def test_the_media_type(media_type: str | None, known: str | None) -> None:
    request = post(ENDPOINT, content_type=media_type)
    assert refusal(request) is (None if known else UnsupportedBody)
    if known:
        assert request.media_type == known


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity", ""])
@pytest.mark.parametrize("media_type", [JSON, URLENCODED, MULTIPART])
def test_no_body_is_encoded(media_type: str, encoding: str) -> None:
    request = post(ENDPOINT, media_type, content_encoding=encoding)
    assert refusal(request) is UnsupportedBody


@pytest.mark.parametrize(
    ("media_type", "limit"), [(JSON, 100), (URLENCODED, 1000), (MULTIPART, 1000)]
)
def test_the_length_is_checked_before_the_body_is_read(
    media_type: str, limit: int
) -> None:
    lengths: dict[str | None, type[HandlerIdError] | None] = {
        **dict.fromkeys([None, "0", "7", str(limit), f"000{limit}"]),
        **dict.fromkeys([str(limit + 1), "9" * 9, "9" * 100_000], BodyTooLarge),
        **dict.fromkeys(
            ["-1", "+5", "5.0", "1e1", "", "5, 5", "\xb2"], MalformedPayload
        ),
    }
    actual = {
        length: refusal(post(ENDPOINT, media_type, content_length=length))
        for length in lengths
    }
    assert actual == lengths


@pytest.mark.parametrize("said", [None, "1"])
def test_bytes_are_counted_while_they_are_read(said: str | None) -> None:
    request = post(ENDPOINT, content_length=said)
    assert request.max_bytes == 100
    request.feed(b"a" * 60)
    assert request.count(b"b" * 40) == b"b" * 40
    for again in (b"c", b""):  # it stays refused
        with pytest.raises(BodyTooLarge, match=r"^the body is longer than 100 bytes$"):
            request.feed(again)
    with pytest.raises(BodyTooLarge):
        request.payload()


def test_nothing_is_read_of_a_request_that_is_refused() -> None:
    request = post(ENDPOINT, URLENCODED, sec_fetch_site="cross-site")
    for read in (
        lambda: request.count(b"a"),
        lambda: request.feed(b"a"),
        request.payload,
        lambda: request.form([("a", "b")]),
    ):
        with pytest.raises(CrossOrigin):
            read()


def test_a_refusal_leads_to_no_header() -> None:
    request = post(ENDPOINT, sec_fetch_site="cross-site", cookie="session=s3cret")
    with pytest.raises(CrossOrigin) as caught:
        request.check()
    frames = [entry.name for entry in caught.traceback]
    assert frames == [test_a_refusal_leads_to_no_header.__name__, "check"]


# The payload.


def fields(body: bytes) -> dict[str, list[str]]:
    request = post(ENDPOINT, URLENCODED)
    request.feed(body)
    form = request.payload()
    assert isinstance(form, Form)
    return form.fields


def test_json_is_passed_on_as_it_came() -> None:
    request = post(ENDPOINT)
    assert request.payload() == b""
    request.feed(b'{"_wire": ')
    request.feed(b'"2"}')
    assert request.payload() == b'{"_wire": "2"}'


def test_a_form_is_read_as_browsers_write_it() -> None:
    assert fields(b"") == {}
    assert fields(b"a=1+2&a=&%C3%A9=%26%3D&b&_wire=1&_handler=h&_handler=i") == {
        "a": ["1 2", ""],
        "é": ["&="],
        "b": [""],
        "_handler": ["h", "i"],
    }
    assert fields("é=ü".encode()) == {"é": ["ü"]}


@pytest.mark.parametrize("body", [b"a=\xff", b"a=%FF", b"%ED%A0%80=1", b"a=%C3"])
def test_a_form_that_is_not_utf8_is_malformed(body: bytes) -> None:
    with pytest.raises(
        MalformedPayload, match=r"^the form is not UTF-8, or "
    ) as caught:
        fields(body)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_form_has_at_most_1000_fields() -> None:
    large = Endpoint()
    for count, refused in ((1000, False), (1001, True)):
        request = post(large, URLENCODED)
        request.feed(b"&".join([b"a=1"] * count))
        try:
            assert isinstance(request.payload(), Form)
        except MalformedPayload:
            assert refused
        else:
            assert not refused


def test_a_multipart_form_is_the_framework_s_to_parse() -> None:
    request = post(ENDPOINT, MULTIPART)
    assert request.count(b"--b") == b"--b"
    request.feed(b"--b")
    assert request._chunks == []  # they are counted alone
    with pytest.raises(TypeError, match=r"^parse multipart/form-data with the fram"):
        request.payload()
    form = request.form({"a": ["1"], "_wire": "1"}, {"b": "2"})
    assert form.fields == {"a": ["1"], "b": ["2"]}


# The release, and where a navigation came from.


def test_the_release_is_a_header_or_in_the_path() -> None:
    assert post(ENDPOINT).release is None
    assert post(ENDPOINT, path="r-1").release == "r-1"
    assert post(ENDPOINT, path="r-1", handlerid_release="r-2").release == "r-2"
    for odd in ("R1", "a" * 33, "r_1", "r1\n", "r1/", "r1, r1", "\xb9", ""):
        assert post(ENDPOINT, path=odd).release is None
        assert post(ENDPOINT, path="r-1", handlerid_release=odd).release is None
    assert post(ENDPOINT, path="a" * 32).release == "a" * 32


def test_a_navigation_is_a_form_without_the_header_of_the_wire() -> None:
    for media_type, form in TYPES.items():
        is_form = form and media_type != JSON
        assert post(ENDPOINT, media_type).navigation is is_form
        assert post(ENDPOINT, media_type, handlerid_wire="1").navigation is False


def back(site: str | None, origin: str | None, referer: str | None) -> str:
    return post(
        ENDPOINT, URLENCODED, sec_fetch_site=site, origin=origin, referer=referer
    ).back


@pytest.mark.parametrize(
    ("rest", "path"),
    [
        ("/", "/"),
        ("/cart?item=1&n=%C3%A9", "/cart?item=1&n=%C3%A9"),
        ("/a//b", "/a//b"),
        ("//bad.test/", "/"),
        ("/\\bad.test/", "/"),
        ("\\/bad.test", "/"),
        ("/\t/bad.test", "/"),
        ("/a\r\nSet-Cookie: b", "/"),
        ("/a b", "/"),
        ("/\xe9", "/"),
        (".bad.test/a", "/"),
        (":81/a", "/"),
        ("@bad.test/a", "/"),
        ("?a", "/"),
        ("", "/"),
    ],
)
def test_a_navigation_goes_back_to_a_path_of_this_origin(rest: str, path: str) -> None:
    assert back(None, OWN, OWN + rest) == path
    https = "https://shop.test"
    assert back("same-origin", https, https + rest) == path


def test_a_navigation_of_another_page_goes_to_the_root() -> None:
    assert back(None, OWN, None) == "/"
    assert back(None, OWN, f"{FOREIGN}/a") == "/"
    assert back("same-origin", "null", "null/a") == "/a"  # no browser, and harmless
    assert back("same-origin", None, f"{OWN}/a") == "/"
    # Of a listed origin, and of a refused one: their paths are not those of this one.
    assert back("cross-site", LISTED, f"{LISTED}/a") == "/"
    assert back(None, LISTED, f"{LISTED}/a") == "/"
    assert back("cross-site", FOREIGN, f"{FOREIGN}/logout") == "/"
    assert back("cross-site", OWN, f"{OWN}/logout") == "/"


def test_only_a_navigation_goes_back() -> None:
    headers: dict[str, Any] = {"origin": OWN, "referer": f"{OWN}/cart"}
    assert post(ENDPOINT, **headers).back == "/"
    assert post(ENDPOINT, URLENCODED, handlerid_wire="1", **headers).back == "/"


def test_a_repr_shows_no_header_of_a_secret() -> None:
    request = post(ENDPOINT, cookie="session=s3cret", handlerid_release="r1")
    assert repr(request) == "<Request of application/json, release r1>"
