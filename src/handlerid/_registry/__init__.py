"""From an id to its handler.

``registry``    the registry of an application
``entries``     handlers by id, for a registry or a scope
``signatures``  how a handler is called
``captures``    the warning about a handler that replaces another
``locations``   stale ids, names and earlier locations
``modules``     code of scanned modules
``scan``        finding handlers in a package
"""

from handlerid._registry.entries import (
    Captures,
    Entries,
    RegisteredHandler,
    Stale,
    Unstable,
)
from handlerid._registry.locations import closest, refusal
from handlerid._registry.modules import CodeIndex
from handlerid._registry.registry import Registry
from handlerid._registry.scan import Scan
from handlerid._registry.signatures import bind

__all__ = [
    "Captures",
    "CodeIndex",
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
