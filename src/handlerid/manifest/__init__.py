"""What a release can answer: manifests, and what a deploy changes."""

from handlerid._manifest.document import UNKNOWN, EventShape, Function, Manifest
from handlerid.manifest.build import build

__all__ = ["UNKNOWN", "EventShape", "Function", "Manifest", "build"]
