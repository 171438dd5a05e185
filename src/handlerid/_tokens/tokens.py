"""Tokens: an id and its captures in a page, signed for an audience.

    t1.<id>.<body>.<signature>

1. The version is checked before the signature: another version is an old page.
2. The signature covers characters, not their meaning. So nothing is decoded before the
   signature holds, and no two texts mean the same.
3. Then, in this order: the purpose, the audience, this server's settings, the expiry,
   the captures, and last the replay hook: a token refused before is not used up.
4. The host's key only derives other keys, each for one use and one version; those of
   audiences and captures for one purpose, too.
5. No error text and no ``repr`` holds a part of a token, a key, an audience or
   captures.

``docs/reference/tokens.md`` describes the format for other languages.
"""
# Annotations are evaluated: `typing.get_type_hints` has to work on public classes.

import hmac
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from inspect import iscoroutinefunction
from math import ceil
from os import urandom
from time import time
from typing import Any

from handlerid import errors
from handlerid._identity import HandlerId, location_name
from handlerid._peek import Shared, as_keys, expect

_VERSION = "t1."
_ANY_VERSION = re.compile(r"t(?:0|[1-9][0-9]{0,3})\.")

# The body: one byte of flags, the fields of these flags in this order, the captures.
_EXPIRES, _AUDIENCE, _NONCE, _ENCRYPTED, _PURPOSE = 1, 2, 4, 8, 16
_SIZES = {_EXPIRES: 5, _AUDIENCE: 12, _NONCE: 16, _ENCRYPTED: 0, _PURPOSE: 8}
_BARE, _ALL = 37, 54  # where the captures part of an id begins and ends
_LONGEST_AGE = 1 << 38
_SIGNATURE_SIZE = 16  # half of HMAC-SHA256, as RFC 2104 allows: 22 characters
_SHORTEST_KEY = 16
_GCM_NONCE = bytes(12)  # a constant is safe: each derived key encrypts one message
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Verified:
    """The content of a token that was verified.

    Attributes:
        handler_id: the id that was issued, as read from text.
        captures: the bytes that were issued with it, decrypted; ``b""`` for none.
        expires: seconds since 1970, or None.
    """

    __module__ = "handlerid"

    handler_id: HandlerId
    captures: bytes = field(default=b"", repr=False)
    expires: int | None = None


class Key:
    """The keys derived from one key of the host."""

    __slots__ = ("_audience", "_cipher", "_encryption", "_signing", "purpose")

    def __init__(self, key: bytes, purpose: str, cipher: Any) -> None:
        def derive(use: bytes, purpose: str = purpose) -> bytes:
            context = b"handlerid t1 " + use + b"\0" + purpose.encode()
            return hmac.digest(key, context, "sha256")

        # One signature for all purposes: a token of another one is no forgery.
        self._signing = derive(b"signing", "")
        self.purpose = derive(b"purpose")[: _SIZES[_PURPOSE]] if purpose else b""
        # Copying a state is cheaper than making a new one.
        self._audience = blake2b(digest_size=_SIZES[_AUDIENCE], key=derive(b"audience"))
        self._encryption = blake2b(digest_size=32, key=derive(b"encryption"))
        self._cipher = cipher

    def sign(self, text: bytes) -> bytes:
        """Return the 22 characters that sign a text."""
        return _base64(hmac.digest(self._signing, text, "sha256")[:_SIGNATURE_SIZE])

    def digest_of(self, audience: str | None) -> bytes:
        """Return the keyed digest of an audience; ``b""`` for anybody."""
        if audience is None:
            return b""
        expect(isinstance(audience, str), "audience", "a str or None", audience)
        state = self._audience.copy()
        state.update(audience.encode("utf-8", "surrogatepass"))
        return state.digest()

    def cipher(self, nonce: bytes) -> Any:
        """Return the AES-GCM that encrypts and decrypts one token."""
        # One key a token, because nonces of AES-GCM are short: with one key, random
        # ones are good for 2**32 tokens, and a busy site gets there.
        state = self._encryption.copy()
        state.update(nonce)
        return self._cipher(state.digest())


