"""Tokens: an id and its captures in a page, signed for an audience.

    t1.<id>.<body>.<signature>

1. The version is checked before the signature. Another version means a page that is
   older or newer than this server: ``ExpiredToken``, reload, no alarm.
2. The signature covers the characters before it, not their meaning. So nothing is
   decoded before the signature holds, and no two texts mean the same.
3. Then, in this order: the audience, this server's settings, the expiry, the captures,
   and last the replay hook: a token refused for another reason is not used up.
4. A token that lacks what this server's settings demand was issued before they
   changed: an old page again.
5. No error text and no ``repr`` holds a part of a token, a key, an audience or
   captures.

``docs/reference/tokens.md`` describes the format for other languages.
"""
# Annotations are evaluated: `typing.get_type_hints` has to work on public classes.

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from math import ceil
from os import urandom
from time import time

from handlerid._identity import HandlerId, location_name
from handlerid._tokens.keys import (
    AUDIENCE_SIZE,
    NONCE_SIZE,
    Key,
    base64,
    check_keys,
    import_cipher,
    read_base64,
)
from handlerid.errors import (
    ExpiredToken,
    InvalidToken,
    MalformedPayload,
    NotAllowed,
    UnstableCapture,
)

_VERSION = "t1."
_ANY_VERSION = re.compile(r"t(?:0|[1-9][0-9]{0,3})\.")

# The body: one byte of flags, the fields of these flags in this order, the captures.
_EXPIRES, _AUDIENCE, _NONCE, _ENCRYPTED = 1, 2, 4, 8
_EXPIRES_SIZE = 5
_LONGEST_AGE = 1 << 39


@dataclass(frozen=True, slots=True)
class Verified:
    """The content of a token that was verified.

    Attributes:
        handler_id: the id that was issued, with its event; its ``module`` and
            ``qualname`` are None, as for every id read from text.
        captures: the bytes that were issued with it, decrypted; ``b""`` for none.
        expires: the token's expiry in seconds since 1970, or None.
    """

    __module__ = "handlerid"

    handler_id: HandlerId
    captures: bytes = field(default=b"", repr=False)
    expires: int | None = None


