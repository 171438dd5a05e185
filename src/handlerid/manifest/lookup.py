"""The functions of a manifest, and which of them an id is of."""

from base64 import b32decode
from collections.abc import Iterator
from typing import NamedTuple

from handlerid import HandlerId, Identity
from handlerid._manifest.document import UNKNOWN, Function, Manifest, Place

BARE = 37
"""Characters of an id up to its fingerprint."""


class Found(NamedTuple):
    """A function of a manifest.

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

    @property
    def location(self) -> str:
        """The explicit name, or the place as ``moved_from`` takes it."""
        return self.function.name or ":".join(self.place)

    @property
    def is_handler(self) -> bool:
        """Whether it names an event type, or has a name or ``moved_from``."""
        function = self.function
        return bool(function.events or function.name or function.moved_from)

    def ids(self, identity: Identity) -> list[HandlerId]:
        """Return the ids that a release writes for it, one an event."""
        bare = self.bare_ids(identity)[0]
        events = [one for one in self.function.events if one != UNKNOWN]
        texts = [f"{bare}.{one}" for one in events] or [bare]
        return [HandlerId(one, *self.place) for one in texts]

    def bare_ids(self, identity: Identity) -> list[HandlerId]:
        """Return its ids without event, by each key; those that are written first."""
        function = self.function
        parts = [(":".join(self.place), function.code)]
        if function.name is not None:
            parts.insert(0, (function.name, function.body))
        return [
            one
            for location, code in parts
            for one in identity.ids(location, b32decode(f"{code.upper()}===="))
        ]


def functions_of(manifest: Manifest) -> Iterator[Found]:
    """Yield the functions of a manifest, by module and qualified name."""
    for place, several in sorted(manifest.functions.items()):
        for function in several:
            yield Found(place, function)


class Ids:
    """Finds the function of an id; captures part and event do not count.

    Args:
        manifest: of the release that wrote the ids.
        identity: that of the host; ids by all of its keys are found.
    """

    def __init__(self, manifest: Manifest, identity: Identity) -> None:
        self._exact: dict[str, Found] = {}
        self._at: dict[str, list[Found]] = {}
        for found in functions_of(manifest):
            for one in found.bare_ids(identity):
                self._exact.setdefault(one, found)
                self._at.setdefault(one.location, []).append(found)

    def find(self, handler_id: HandlerId) -> Found | None:
        """Return the function of an id, or None."""
        return self._exact.get(handler_id[:BARE])

    def at_location(self, handler_id: HandlerId) -> tuple[Found, ...]:
        """Return the functions at the location of an id, whatever their code is."""
        return tuple(self._at.get(handler_id.location, ()))
