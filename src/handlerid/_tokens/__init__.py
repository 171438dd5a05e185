"""What travels in the page instead of an id: a token, signed.

What belongs here: the text of a token, writing it, checking it. Nothing here knows what
captures mean, who an audience is, or what is done with an id that was verified.
``docs/reference/tokens.md`` is the same for readers who have no Python.

    t1.<id>.<body>.<signature>

The rules:

1. The version is looked at before the signature. Another one is a page that is older or
   newer than this server, so the answer is ``ExpiredToken``, "reload", and no alarm.
2. The signature is over the characters that stand before it, not over what they mean.
   So nothing is decoded before it holds, and no two texts mean the same.
3. Then, in this order: the audience, what this server demands of a token, its expiry,
   its captures, and at last the hook against replay: a token that is refused for
   another reason is not used up.
4. A token that lacks what this server demands (an expiry, encryption, a nonce) was
   issued before it was demanded: an old page again.
5. No text of an error holds a part of a token, a key, an audience or captures; nor does
   the ``repr`` of what is here.
6. Whatever is derived from a key is derived for one use, one version, one purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from math import ceil
from time import time
from typing import TYPE_CHECKING

from handlerid._handler_id import HandlerId
from handlerid._tokens.keys import (
    AUDIENCE_SIZE,
    NONCE_SIZE,
    Key,
    base64,
    checked,
    import_cipher,
    new_nonce,
    read_base64,
)
from handlerid.errors import (
    ExpiredToken,
    InvalidToken,
    MalformedPayload,
    NotAllowed,
    UnstableCapture,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Tokens", "Verified"]

_VERSION = "t1."
_ANY_VERSION = re.compile(r"t(?:0|[1-9][0-9]{0,3})\.")

# The body: one byte of flags, what the flags name in this order, the captures.
_EXPIRES, _AUDIENCE, _NONCE, _ENCRYPTED = 1, 2, 4, 8
_EXPIRES_SIZE = 5
_LONGEST_AGE = 1 << 39


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token says, after all of it was verified.

    Attributes:
        handler_id: the id that was issued, with its event; its ``module`` and
            ``qualname`` are None, as of any id that came as text.
        captures: the bytes that were issued with it, decrypted; ``b""`` for none.
        expires: when the token ends, in seconds since 1970, or None for never.
    """

    handler_id: HandlerId
    captures: bytes = field(default=b"", repr=False)
    expires: int | None = None


