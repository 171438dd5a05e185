"""What a release can answer: manifests, and what a deploy changes."""

from handlerid._manifest.document import UNKNOWN, EventShape, Function, Manifest
from handlerid.manifest.build import build
from handlerid.manifest.diff import Diff, diff
from handlerid.manifest.lookup import History, history
from handlerid.manifest.rows import Row
from handlerid.manifest.seen import ClickCounter, Seen, count, read_seen

__all__ = [
    "UNKNOWN",
    "ClickCounter",
    "Diff",
    "EventShape",
    "Function",
    "History",
    "Manifest",
    "Row",
    "Seen",
    "build",
    "count",
    "diff",
    "history",
    "read_seen",
]