class Tokens:
    """Issue and verify tokens.

    Immutable, so any thread may use an instance.

    Args:
        keys: a secret key of at least 16 bytes, or several. The first signs, all
            verify. To rotate, put the new key first, and remove the old one when the
            tokens that it signed have expired.
        max_age: seconds until a token expires, rounded up to the next second of the
            clock; None for no expiry. The clocks of all servers should agree.
        replay: called with a token's 16 random bytes and its expiry (seconds since
            1970, or None); returns whether they are seen for the first time. It has to
            decide and remember in one step, for all servers; it may forget at the
            expiry. With it, each token works once.
        encrypt: whether captures are encrypted; needs ``handlerid[encryption]``. The
            id stays readable.
        purpose: a token for one purpose is invalid for another, with the same keys.
        max_bytes: the longest token, in characters, issued or verified.

    Raises:
        TypeError: a key is not bytes, ``max_age`` is not an int, or ``replay`` is
            async.
        ValueError: there is no key, a key is too short, or ``max_age`` is out of
            range.
        ImportError: ``encrypt`` without cryptography.
    """

    __module__ = "handlerid"
    __slots__ = ("_encrypt", "_keys", "_max_age", "_max_bytes", "_replay")

    def __init__(
        self,
        keys: bytes | Sequence[bytes],
        *,
        max_age: int | None = None,
        replay: Callable[[bytes, int | None], bool] | None = None,
        encrypt: bool = False,
        purpose: str = "",
        max_bytes: int = 16_384,
    ) -> None:
        cipher = import_cipher() if encrypt else None
        self._keys = tuple(Key(key, purpose, cipher) for key in check_keys(keys))
        if max_age is not None:
            if isinstance(max_age, bool) or not isinstance(max_age, int):
                raise TypeError("max_age must be an int, in seconds, or None")
            if not 0 < max_age < _LONGEST_AGE:
                raise ValueError("max_age must be at least 1 second, and below 2**39")
        if iscoroutinefunction(replay):
            # A coroutine is true: every replay would be a first use.
            raise TypeError("replay must not be async: nothing awaits it")
        self._max_age = max_age
        self._replay = replay
        self._encrypt = bool(encrypt)
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        settings = [f"max_age={self._max_age}"]
        settings += ["replay=..."] if self._replay else []
        settings += ["encrypt=True"] if self._encrypt else []
        return f"<Tokens {', '.join(settings)}>"

    def issue(
        self, handler_id: str, *, audience: str | None = None, captures: bytes = b""
    ) -> str:
        """Return a token, safe in a URL path and an HTML attribute.

        The same arguments give the same token within a second, unless it is encrypted
        or there is a replay hook.

        Args:
            handler_id: an id.
            audience: who may use the token, such as a session's id; it cannot be read
                from the token. None for anybody.
            captures: bytes that ``verify`` returns.

        Raises:
            TypeError: ``audience`` is not a str.
            ValueError: ``handler_id`` is not an id.
            UnstableCapture: the token would be longer than ``max_bytes``.
        """
        if not isinstance(handler_id, HandlerId):
            try:
                handler_id = HandlerId.parse(handler_id)
            except MalformedPayload as error:
                text = "handler_id is not an id: use what register() returned"
                raise ValueError(text) from error
        key = self._keys[0]
        flags = 0
        fields = nonce = b""
        if self._max_age is not None:
            flags = _EXPIRES
            fields = (ceil(time()) + self._max_age).to_bytes(_EXPIRES_SIZE, "big")
        if audience is not None:
            flags |= _AUDIENCE
            fields += key.digest_of(audience)
        secret = self._encrypt and bool(captures)
        if secret or self._replay is not None:
            flags |= _NONCE
            nonce = urandom(NONCE_SIZE)
            fields += nonce
        if secret:
            flags |= _ENCRYPTED
        head = f"{_VERSION}{handler_id}.".encode("ascii")
        fields = bytes((flags,)) + fields
        if secret:
            captures = key.encrypt(captures, nonce, head + fields)
        signed = head + base64(fields + captures)
        token = signed + b"." + key.sign(signed)
        if len(token) > self._max_bytes:
            raise UnstableCapture(
                f"the token of {location_name(handler_id)} would have {len(token)} "
                f"bytes, more than max_bytes={self._max_bytes}; capture less (a row's "
                "key instead of the row), or use Tokens(max_bytes=...)"
            )
        return token.decode("ascii")

    def verify(self, token: str, *, audience: str | None = None) -> Verified:
        """Return the content of a token that was issued here and is still good.

        Args:
            token: as it came over the wire; may be anything.
            audience: who sent it, as the host knows it. It has to equal the audience
                that the token was issued for: a token for anybody is not a token for
                somebody.

        Raises:
            InvalidToken: not a token, tampered with, or signed with another key or for
                another purpose.
            NotAllowed: issued for another audience.
            ExpiredToken: too old, another version of the format, issued with other
                settings than this server's, or used before.
            TypeError: ``audience`` is not a str, or ``replay`` did not return a bool.
        """
        raw = self._read(token)
        signed, _, signature = raw.rpartition(b".")
        for key in self._keys:
            if key.has_signed(signed, signature):
                break
        else:
            raise InvalidToken(
                "the token's signature is wrong: it was tampered with, or signed with "
                "a key or for a purpose that this server does not have"
            )

        head, _, encoded = signed.rpartition(b".")
        body = read_base64(encoded)
        flags = body[0]
        at = 1
        expires, digest, nonce = None, b"", b""
        if flags & _EXPIRES:
            at += _EXPIRES_SIZE
            expires = int.from_bytes(body[1:at], "big")
        if flags & _AUDIENCE:
            digest = body[at : at + AUDIENCE_SIZE]
            at += AUDIENCE_SIZE
        if flags & _NONCE:
            nonce = body[at : at + NONCE_SIZE]
            at += NONCE_SIZE
        captures = body[at:]

        if not key.matches(digest, audience):
            raise NotAllowed("the token was issued for another audience")
        self._check_settings(flags, captures)
        if expires is not None and time() >= expires:
            raise ExpiredToken("the token has expired: the page is too old")
        if flags & _ENCRYPTED:
            captures = key.decrypt(captures, nonce, head + b"." + body[:at])
        if self._replay is not None:
            _check_first_use(self._replay(nonce, expires))
        return Verified(HandlerId(head[3:].decode("ascii")), captures, expires)

    def _read(self, token: object) -> bytes:
        """Check the token's form, before its signature."""
        if not isinstance(token, str):
            raise InvalidToken("token must be a str")
        if not token.startswith(_VERSION):
            if _ANY_VERSION.match(token):
                raise ExpiredToken(
                    "the token's format is not t1: the page is older or newer than "
                    "this server"
                )
            raise InvalidToken(
                "not a token: a token begins with t1.; it may be an id of a page that "
                "was rendered without tokens"
            )
        if len(token) > self._max_bytes:
            raise InvalidToken(f"the token is longer than max_bytes={self._max_bytes}")
        if not token.isascii():
            raise InvalidToken("the token has characters that are not ASCII")
        return token.encode("ascii")

    def _check_settings(self, flags: int, captures: bytes) -> None:
        differs = (
            (self._max_age is not None and not flags & _EXPIRES)
            or (self._replay is not None and not flags & _NONCE)
            or (bool(captures) and self._encrypt != bool(flags & _ENCRYPTED))
        )
        if differs:
            raise ExpiredToken(
                "the token was issued with other settings of max_age, replay or "
                "encrypt than this server's: the page is older or newer"
            )


def _check_first_use(first: object) -> None:
    if not isinstance(first, bool):
        raise TypeError("replay must return True for the first use, else False")
    if not first:
        raise ExpiredToken("the token was used before, and each token works once")
