"""The host's keys: signatures, audience digests, encryption.

The host's key only derives other keys, each for one use, one version of the format and
one purpose: a signature for one of them is worthless for the others, and for another
program with the same key.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from hashlib import blake2b
from hmac import digest as hmac_digest
from typing import Any

AUDIENCE_SIZE = 12
NONCE_SIZE = 16
# Half of HMAC-SHA256, as RFC 2104 allows: 22 characters a handler instead of 43.
_SIGNATURE_SIZE = 16
_SHORTEST_KEY = 16

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# The nonce of AES-GCM. A constant is safe: each derived key encrypts one message.
GCM_NONCE = bytes(12)


class Key:
    """The keys derived from one key of the host, for one purpose."""

    __slots__ = ("_audience", "_cipher", "_encryption", "_signing")

    def __init__(self, key: bytes, purpose: str, cipher: Any) -> None:
        def derive(use: bytes) -> bytes:
            context = b"handlerid t1 " + use + b"\0" + purpose.encode()
            return hmac_digest(key, context, "sha256")

        self._signing = derive(b"signing")
        # Copying a state is cheaper than making a new one.
        self._audience = blake2b(digest_size=AUDIENCE_SIZE, key=derive(b"audience"))
        self._encryption = blake2b(digest_size=32, key=derive(b"encryption"))
        self._cipher = cipher

    def sign(self, text: bytes) -> bytes:
        """Return the 22 characters that sign a text."""
        return base64(hmac_digest(self._signing, text, "sha256")[:_SIGNATURE_SIZE])

    def digest_of(self, audience: str | None) -> bytes:
        """Return the keyed digest of an audience; ``b""`` for anybody."""
        if audience is None:
            return b""
        if not isinstance(audience, str):
            raise TypeError("audience must be a str, or None for anybody")
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


def check_keys(keys: bytes | Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the host's keys, the one that signs first."""
    several: Any = (keys,) if isinstance(keys, bytes) else keys
    ordered = isinstance(several, Sequence)  # a set has no first key
    if not ordered or not all(isinstance(key, bytes) for key in several):
        raise TypeError("keys must be bytes, or a sequence of bytes")
    if not several:
        raise ValueError("keys is empty: the first key signs")
    if min(len(key) for key in several) < _SHORTEST_KEY:
        raise ValueError(
            f"a key must have at least {_SHORTEST_KEY} random bytes: "
            "secrets.token_bytes(32)"
        )
    return tuple(several)


def import_cipher() -> Any:
    """Return AES-GCM."""
    try:  # not above: cryptography is an extra
        from cryptography.hazmat.primitives.ciphers import aead  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "Tokens(encrypt=True) needs cryptography: "
            "pip install 'handlerid[encryption]'"
        ) from error
    return aead.AESGCM


def base64(data: bytes) -> bytes:
    """Write base64url without padding."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")
