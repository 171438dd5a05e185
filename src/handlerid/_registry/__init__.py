"""From an id to its handler: registries, how handlers are called, scanned modules."""

from handlerid._registry.entries import (
    Captures,
    Entries,
    RegisteredHandler,
    Stale,
    Unstable,
)
from handlerid._registry.locations import closest, refusal
from handlerid._registry.registry import Registry
from handlerid._registry.scan import Scan
from handlerid._registry.signatures import bind

__all__ = [
    "Captures",
    "Entries",
    "RegisteredHandler",
    "Registry",
    "Scan",
    "Stale",
    "Unstable",
    "bind",
    "closest",
    "refusal",
]
