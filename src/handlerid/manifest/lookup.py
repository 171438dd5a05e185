"""The functions of a manifest by the ids that pages hold."""

from base64 import b32decode
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
        bare = _bare_ids(self, identity)[0]
        events = [one for one in self.function.events if one != UNKNOWN]
        texts = [f"{bare}.{one}" for one in events] or [bare]
        return [HandlerId(one, *self.place) for one in texts]


class Ids:
    """Finds the function of an id; captures part and event do not count.

    Args:
        manifest: of the release that wrote the ids.
        identity: that of the host; ids by all of its keys are found.
    """

    def __init__(self, manifest: Manifest, identity: Identity) -> None:
        self._exact: dict[str, Found] = {}
        self._at: dict[str, list[Found]] = {}
        for place, several in manifest.functions.items():
            for function in several:
                found = Found(place, function)
                for one in _bare_ids(found, identity):
                    self._exact.setdefault(one, found)
                    self._at.setdefault(one.location, []).append(found)

    def find(self, handler_id: HandlerId) -> Found | None:
        """Return the function of an id, or None."""
        return self._exact.get(handler_id[:BARE])

    def at_location(self, handler_id: HandlerId) -> tuple[Found, ...]:
        """Return the functions at the location of an id, whatever their code is."""
        return tuple(self._at.get(handler_id.location, ()))


def _bare_ids(found: Found, identity: Identity) -> list[HandlerId]:
    """Return the ids without event, by each key; those that are written come first."""
    function = found.function
    parts = [(":".join(found.place), function.code)]
    if function.name is not None:
        parts.insert(0, (function.name, function.body))
    return [
        one
        for location, code in parts
        for one in identity.ids(location, b32decode(f"{code.upper()}===="))
    ]
