"""Every way to tamper with a token is refused, with a text that tells nothing."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlerid import HandlerId, Tokens
from handlerid.errors import ExpiredToken, InvalidToken, OtherAudience
from tests.tokens.support import (
    AUDIENCE,
    CAPTURES,
    CLICK,
    CLOSE,
    EXPIRED,
    INVALID,
    KEY,
    NO_TOKEN,
    OLD_KEY,
    OTHER_PURPOSE,
    OTHER_VERSION,
    Clock,
    Uses,
    decoded,
    encoded,
    issued,
    parts,
    refusal,
)

PLAIN = Tokens(KEY, max_age=3600)
ENCRYPTED = Tokens(KEY, max_age=3600, encrypt=True)
KINDS = pytest.mark.parametrize(
    "tokens", [PLAIN, ENCRYPTED], ids=["plain", "encrypted"]
)
URL_SAFE = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
TOKEN = issued(PLAIN)

# Where a body's fields are, when a token has an expiry and an audience: see the docs.
EXPIRES, DIGEST = slice(1, 6), slice(6, 18)


def invalid(tokens: Tokens, token: str, audience: str | None = AUDIENCE) -> None:
    text = refusal(InvalidToken, tokens, token, audience)
    assert text in (INVALID, NO_TOKEN)


def spliced(body: str, field: slice, donor: str) -> str:
    content = bytearray(decoded(body))
    content[field] = decoded(donor)[field]
    return encoded(bytes(content))


@KINDS
def test_a_token_that_nobody_touched_is_good(tokens: Tokens) -> None:
    verified = tokens.verify(issued(tokens), audience=AUDIENCE)
    assert verified.handler_id == CLICK
    assert verified.captures == CAPTURES


@KINDS
def test_swapped_id(tokens: Tokens) -> None:
    _, body, signature = parts(issued(tokens))
    other, _, _ = parts(issued(tokens, CLOSE))
    invalid(tokens, f"{other}.{body}.{signature}")


@KINDS
@pytest.mark.parametrize("event", ["input", "click2", "clic", ""])
def test_swapped_event(tokens: Tokens, event: str) -> None:
    token = issued(tokens)
    assert token.count(".click.") == 1
    invalid(tokens, token.replace(".click.", f".{event}." if event else "."))


def test_event_added_to_a_token_without_one() -> None:
    token = PLAIN.issue(HandlerId.parse(CLICK.removesuffix(".click")))
    head, body, signature = parts(token)
    invalid(PLAIN, f"{head}.click.{body}.{signature}", None)


@KINDS
def test_swapped_captures(tokens: Tokens) -> None:
    head, body, signature = parts(issued(tokens))
    other = tokens.issue(CLICK, audience=AUDIENCE, captures=CAPTURES[::-1])
    _, other_body, _ = parts(other)
    rest = slice(DIGEST.stop, None)
    invalid(tokens, f"{head}.{spliced(body, rest, other_body)}.{signature}")


@KINDS
def test_captures_dropped_and_added(tokens: Tokens) -> None:
    head, body, signature = parts(issued(tokens))
    content = decoded(body)
    invalid(tokens, f"{head}.{encoded(content[: DIGEST.stop])}.{signature}")
    invalid(tokens, f"{head}.{encoded(content + b'x')}.{signature}")


@KINDS
def test_swapped_audience(tokens: Tokens) -> None:
    head, body, signature = parts(issued(tokens))
    _, donor, _ = parts(issued(tokens, audience="session-of-bob"))
    forged = f"{head}.{spliced(body, DIGEST, donor)}.{signature}"
    invalid(tokens, forged, AUDIENCE)
    invalid(tokens, forged, "session-of-bob")


@KINDS
def test_expiry_put_off(tokens: Tokens) -> None:
    head, body, signature = parts(issued(tokens))
    _, donor, _ = parts(issued(Tokens(KEY, max_age=999_999)))
    invalid(tokens, f"{head}.{spliced(body, EXPIRES, donor)}.{signature}")


@KINDS
@pytest.mark.parametrize("flags", range(16))
def test_flags_changed(tokens: Tokens, flags: int) -> None:
    head, body, signature = parts(issued(tokens))
    content = decoded(body)
    if content[0] != flags:
        forged = bytes((flags,)) + content[1:]
        invalid(tokens, f"{head}.{encoded(forged)}.{signature}")


@KINDS
def test_swapped_signature(tokens: Tokens) -> None:
    head, body, _ = parts(issued(tokens))
    _, _, signature = parts(issued(tokens, CLOSE))
    invalid(tokens, f"{head}.{body}.{signature}")


@KINDS
def test_parts_in_another_order_or_left_out(tokens: Tokens) -> None:
    token = issued(tokens)
    head, body, signature = parts(token)
    invalid(tokens, f"{head}.{signature}.{body}")
    invalid(tokens, f"t1.{body}.{CLICK}.{signature}")
    invalid(tokens, f"{head}.{signature}")
    invalid(tokens, f"t1.{body}.{signature}")
    invalid(tokens, f"{head}..{signature}")
    invalid(tokens, f"{head}.{body}.")
    for text in ("t1.", "t1..", "t1...", "", ".", f"{CLICK}.{body}.{signature}"):
        invalid(tokens, text)


@KINDS
def test_truncated_at_every_position(tokens: Tokens) -> None:
    token = issued(tokens)
    for end in range(len(token)):
        invalid(tokens, token[:end])
        rest = token[end:]
        if re.match(r"t(0|[2-9]|[1-9]\d{1,3})\.", rest):  # by chance, another format's
            refusal(ExpiredToken, tokens, rest)
        elif end:
            invalid(tokens, rest)


@KINDS
@pytest.mark.parametrize("extra", [*"A=. \n\0é-_~", "AAAA", "==", ".AAAA"])
def test_extended(tokens: Tokens, extra: str) -> None:
    token = issued(tokens)
    assert refusal(InvalidToken, tokens, token + extra) == INVALID
    invalid(tokens, extra + token)


@given(
    st.integers(0, len(TOKEN) - 1),
    st.characters() | st.sampled_from(URL_SAFE + ".="),
)
def test_any_character_changed(position: int, character: str) -> None:
    assume(TOKEN[position] != character)
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]
    other_version = position == 1 and character in "023456789"
    expected = ExpiredToken if other_version else InvalidToken
    refusal(expected, PLAIN, changed)


@given(st.integers(0, len(TOKEN)), st.sampled_from(URL_SAFE + ".= "))
def test_any_character_inserted(position: int, character: str) -> None:
    changed = TOKEN[:position] + character + TOKEN[position:]
    assume(changed != TOKEN)
    other_version = position in (1, 2) and changed[1:3].isdigit() and changed[1] != "0"
    expected = ExpiredToken if other_version else InvalidToken
    refusal(expected, PLAIN, changed)


@given(st.text(max_size=200) | st.text(URL_SAFE + ".", max_size=200).map("t1.".__add__))
def test_any_text_at_all(text: str) -> None:
    with pytest.raises((InvalidToken, ExpiredToken)):
        PLAIN.verify(text)


@pytest.mark.parametrize("tail", parts(TOKEN)[1:], ids=["body", "signature"])
def test_base64_that_decodes_to_the_same_bytes(tail: str) -> None:
    spare = 4 if len(tail) % 4 == 2 else 2
    assert len(tail) % 4 in (2, 3)
    last = URL_SAFE.index(tail[-1])
    assert last % (1 << spare) == 0
    for bits in range(1, 1 << spare):
        same = tail[:-1] + URL_SAFE[last + bits]
        assert decoded(same) == decoded(tail)
        invalid(PLAIN, TOKEN.replace(tail, same))
    invalid(PLAIN, TOKEN.replace(tail, tail + "=" * (-len(tail) % 4)))


@KINDS
def test_another_key(tokens: Tokens) -> None:
    forged = Tokens(OLD_KEY, max_age=3600, encrypt=tokens is ENCRYPTED)
    invalid(tokens, issued(forged))


@KINDS
def test_a_key_rotated_out(tokens: Tokens) -> None:
    encrypt = tokens is ENCRYPTED
    before = Tokens(OLD_KEY, max_age=3600, encrypt=encrypt)
    during = Tokens([KEY, OLD_KEY], max_age=3600, encrypt=encrypt)
    token = issued(before)
    assert during.verify(token, audience=AUDIENCE).captures == CAPTURES
    invalid(tokens, token)
    # What the new first key signed holds with it alone.
    assert tokens.verify(issued(during), audience=AUDIENCE).captures == CAPTURES
    invalid(before, issued(during))


@KINDS
def test_moved_to_another_purpose(tokens: Tokens) -> None:
    encrypt = tokens is ENCRYPTED
    admin = Tokens(KEY, max_age=3600, encrypt=encrypt, purpose="admin")
    assert refusal(ExpiredToken, tokens, issued(admin)) == OTHER_PURPOSE
    assert refusal(ExpiredToken, admin, issued(tokens)) == OTHER_PURPOSE
    head, body, _ = parts(issued(admin))
    for flags in range(16):  # without the field of the purpose
        changed = encoded(bytes([flags]) + decoded(body)[1:])
        invalid(tokens, f"{head}.{changed}.{parts(issued(admin))[2]}")
    assert admin.verify(issued(admin), audience=AUDIENCE).captures == CAPTURES


@KINDS
@pytest.mark.parametrize("audience", ["session-of-bob", "", AUDIENCE.upper(), None])
def test_another_audience(tokens: Tokens, audience: str | None) -> None:
    for issued_for, sent_by in ((AUDIENCE, audience), (audience, AUDIENCE)):
        token = issued(tokens, audience=issued_for)
        text = refusal(OtherAudience, tokens, token, sent_by)
        assert text == "the token was issued for another audience"


@pytest.mark.parametrize("version", ["t0", "t2", "t10", "t9999"])
def test_another_version_is_an_old_page_and_no_attack(version: str) -> None:
    for token in (version + TOKEN[2:], f"{version}.", f"{version}.{'x' * 100_000}"):
        text = refusal(ExpiredToken, PLAIN, token)
        assert text == OTHER_VERSION


def test_an_id_is_an_old_page_and_no_attack() -> None:
    for handler_id in (CLICK, CLICK.partition(".")[0]):
        text = refusal(ExpiredToken, PLAIN, handler_id)
        assert text == "an id: the page was rendered without tokens"
    invalid(PLAIN, CLICK + "x" * 100)
    invalid(PLAIN, CLICK[:-6] + ".click.")


@pytest.mark.parametrize(
    "version", ["t", "t01", "t1 ", "T1", "t-1", "t٢", "t12345", "h1"]
)
def test_not_a_version(version: str) -> None:
    invalid(PLAIN, version + TOKEN[2:])


@KINDS
def test_expired(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 1_000.0)
    token = issued(tokens)
    clock.now = 4_599.9
    assert tokens.verify(token, audience=AUDIENCE).expires == 4_600
    clock.now = 4_600.0
    text = refusal(ExpiredToken, tokens, token)
    assert text == EXPIRED


@pytest.mark.parametrize("encrypt", [False, True])
def test_replayed(encrypt: bool) -> None:
    tokens = Tokens(KEY, encrypt=encrypt, replay=Uses())
    token = issued(tokens)
    tokens.verify(token, audience=AUDIENCE)
    text = refusal(ExpiredToken, tokens, token)
    assert text == "the token was used before, and each works once"
    tokens.verify(issued(tokens), audience=AUDIENCE)  # the same, but another token


@pytest.mark.parametrize("thing", [None, True, 7, b"t1.x", ["t1."], {"t1.": 1}])
def test_a_token_that_is_not_a_str(thing: object) -> None:
    text = refusal(InvalidToken, PLAIN, thing)
    assert text == "not a token: a token is a str"
