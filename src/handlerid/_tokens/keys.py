"""The host's keys, and all that is done with them: signing, digests, encryption.

What belongs here: everything that touches a key's bytes. What is signed, and what is
carried, is not known here.

The rules:

1. The host's key itself is used for one thing: deriving others, each for one use, one
   version of the format and one purpose. So nothing that is signed for one of them
   holds for another, or for another program with the same key.
2. No text of an error holds a key, and no ``repr`` does.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from hmac import digest as hmac_digest
from os import urandom
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "AUDIENCE_SIZE",
    "NONCE_SIZE",
    "Key",
    "base64",
    "checked",
    "import_cipher",
    "new_nonce",
    "read_base64",
]

AUDIENCE_SIZE = 12
NONCE_SIZE = 16
# Half of HMAC-SHA256, as RFC 2104 allows: 22 characters a handler instead of 43.
_SIGNATURE_SIZE = 16
_SHORTEST_KEY = 16

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")

_ONCE = bytes(12)
"""The nonce of AES-GCM: each of its keys encrypts once."""


class Cipher(Protocol):
    """AES-GCM of cryptography, as far as it is used."""

    def encrypt(self, nonce: bytes, data: bytes, aad: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, aad: bytes, /) -> bytes: ...


class Key:
    """What is derived from one of the host's keys, for one purpose."""

    __slots__ = ("_audience", "_cipher", "_encryption", "_signing")

    def __init__(
        self, key: bytes, purpose: str, cipher: Callable[[bytes], Cipher] | None
    ) -> None:
        def derive(use: bytes) -> bytes:
            context = b"handlerid t1 " + use + b"\0" + purpose.encode()
            return hmac_digest(key, context, "sha256")

        self._signing = derive(b"signing")
        # States to copy from, which is cheaper than making one anew.
        self._audience = blake2b(digest_size=AUDIENCE_SIZE, key=derive(b"audience"))
        self._encryption = blake2b(digest_size=32, key=derive(b"encryption"))
        self._cipher: Any = cipher

    def sign(self, text: bytes) -> bytes:
        """Returns the 22 characters that sign a text."""
        return base64(hmac_digest(self._signing, text, "sha256")[:_SIGNATURE_SIZE])

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Tells whether these are the characters that sign the text."""
        return compare_digest(self.sign(text), signature)

    def is_of(self, digest: bytes, audience: str | None) -> bool:
        """Tells whether a digest, or ``b""``, stands for this audience, or for none."""
        expected = b"" if audience is None else self.digest_of(audience)
        return compare_digest(expected, digest)

    def digest_of(self, audience: str) -> bytes:
        """Returns what stands for an audience: who has no key learns nothing of it."""
        if not isinstance(audience, str):
            raise TypeError("audience must be a str, or None for everybody")
        state = self._audience.copy()
        state.update(audience.encode("utf-8", "surrogatepass"))
        return state.digest()

    def encrypt(self, captures: bytes, nonce: bytes, around: bytes) -> bytes:
        """Returns captures encrypted; they cannot be read beside other fields."""
        return self._cipher_of(nonce).encrypt(_ONCE, captures, around)

    def decrypt(self, captures: bytes, nonce: bytes, around: bytes) -> bytes:
        """Returns what was encrypted with this nonce, beside these fields."""
        return self._cipher_of(nonce).decrypt(_ONCE, captures, around)

    def _cipher_of(self, nonce: bytes) -> Cipher:
        # A key a token, because nonces of AES-GCM are short: with one key, random ones
        # are good for 2**32 tokens, and a busy site gets there.
        state = self._encryption.copy()
        state.update(nonce)
        cipher: Cipher = self._cipher(state.digest())
        return cipher


def checked(keys: bytes | Sequence[bytes]) -> tuple[bytes, ...]:
    """Returns the host's keys, the one that signs first.

    Raises:
        TypeError: not bytes, and not a sequence of bytes: a set has no first one.
        ValueError: there is none, or one is too short.
    """
    several: object = (keys,) if isinstance(keys, bytes) else keys
    if not isinstance(several, Sequence) or not all(
        isinstance(key, bytes) for key in several
    ):
        raise TypeError("keys must be bytes, or a sequence of bytes")
    if not several:
        raise ValueError("keys is empty: there must be one that signs")
    if min(len(key) for key in several) < _SHORTEST_KEY:
        raise ValueError(
            f"a key must have at least {_SHORTEST_KEY} bytes, and random ones: "
            "secrets.token_bytes(32)"
        )
    return tuple(several)


def import_cipher() -> Callable[[bytes], Cipher]:
    """Returns AES-GCM.

    Raises:
        ImportError: cryptography is not installed.
    """
    # Not above: who encrypts nothing need not have it.
    try:
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415
            AESGCM,
        )
    except ImportError as error:
        raise ImportError(
            "Tokens(encrypt=True) needs cryptography: "
            "pip install 'handlerid[encryption]'"
        ) from error
    return AESGCM


def new_nonce() -> bytes:
    """Returns 16 bytes that no other token has."""
    return urandom(NONCE_SIZE)


def base64(data: bytes) -> bytes:
    """Writes base64url without padding."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


def read_base64(text: bytes) -> bytes:
    """Reads what ``base64`` wrote; a signature has shown that it did."""
    return a2b_base64(text.translate(_STANDARD) + b"==")  # as much as is missing
