"""Settings of a server: max_age, replay, encrypt; and tokens of other settings."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from handlerid import Tokens
from handlerid.errors import ExpiredToken, InvalidToken, OtherAudience
from tests.support.fresh import run_fresh
from tests.tokens.support import (
    AUDIENCE,
    CAPTURES,
    CLICK,
    CLOSE,
    EXPIRED,
    KEY,
    OTHER_SETTINGS,
    Clock,
    Uses,
    decoded,
    issued,
    parts,
    refusal,
)

# Expiry and other demands


@pytest.mark.parametrize("now", [1_000.0, 1_000.25, 1_000.999])
def test_a_token_lives_for_at_least_max_age(
    monkeypatch: pytest.MonkeyPatch, now: float
) -> None:
    clock = Clock(monkeypatch, now)
    tokens = Tokens(KEY, max_age=60)
    token = tokens.issue(CLICK)
    clock.now = now + 59.99
    tokens.verify(token)
    clock.now = now + 61
    refusal(ExpiredToken, tokens, token, None)


def test_a_token_keeps_the_expiry_it_was_issued_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch, 1_000.0)
    token = issued(Tokens(KEY, max_age=60))
    clock.now = 1_060.0
    assert refusal(ExpiredToken, Tokens(KEY, max_age=3600), token) == EXPIRED
    assert refusal(ExpiredToken, Tokens(KEY), token) == EXPIRED


@pytest.mark.parametrize("max_age", [True, 1.0, "60"])
def test_max_age_that_is_no_int(max_age: Any) -> None:
    with pytest.raises(TypeError, match="max_age must be an int, in seconds, or None"):
        Tokens(KEY, max_age=max_age)


@pytest.mark.parametrize("max_age", [0, -1, 1 << 38])
def test_max_age_out_of_range(max_age: int) -> None:
    with pytest.raises(ValueError, match="max_age must be at least 1 second"):
        Tokens(KEY, max_age=max_age)
    assert Tokens(KEY, max_age=(1 << 38) - 1).issue(CLICK)


@pytest.mark.parametrize(
    "demand",
    [{"max_age": 60}, {"replay": Uses()}, {"encrypt": True}],
    ids=lambda d: next(iter(d)),
)
def test_a_token_of_before_the_demand_is_an_old_page(demand: dict[str, Any]) -> None:
    token = issued(Tokens(KEY))
    assert refusal(ExpiredToken, Tokens(KEY, **demand), token) == OTHER_SETTINGS


def test_a_server_without_encryption_refuses_encrypted_captures() -> None:
    token = issued(Tokens(KEY, encrypt=True))
    assert refusal(ExpiredToken, Tokens(KEY), token) == OTHER_SETTINGS


def test_a_demand_given_up_does_not_end_pages() -> None:
    token = issued(Tokens(KEY, max_age=60, replay=Uses()))
    assert Tokens(KEY).verify(token, audience=AUDIENCE).captures == CAPTURES


@pytest.mark.parametrize("audience", [b"anna", 7, True])
def test_an_audience_that_is_no_text(audience: Any) -> None:
    tokens = Tokens(KEY)
    for call in (
        lambda: tokens.issue(CLICK, audience=audience),
        lambda: tokens.verify(tokens.issue(CLICK), audience=audience),
    ):
        with pytest.raises(TypeError, match="audience must be a str or None, not "):
            call()


# Replay


def test_the_hook_gets_a_nonce_and_when_it_may_be_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Clock(monkeypatch, 1_000.0)
    uses = Uses()
    tokens = Tokens(KEY, max_age=60, replay=uses)
    for token in {tokens.issue(CLICK) for _ in range(50)}:
        tokens.verify(token)
    assert [len(nonce) for nonce in uses.seen] == [16] * 50
    assert set(uses.seen.values()) == {1_120}
    token = tokens.issue(CLICK)
    assert Tokens(KEY, replay=uses, clock_skew=0).verify(token).expires == 1_060
    assert 1_060 in uses.seen.values()
    Tokens(KEY, replay=(uses := Uses())).verify(Tokens(KEY, replay=uses).issue(CLICK))
    assert set(uses.seen.values()) == {None}


@pytest.mark.parametrize("behind", [0.0, 1.0, 5.0, 59.0, 60.0])
def test_a_server_whose_clock_is_behind_takes_no_token_again(
    monkeypatch: pytest.MonkeyPatch, behind: float
) -> None:
    clock = Clock(monkeypatch, 1_000.0)
    store: dict[bytes, float] = {}

    def first_use(nonce: bytes, until: int | None) -> bool:
        for known in [one for one, end in store.items() if end <= real]:
            del store[known]  # by the clock of the store
        first = nonce not in store
        store[nonce] = until or float("inf")
        return first

    tokens = Tokens(KEY, max_age=60, replay=first_use)
    token = tokens.issue(CLICK)
    real = 1_001.0
    tokens.verify(token)
    for real in (1_030.0, 1_059.9, 1_060.0, 1_064.9, 1_119.9, 1_200.0):
        clock.now = real - behind
        with pytest.raises(ExpiredToken):
            tokens.verify(token)


@pytest.mark.parametrize("skew", [-1, 1.5, True, None])
def test_a_clock_skew_that_is_none(skew: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="clock_skew must be"):
        Tokens(KEY, clock_skew=skew)


@pytest.mark.parametrize("now", [-5e9, -1.0, -59.5, 0.0, 2.0**32])
def test_any_clock_issues_tokens_that_expire(
    monkeypatch: pytest.MonkeyPatch, now: float
) -> None:
    clock = Clock(monkeypatch, now)
    tokens = Tokens(KEY, max_age=60, replay=Uses())
    first, second = tokens.issue(CLICK), tokens.issue(CLICK)
    clock.now = now + 59.9
    assert tokens.verify(first).expires == math.ceil(now) + 60
    clock.now = now + 61
    refusal(ExpiredToken, tokens, second, None)
    clock.now = max(now + 61, 1_700_000_000.0)
    refusal(ExpiredToken, tokens, second, None)


def test_without_the_hook_there_is_no_nonce() -> None:
    _, body, _ = parts(Tokens(KEY).issue(CLICK))
    assert decoded(body) == b"\0"


def test_a_refused_token_is_not_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 1_000.0)
    uses = Uses()
    tokens = Tokens(KEY, max_age=60, replay=uses)
    token = issued(tokens)
    for wrong in (token[:-1], token + "A", "t2" + token[2:]):
        with pytest.raises((InvalidToken, ExpiredToken)):
            tokens.verify(wrong, audience=AUDIENCE)
    with pytest.raises(OtherAudience):
        tokens.verify(token, audience="session-of-bob")
    clock.now = 1_060.0
    refusal(ExpiredToken, tokens, token)
    assert uses.seen == {}
    clock.now = 1_000.0
    tokens.verify(token, audience=AUDIENCE)
    assert len(uses.seen) == 1


def test_an_async_hook_is_refused() -> None:
    async def replay(nonce: bytes, expires: int | None) -> bool:
        return True

    with pytest.raises(
        TypeError, match=r"^replay must not be async: nothing awaits it$"
    ):
        Tokens(KEY, replay=replay)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [None, 1, "yes", object()])
def test_a_hook_that_answers_neither_yes_nor_no(answer: Any) -> None:
    tokens = Tokens(KEY, replay=lambda nonce, expires: answer)
    with pytest.raises(TypeError, match="replay must return True for the first use"):
        tokens.verify(tokens.issue(CLICK))


# Encryption


def test_encrypted_captures_cannot_be_read_and_the_id_can() -> None:
    tokens = Tokens(KEY, encrypt=True)
    tokens_twice = {issued(tokens) for _ in range(2)}
    assert len(tokens_twice) == 2
    for token in tokens_twice:
        head, body, _ = parts(token)
        assert head == f"t1.{CLICK}"
        assert CAPTURES not in decoded(body)
    _, body, _ = parts(issued(Tokens(KEY)))
    assert CAPTURES in decoded(body)


def test_no_two_tokens_are_encrypted_with_one_key() -> None:
    # AES-GCM with one key and one nonce would give the same text for the same captures.
    tokens = Tokens(KEY, encrypt=True)
    bodies = [decoded(parts(issued(tokens))[1]) for _ in range(20)]
    assert len({body[-len(CAPTURES) - 16 : -16] for body in bodies}) == 20


def test_without_captures_there_is_nothing_to_encrypt() -> None:
    token = Tokens(KEY, encrypt=True).issue(CLICK)
    assert token == Tokens(KEY).issue(CLICK)
    assert Tokens(KEY, encrypt=True).verify(token).captures == b""


def test_encrypted_captures_belong_to_the_rest_of_the_token() -> None:
    # Below the signature: what is decrypted is what was encrypted, for this id.
    tokens = Tokens(KEY, encrypt=True)
    _, body, _ = parts(issued(tokens))
    forged = f"t1.{CLOSE}.{body}".encode()
    signature = tokens._keys[0].sign(forged).decode()
    with pytest.raises(InvalidTag):
        tokens.verify(f"{forged.decode()}.{signature}", audience=AUDIENCE)


def test_cryptography_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] == "cryptography":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ImportError) as caught:
        Tokens(KEY, encrypt=True)
    assert str(caught.value) == (
        "Tokens(encrypt=True) needs cryptography: pip install 'handlerid[encryption]'"
    )
    assert issued(Tokens(KEY))


def test_cryptography_is_loaded_only_for_encryption() -> None:
    program = (
        "import sys; from handlerid import Tokens; Tokens(bytes(16)); "
        "print('cryptography' in sys.modules); Tokens(bytes(16), encrypt=True); "
        "print('cryptography' in sys.modules)"
    )
    assert run_fresh("-c", program).split() == ["False", "True"]