class Tokens:
    """Issues tokens, and verifies them: an id that is bound to what it was issued for.

    Nothing of it changes after it was made: any thread may use an instance.

    Args:
        keys: a secret key of at least 16 bytes, or several. The first signs, all
            verify: a new key goes first, and the old one is dropped when what it
            signed has expired.
        max_age: how long a token is good for, in whole seconds, rounded up to the next
            second of the clock; None for as long as its key. Every server needs about
            the right time.
        replay: is called with 16 bytes that no other token has, and with the expiry in
            seconds since 1970 or None; returns whether it sees them for the first time.
            It has to decide and remember in one step, for all servers; what is
            remembered may be forgotten at the expiry. Each token then serves once.
        encrypt: whether captures are encrypted; needs ``handlerid[encryption]``. The id
            stays readable.
        purpose: tokens of one purpose are none for another, with the same keys.
        max_bytes: the longest token, in characters, issued or verified.

    Raises:
        TypeError: a key is not bytes, ``max_age`` is no int, or ``replay`` is async.
        ValueError: there is no key, a key is too short, or ``max_age`` is out of range.
        ImportError: ``encrypt``, and cryptography is not installed.
    """

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
        self._keys = tuple(Key(key, purpose, cipher) for key in checked(keys))
        if max_age is not None:
            if isinstance(max_age, bool) or not isinstance(max_age, int):
                raise TypeError("max_age must be an int, in seconds, or None")
            if not 0 < max_age < _LONGEST_AGE:
                raise ValueError("max_age must be at least 1 second, and below 2**39")
        if iscoroutinefunction(replay):
            # Its coroutine would be true: every replay would be the first use.
            raise TypeError("replay must not be async: nothing awaits it")
        self._max_age = max_age
        self._replay = replay
        self._encrypt = bool(encrypt)
        self._max_bytes = max_bytes

    def issue(
        self, handler_id: str, *, audience: str | None = None, captures: bytes = b""
    ) -> str:
        """Returns a token for the page, safe in a URL path and an HTML attribute.

        The same arguments give the same token within a second, unless it is encrypted
        or there is a hook against replay.

        Args:
            handler_id: an id.
            audience: who alone may use the token, such as a session's or user's name;
                it cannot be read from the token. None for everybody.
            captures: what comes back from ``verify``.

        Raises:
            TypeError: ``audience`` is no str.
            ValueError: ``handler_id`` is not an id.
            UnstableCapture: the token would be longer than ``max_bytes``.
        """
        if not isinstance(handler_id, HandlerId):
            handler_id = _parse(handler_id)
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
            nonce = new_nonce()
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
            raise self._too_long(handler_id, len(token))
        return token.decode("ascii")

    def verify(self, token: str, *, audience: str | None = None) -> Verified:
        """Returns what a token says, if it was issued here and is still good.

        Args:
            token: as it came over the wire; anything at all.
            audience: who sent it, as the host knows it. It has to be the one that the
                token was issued for: a token for everybody is not one for somebody.

        Raises:
            InvalidToken: it is no token, was tampered with, or signed with another key
                or for another purpose.
            NotAllowed: it was issued for another audience.
            ExpiredToken: it is too old, has another version of the format, lacks what
                this server demands of a token, or was used before.
            TypeError: ``audience`` is no str, or ``replay`` did not return a bool.
        """
        raw = self._read(token)
        signed, _, signature = raw.rpartition(b".")
        for key in self._keys:
            if key.has_signed(signed, signature):
                break
        else:
            raise InvalidToken(
                "the token's signature does not hold: it was tampered with, or signed "
                "with a key, or for a purpose, that this server does not have"
            )

        head, _, body = signed.rpartition(b".")
        body = read_base64(body)
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

        if not key.is_of(digest, audience):
            raise NotAllowed("the token was issued for another audience")
        self._check_demands(flags, captures)
        if expires is not None and time() >= expires:
            raise ExpiredToken("the token has expired: the page is too old")
        if flags & _ENCRYPTED:
            captures = key.decrypt(captures, nonce, head + b"." + body[:at])
        if self._replay is not None:
            _check_first_use(self._replay(nonce, expires))
        return Verified(HandlerId(head[3:].decode("ascii")), captures, expires)

    def _read(self, token: object) -> bytes:
        """The token as bytes, before the signature: is it one at all?"""
        if not isinstance(token, str):
            raise InvalidToken("a token is a text, and this is something else")
        if not token.startswith(_VERSION):
            if _ANY_VERSION.match(token):
                raise ExpiredToken(
                    "the token has another version of the format than t1: the page is "
                    "older, or newer, than this server"
                )
            raise InvalidToken(
                "this is not a token, which begins with t1.; perhaps it is an id, of "
                "a page that was rendered without tokens"
            )
        if len(token) > self._max_bytes:
            raise InvalidToken(
                f"the token is longer than {self._max_bytes} bytes, which is max_bytes"
            )
        if not token.isascii():
            raise InvalidToken("the token has characters that no token has")
        return token.encode("ascii")

    def _check_demands(self, flags: int, captures: bytes) -> None:
        missing = (
            (self._max_age is not None and not flags & _EXPIRES)
            or (self._replay is not None and not flags & _NONCE)
            or (bool(captures) and self._encrypt != bool(flags & _ENCRYPTED))
        )
        if missing:
            raise ExpiredToken(
                "the token was issued with other settings for max_age, replay or "
                "encrypt than this server has: the page is older, or newer"
            )

    def _too_long(self, handler_id: HandlerId, size: int) -> UnstableCapture:
        return UnstableCapture(
            f"the token of {handler_id.place} would have {size} bytes, and max_bytes "
            f"is {self._max_bytes}; capture less (a key instead of what it leads to), "
            "or use Tokens(max_bytes=...)"
        )


def _parse(handler_id: str) -> HandlerId:
    try:
        return HandlerId.parse(handler_id)
    except MalformedPayload as error:
        raise ValueError(
            "handler_id is not an id: take what register() returned"
        ) from error


def _check_first_use(first: object) -> None:
    if not isinstance(first, bool):
        raise TypeError("replay must return True for the first use, else False")
    if not first:
        raise ExpiredToken("the token was used before, and each serves once")
