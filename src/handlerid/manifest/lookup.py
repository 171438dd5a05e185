"""The functions of a manifest by the ids that pages hold.

With keys, an id holds keyed hashes of the digests that a manifest has, so that both can
be compared where the keys are.
"""

from base64 import b32decode, b32encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from handlerid import HandlerId
from handlerid._manifest.document import Function, Manifest, Place


class Found(NamedTuple):
    """A function that an id may be of.

    Attributes:
        place: module and qualified name.
        function: what the manifest says of it.
    """

    place: Place
    function: Function

    @property
    def name(self) -> str:
        """Module and qualified name in one text."""
        return ".".join(self.place)


class Ids:
    """Finds the function of an id; the captures part does not count.

    Args:
        manifest: of the release that wrote the ids.
        keys: those of its ``Identity``, if it has any.
    """

    def __init__(self, manifest: Manifest, keys: Sequence[bytes] = ()) -> None:
        self._exact: dict[tuple[str, str], Found] = {}
        self._at: dict[str, list[Found]] = {}
        for place, several in manifest.functions.items():
            for function in several:
                found = Found(place, function)
                for location, code in parts_of(found):
                    for id_parts in _written(location, code, keys):
                        self._exact.setdefault(id_parts, found)
                        self._at.setdefault(id_parts[0], []).append(found)

    def find(self, handler_id: HandlerId) -> Found | None:
        """Return the function of an id, or None."""
        return self._exact.get((handler_id.location, handler_id.fingerprint))

    def at_location(self, handler_id: HandlerId) -> tuple[Found, ...]:
        """Return the functions at the location of an id, whatever their code is."""
        return tuple(self._at.get(handler_id.location, ()))


def parts_of(found: Found) -> list[tuple[bytes, str]]:
    """Return what is hashed for each location, and the code there; its own first."""
    module, qualname = found.place
    function = found.function
    here = f"{len(module)}:{module}{qualname}"
    parts = [(here, function.code)]
    if function.name is not None:
        parts.insert(0, (f"={function.name}", function.body))
    return [(text.encode("utf-8", "surrogatepass"), code) for text, code in parts]


def ids_of(found: Found, keys: Sequence[bytes] = ()) -> list[HandlerId]:
    """Return the ids that a release writes for a function, one an event."""
    location, code = parts_of(found)[0]
    bare = "h1-{}-{}".format(*_written(location, code, keys[:1])[0])
    events = [one for one in found.function.events if one != "unknown"] or [""]
    return [HandlerId(f"{bare}.{one}".rstrip("."), *found.place) for one in events]


def _written(
    location: bytes, code: str, keys: Sequence[bytes]
) -> list[tuple[str, str]]:
    """Return location and fingerprint as ids have them, for each key."""
    digest = blake2b(location, digest_size=8, person=b"location").digest()
    if not keys:
        return [(_base32(digest), code)]
    plain = b32decode(code.upper() + "====")
    return [
        (
            _base32(_keyed(digest, b"location", key)),
            _base32(_keyed(plain, b"code", key)),
        )
        for key in keys
    ]


def _keyed(digest: bytes, part: bytes, key: bytes) -> bytes:
    return blake2b(digest, digest_size=len(digest), person=part, key=key).digest()


def _base32(digest: bytes) -> str:
    return b32encode(digest).decode().rstrip("=").lower()
