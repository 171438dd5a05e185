"""Shared by the tests of tokens: ids, keys, a clock, the check of a refusal."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from handlerid import HandlerId, Tokens, handler_id
from handlerid.errors import HandlerIdError


def on_click() -> None: ...
def on_close() -> None: ...


KEY = bytes(range(32))
OLD_KEY = b"another key, of 24 bytes"
CLICK = handler_id(on_click, "click")
CLOSE = handler_id(on_close, "click")
CAPTURES = b"captured: secret-url"
AUDIENCE = "session-of-anna"

INVALID = (
    "the token's signature is wrong: it was tampered with, or signed with a key that "
    "this server does not have"
)
NO_TOKEN = "not a token: a token begins with t1."
OTHER_PURPOSE = "the token was issued for another purpose"
OTHER_VERSION = "the token's format is not t1: the page is older or newer"
EXPIRED = "the token has expired"
OTHER_SETTINGS = (
    "the token was issued with other settings of max_age, replay or encrypt than this "
    "server's: the page is older or newer"
)


def issued(
    tokens: Tokens, handler_id: HandlerId = CLICK, audience: str | None = AUDIENCE
) -> str:
    """A token with everything that a token can have."""
    return tokens.issue(handler_id, audience=audience, captures=CAPTURES)


def parts(token: str) -> tuple[str, str, str]:
    """Version and id; body; signature."""
    head, body, signature = token.rsplit(".", 2)
    return head, body, signature


def decoded(body: str) -> bytes:
    return urlsafe_b64decode(body + "==")


def encoded(body: bytes) -> str:
    return urlsafe_b64encode(body).decode().rstrip("=")


def refusal(
    error: type[HandlerIdError],
    tokens: Tokens,
    token: object,
    audience: str | None = AUDIENCE,
) -> str:
    """The text of the refusal; neither it nor its context tells a secret."""
    with pytest.raises(error) as caught:
        tokens.verify(token, audience=audience)  # type: ignore[arg-type] # also others
    assert type(caught.value) is error
    assert caught.value.__context__ is None
    assert getattr(caught.value, "aged", False) is (str(caught.value) == EXPIRED)
    secrets = [AUDIENCE, CAPTURES.decode(), KEY.hex(), CLICK, CLOSE]
    secrets += [part for part in str(token).split(".") if len(part) > 4]
    for text in (str(caught.value), caught.value.public):
        assert [secret for secret in secrets if secret in text] == []
    return str(caught.value)


class Clock:
    """Stands for ``time.time`` in the module under test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
        self.now = now
        monkeypatch.setattr("handlerid._tokens.tokens.time", lambda: self.now)


class Uses:
    """A hook against replay, as a host with one process would write it."""

    def __init__(self) -> None:
        self.seen: dict[bytes, int | None] = {}

    def __len__(self) -> int:
        return len(self.seen)

    def __call__(self, nonce: bytes, expires: int | None) -> bool:
        first = nonce not in self.seen
        self.seen[nonce] = expires
        return first