class Tokens(Shared):
    """Issue and verify tokens. Immutable, so any thread may use an instance.

    Args:
        keys: a secret key of at least 16 bytes, or several. The first signs, all
            verify. To rotate, deploy ``[old, new]``, then ``[new, old]``, and ``[new]``
            when the tokens of the old key have expired.
        max_age: seconds until a token expires, rounded up to the next second of the
            clock; None for no expiry. The clocks of all servers should agree.
        replay: called with a token's 16 random bytes and when they may be forgotten
            (seconds since 1970, or None for never); returns whether they are seen for
            the first time. It has to decide and remember in one step, for all servers.
            With it, each token works once.
        encrypt: whether captures, and the captures part of the id, are encrypted; needs
            ``handlerid[encryption]``.
        purpose: a token for one purpose is refused for another, with the same keys.
        max_bytes: the longest token, in characters, issued or verified.
        clock_skew: by how many seconds clocks of servers may differ. What was used is
            remembered so much longer than it is valid.

    Raises:
        TypeError, ValueError, ImportError: an argument is none of these.
    """

    __module__ = "handlerid"
    __slots__ = (
        *("_due", "_encrypt", "_keys", "_max_age", "_max_bytes", "_replay", "_skew"),
    )

    def __init__(
        self,
        keys: bytes | Sequence[bytes],
        *,
        max_age: int | None = None,
        replay: Callable[[bytes, int | None], bool] | None = None,
        encrypt: bool = False,
        purpose: str = "",
        max_bytes: int = 16_384,
        clock_skew: int = 60,
    ) -> None:
        expect(type(encrypt) is bool, "encrypt", "a bool", encrypt)
        expect(isinstance(purpose, str), "purpose", "a str", purpose)
        expect(type(max_bytes) is int, "max_bytes", "an int", max_bytes)
        expect(replay is None or callable(replay), "replay", "a function", replay)
        cipher = _import_cipher() if encrypt else None
        several = as_keys(keys)
        if not several:
            raise ValueError("keys is empty: the first key signs")
        if min(map(len, several)) < _SHORTEST_KEY:
            text = f"a key must have at least {_SHORTEST_KEY} random bytes: "
            raise ValueError(text + "secrets.token_bytes(32)")
        self._keys = tuple(Key(key, purpose, cipher) for key in several)
        known = max_age is None or type(max_age) is int
        expect(known, "max_age", "an int, in seconds, or None", max_age)
        if max_age is not None and not 0 < max_age < _LONGEST_AGE:
            raise ValueError("max_age must be at least 1 second, and below 2**38")
        expect(type(clock_skew) is int, "clock_skew", "an int, in seconds", clock_skew)
        if clock_skew < 0:
            raise ValueError("clock_skew must be 0 or more")
        if iscoroutinefunction(replay):  # a coroutine is true
            raise TypeError("replay must not be async: nothing awaits it")
        self._max_age, self._replay, self._skew = max_age, replay, clock_skew
        self._due = _EXPIRES * (max_age is not None) | _NONCE * (replay is not None)
        self._encrypt, self._max_bytes = encrypt, max_bytes

    def __repr__(self) -> str:
        more = ", replay=..." * bool(self._replay) + ", encrypt=True" * self._encrypt
        return f"<Tokens max_age={self._max_age}{more}>"

    def issue(
        self, handler_id: str, *, audience: str | None = None, captures: bytes = b""
    ) -> str:
        """Return a token, safe in a URL path and an HTML attribute.

        Args:
            handler_id: an id.
            audience: who may use the token, such as a session's id; it cannot be read
                from the token. None for anybody.
            captures: bytes that ``verify`` returns.

        Raises:
            TypeError, ValueError: ``audience`` is not a str, ``handler_id`` is no id.
            UnstableCapture: the token would be longer than ``max_bytes``.
        """
        if not isinstance(handler_id, HandlerId):
            try:
                handler_id = HandlerId.parse(handler_id)
            except errors.MalformedPayload as error:
                text = "handler_id is not an id: use what register() returned"
                raise ValueError(text) from error
        key, shown = self._keys[0], str(handler_id)
        secret = self._encrypt and bool(captures or handler_id.captures)
        fields = {}
        if self._max_age is not None:
            fields[_EXPIRES] = (ceil(time()) + self._max_age).to_bytes(5, signed=True)
        if audience is not None:
            fields[_AUDIENCE] = key.digest_of(audience)
        if secret or self._replay is not None:
            fields[_NONCE] = urandom(_SIZES[_NONCE])
        if secret:
            fields[_ENCRYPTED] = b""
            hidden = handler_id[_BARE:_ALL] if handler_id.captures else ""
            shown = handler_id[:_BARE] + handler_id[_BARE + len(hidden) :]
            captures = f"{hidden}.".encode() + captures
        if key.purpose:
            fields[_PURPOSE] = key.purpose
        head = f"{_VERSION}{shown}.".encode("ascii")
        body = bytes([sum(fields)]) + b"".join(fields.values())
        if secret:
            cipher = key.cipher(fields[_NONCE])
            captures = cipher.encrypt(_GCM_NONCE, captures, head + body)
        signed = head + _base64(body + captures)
        token = signed + b"." + key.sign(signed)
        if len(token) > self._max_bytes:
            raise errors.UnstableCapture(
                f"the token of {location_name(handler_id)} would have {len(token)} "
                f"bytes, more than max_bytes={self._max_bytes}; capture less (a row's "
                "key instead of the row), or use Tokens(max_bytes=...)"
            )
        return token.decode("ascii")

    def verify(  # noqa: C901 - rule 3, step by step
        self, token: str, *, audience: str | None = None
    ) -> Verified:
        """Return the content of a token that was issued here and is still good.

        Args:
            token: as it came over the wire; may be anything.
            audience: who sent it, as the host knows it; has to equal that of ``issue``.

        Raises:
            InvalidToken: not a token, tampered with, or of another key.
            OtherAudience: issued for another audience.
            ExpiredToken: too old, of another purpose or of other settings than this
                server's, or used before.
            TypeError: ``audience`` is not a str, or ``replay`` did not return a bool.
        """
        signed, key = self._check_signature(token)
        head, _, encoded = signed.rpartition(b".")
        body = urlsafe_b64decode(encoded + b"==")  # spare padding is ignored
        flags, at, fields = body[0], 1, dict.fromkeys(_SIZES, b"")
        for flag, size in _SIZES.items():
            if flags & flag:
                fields[flag] = body[at : at + size]
                at += size
        captures, expires = body[at:], None
        handler_id = HandlerId(head[3:].decode("ascii"))
        if fields[_PURPOSE] != key.purpose:
            raise errors.ExpiredToken("the token was issued for another purpose")
        if not hmac.compare_digest(key.digest_of(audience), fields[_AUDIENCE]):
            raise errors.OtherAudience("the token was issued for another audience")
        secret, encrypted = captures or handler_id.captures, bool(flags & _ENCRYPTED)
        if self._due & ~flags or (secret and encrypted != self._encrypt):
            raise errors.ExpiredToken(
                "the token was issued with other settings of max_age, replay or "
                "encrypt than this server's: the page is older or newer"
            )
        if flags & _EXPIRES:
            expires = int.from_bytes(fields[_EXPIRES], signed=True)
            if time() >= expires:
                raise errors.ExpiredToken("the token has expired", aged=True)
        if encrypted:
            cipher = key.cipher(fields[_NONCE])
            captures = cipher.decrypt(_GCM_NONCE, captures, head + b"." + body[:at])
            hidden, _, captures = captures.partition(b".")
            head, event = head[3:][:_BARE], head[3:][_BARE:]
            handler_id = HandlerId((head + hidden + event).decode("ascii"))
        until = None if expires is None else expires + self._skew
        first = self._replay is None or self._replay(fields[_NONCE], until)
        if not isinstance(first, bool):
            raise TypeError("replay must return True for the first use, else False")
        if not first:
            raise errors.ExpiredToken("the token was used before, and each works once")
        return Verified(handler_id, captures, expires)

    def _check_signature(self, token: object) -> tuple[bytes, Key]:
        """Return what was signed, and the key that signed it."""
        if not isinstance(token, str):
            raise errors.InvalidToken("not a token: a token is a str")
        if not token.startswith(_VERSION):
            if _ANY_VERSION.match(token):
                raise errors.ExpiredToken(
                    "the token's format is not t1: the page is older or newer"
                )
            with suppress(errors.MalformedPayload):
                HandlerId.parse(token)
                raise errors.ExpiredToken("an id: the page was rendered without tokens")
            raise errors.InvalidToken("not a token: a token begins with t1.")
        if len(token) > self._max_bytes:
            raise errors.InvalidToken(
                f"the token is longer than max_bytes={self._max_bytes}"
            )
        # What is not ASCII becomes "?", which no token has: the signature is wrong.
        signed, _, signature = token.encode("ascii", "replace").rpartition(b".")
        for key in self._keys:
            # Tracebacks may show local variables: the right signature is none.
            if hmac.compare_digest(key.sign(signed), signature):
                return signed, key
        raise errors.InvalidToken(
            "the token's signature is wrong: it was tampered with, or signed with "
            "a key that this server does not have"
        )


def _import_cipher() -> Any:
    """Return AES-GCM."""
    try:  # not above: cryptography is an extra
        from cryptography.hazmat.primitives.ciphers import aead  # noqa: PLC0415
    except ModuleNotFoundError:
        text = "Tokens(encrypt=True) needs cryptography: "
        text += "pip install 'handlerid[encryption]'"
        raise ImportError(text, name="cryptography") from None
    return aead.AESGCM


def _base64(data: bytes) -> bytes:
    """Write base64url without padding."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")
