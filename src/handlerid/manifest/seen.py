"""Clicks by id: what was counted on running servers, or found in any text.

1. A line that ``handlerid.manifest.count`` wrote has the number of clicks by id. In
   every other line, each id or token is one click.
2. Captures are no part of what is counted: all closures of a handler are one.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from handlerid import HandlerId, Identity
from handlerid._manifest.document import Manifest, Place
from handlerid.errors import MalformedPayload
from handlerid.manifest.lookup import BARE, Found, Ids
from handlerid.manifest.rows import Row

COUNTED = b'{"handlerid clicks": '
"""How a line begins that holds numbers."""

_PART = 17
"""Characters of the captures part of an id."""

# As docs/contributing/id-format.md and tokens.md have them.
_CODE = rb"h1-[a-z2-7]{12}[acegikmoqsuwy246]-[a-z2-7]{19}[aq]"
_CAPTURES, _EVENT = rb"(?:-[a-z2-7]{16})?", rb"(?:\.[a-z][a-z0-9_]{0,63})?"
_ID = rb"(%b)(%b)(%b)" % (_CODE, _CAPTURES, _EVENT)
# In a token, a part in base64 comes after the event, and may look like one.
_TOKEN = rb"t1\.%b\.([\w-]+)\.[\w-]{22}" % _ID
_REFERENCE = re.compile(rb"(?<![\w-])(?:%b|%b)(?![\w-])" % (_TOKEN, _ID))


@dataclass(frozen=True)
class Seen:
    """How often handlers were clicked; ``handlerid.manifest.read_seen`` makes one.

    Attributes:
        counts: clicks by id, without its captures part.
        damaged: lines that were cut off while they were written.
    """

    __module__ = "handlerid.manifest"

    counts: Mapping[str, int]
    damaged: int = 0

    @property
    def total(self) -> int:
        """The number of all clicks."""
        return sum(self.counts.values())


def read_seen(source: str | Path | Iterable[bytes]) -> Seen:
    """Read clicks from a file, or from lines.

    Args:
        source: what ``count`` wrote, or any text that has the ids or tokens of clicks,
            such as a log: each is one click.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(source, str | Path):
        with Path(source).open("rb") as lines:
            return read_seen(lines)
    counts: Counter[str] = Counter()
    damaged = 0
    for line in source:
        if not line.startswith(COUNTED):
            counts.update(without_captures(x.handler_id) for x in references_in(line))
            continue
        try:
            for one, number in json.loads(line)["handlerid clicks"].items():
                counts[HandlerId.parse(one)] += int(number)
        except (AttributeError, MalformedPayload, TypeError, ValueError):
            damaged += 1
    return Seen(counts, damaged)


class Reference(NamedTuple):
    """An id or a token in a text.

    Attributes:
        handler_id: the id, or that in the token.
        body: of a token, what is encoded between id and signature; else empty.
    """

    handler_id: HandlerId
    body: str


def references_in(text: bytes) -> Iterator[Reference]:
    """Yield the ids and tokens in a text."""
    for *token, body, one, captures, event in _REFERENCE.findall(text):
        handler_id = b"".join(token) or one + captures + event
        yield Reference(HandlerId(handler_id.decode("ascii")), body.decode("ascii"))


def without_captures(handler_id: str) -> str:
    """Return an id without its captures part."""
    rest = handler_id[BARE:]
    return handler_id[:BARE] + (rest[_PART:] if rest.startswith("-") else rest)


class Weights:
    """The clicks of each function of a manifest.

    Attributes:
        unknown: clicks whose id is none of the manifest.
    """

    def __init__(self, seen: Seen, manifest: Manifest, identity: Identity) -> None:
        self.unknown: int = 0
        self._manifest = manifest
        self._clicks: dict[tuple[Place, str], Counter[str]] = defaultdict(Counter)
        ids = Ids(manifest, identity)
        for text, number in seen.counts.items():
            handler_id = HandlerId(text)
            found = ids.find(handler_id)
            # The fingerprint of one that has wrappers is not in the manifest.
            hidden = [x for x in ids.at_location(handler_id) if self._is_hidden(x)]
            for one in [found] if found else hidden[:1]:
                self._clicks[one.place, one.function.code][handler_id.event] += number
                break
            else:
                self.unknown += number

    def _is_hidden(self, found: Found) -> bool:
        return found.name in self._manifest.not_seen

    def take(self, row: Row) -> int:
        """Return the clicks of a row, and those for events that no row is about.

        Each is returned once.
        """
        place = row.module, row.qualname
        clicks = self._clicks.get((place, row.code), Counter[str]())
        several = self._manifest.functions.get(place, ())
        named = {x for one in several if one.code == row.code for x in one.events}
        mine = [x for x in clicks if x in row.events or x not in named]
        return sum(clicks.pop(one) for one in mine)
