"""Tokens: round trips, keys, sizes, threads."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid import HandlerId, Tokens, Verified
from handlerid.errors import InvalidToken, UnstableCapture
from tests.tokens.support import (
    AUDIENCE,
    CAPTURES,
    CLICK,
    CLOSE,
    KEY,
    OLD_KEY,
    Clock,
    issued,
    refusal,
)

LETTER = "[a-z2-7]"
IDS = st.from_regex(
    rf"h1-{LETTER}{{12}}[acegikmoqsuwy246]-{LETTER}{{19}}[aq]"
    rf"(-{LETTER}{{16}})?(\.[a-z][a-z0-9_]{{0,63}})?",
    fullmatch=True,
).map(HandlerId.parse)
SETTINGS: list[dict[str, Any]] = [
    {},
    {"max_age": 60},
    {"encrypt": True},
    {"replay": lambda nonce, expires: True},
    {"max_age": 60, "encrypt": True, "replay": lambda nonce, expires: True},
]


@given(
    st.sampled_from([Tokens(KEY, **settings) for settings in SETTINGS]),
    IDS,
    st.none() | st.text(),
    st.binary(max_size=300),
)
def test_what_was_issued_comes_back(
    tokens: Tokens, handler_id: HandlerId, audience: str | None, captures: bytes
) -> None:
    token = tokens.issue(handler_id, audience=audience, captures=captures)
    assert re.fullmatch(r"t1\.[A-Za-z0-9._-]+", token)
    verified = tokens.verify(token, audience=audience)
    assert type(verified.handler_id) is HandlerId
    assert verified.handler_id == handler_id
    assert verified.handler_id.event == handler_id.event
    assert verified.captures == captures


def test_golden_token(monkeypatch: pytest.MonkeyPatch) -> None:
    # A promise: a page of one release is answered by the next. Another text is t2.
    Clock(monkeypatch, 1_800_000_000.0)
    handler_id = HandlerId.parse("h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click")
    golden = (
        "t1.h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click.EwB"
        "rSdRYJzyLk-A8THDkKNM55Koo1NqzxiNyb3cgNw.zLLdl4mJzkuxc740cco8pQ"
    )
    tokens = Tokens(KEY, max_age=600, purpose="shop")
    assert tokens.issue(handler_id, audience="anna", captures=b"row 7") == golden
    verified = tokens.verify(golden, audience="anna")
    assert verified == Verified(handler_id, b"row 7", 1_800_000_600)


def test_the_same_from_every_instance_with_the_key() -> None:
    assert issued(Tokens(KEY)) == issued(Tokens([KEY, OLD_KEY]))


def test_an_id_as_text_is_read_first() -> None:
    tokens = Tokens(KEY)
    assert tokens.issue(str(CLICK)) == tokens.issue(CLICK)
    for text in ("h1-click", "", f"{CLICK}.x", f"{CLICK}\n"):
        with pytest.raises(
            ValueError,
            match=r"^handler_id is not an id: use what register\(\) returned$",
        ):
            tokens.issue(text)


def test_verified_is_frozen_and_does_not_show_captures() -> None:
    verified = Tokens(KEY).verify(issued(Tokens(KEY)), audience=AUDIENCE)
    with pytest.raises(AttributeError):
        verified.captures = b""  # type: ignore[misc]
    assert not hasattr(verified, "__dict__")
    assert CAPTURES.decode() not in repr(verified)
    assert repr(verified) == f"Verified(handler_id={CLICK!r}, expires=None)"


def test_sizes() -> None:
    bare = HandlerId.parse(CLICK.removesuffix(".click"))
    assert [len(bare), len(Tokens(KEY).issue(bare))] == [37, 66]
    assert [len(CLICK), len(Tokens(KEY).issue(CLICK))] == [43, 72]
    assert len(Tokens(KEY, max_age=60).issue(CLICK, audience=AUDIENCE)) == 94


@pytest.mark.parametrize("audience", ["", " ", "ä", "\ud800", "a\0b", "x" * 10_000])
def test_an_audience_is_any_text_and_adds_the_same_to_a_token(audience: str) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(CLICK, audience=audience)
    assert tokens.verify(token, audience=audience).handler_id == CLICK
    assert len(token) == len(tokens.issue(CLICK, audience="anna"))


# Keys


@pytest.mark.parametrize(
    "keys", ["x" * 32, True, 32, None, bytearray(32), [KEY, "x" * 32], [True], {KEY}]
)
def test_keys_that_are_no_bytes(keys: Any) -> None:
    with pytest.raises(TypeError, match=r"^keys must be bytes, or a sequence of bytes"):
        Tokens(keys)


@pytest.mark.parametrize("keys", [b"", b"x" * 15, [b"x" * 15], [KEY, b"x" * 15]])
def test_keys_that_are_too_short(keys: bytes | list[bytes]) -> None:
    with pytest.raises(
        ValueError, match="a key must have at least 16 random bytes"
    ) as caught:
        Tokens(keys)
    assert "xxx" not in str(caught.value)


@pytest.mark.parametrize("keys", [[], ()])
def test_no_keys(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"^keys is empty: the first key signs$"):
        Tokens(keys)


def test_the_repr_shows_settings_and_no_key() -> None:
    tokens = Tokens([KEY, OLD_KEY])
    assert not hasattr(tokens, "__dict__")
    assert repr(tokens) == "<Tokens max_age=None>"
    tokens = Tokens(KEY, max_age=60, replay=lambda nonce, expires: True, encrypt=True)
    assert repr(tokens) == "<Tokens max_age=60, replay=..., encrypt=True>"


# Size


def test_a_token_may_be_as_long_as_max_bytes_and_no_longer() -> None:
    size = len(issued(Tokens(KEY)))
    tokens = Tokens(KEY, max_bytes=size)
    assert tokens.verify(issued(tokens), audience=AUDIENCE).captures == CAPTURES
    with pytest.raises(UnstableCapture) as caught:
        issued(Tokens(KEY, max_bytes=size - 1))
    assert str(caught.value) == (
        f"the token of {CLICK.module}.{CLICK.qualname} would have {size} bytes, more "
        f"than max_bytes={size - 1}; capture less (a row's key instead of the row), or "
        "use Tokens(max_bytes=...)"
    )
    with pytest.raises(UnstableCapture, match=f"^the token of {CLICK} would have"):
        Tokens(KEY, max_bytes=10).issue(str(CLICK))


def test_a_token_that_is_too_long_is_refused_before_anything_is_hashed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = issued(Tokens(KEY))
    tokens = Tokens(KEY, max_bytes=len(token) - 1)
    monkeypatch.setattr("handlerid._tokens.tokens.Key.sign", lambda *_: 1 / 0)
    text = refusal(InvalidToken, tokens, token)
    assert text == f"the token is longer than max_bytes={len(token) - 1}"


# Threads


@pytest.mark.parametrize("encrypt", [False, True])
def test_many_threads_share_an_instance(encrypt: bool) -> None:
    tokens = Tokens([KEY, OLD_KEY], max_age=60, encrypt=encrypt)

    def round_trips(worker: int) -> list[tuple[HandlerId, bytes]]:
        handler_id = (CLICK, CLOSE)[worker % 2]
        audience = f"session {worker}"
        found = []
        for number in range(300):
            captures = f"{worker}:{number}".encode()
            token = tokens.issue(handler_id, audience=audience, captures=captures)
            verified = tokens.verify(token, audience=audience)
            found.append((verified.handler_id, verified.captures))
        return found

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(round_trips, range(8)))
    for worker, found in enumerate(answers):
        handler_id = (CLICK, CLOSE)[worker % 2]
        expected = [(handler_id, f"{worker}:{n}".encode()) for n in range(300)]
        assert found == expected
