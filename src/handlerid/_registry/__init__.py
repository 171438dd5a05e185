"""From an id to its handler: registries, how handlers are called, scanned modules."""

from handlerid._registry.entries import Captures as Captures
from handlerid._registry.entries import Entries as Entries
from handlerid._registry.entries import Holder as Holder
from handlerid._registry.entries import RegisteredHandler as RegisteredHandler
from handlerid._registry.entries import Stale as Stale
from handlerid._registry.entries import Unstable as Unstable
from handlerid._registry.locations import refusal as refusal
from handlerid._registry.registry import Registry as Registry
from handlerid._registry.scan import Scan as Scan
from handlerid._registry.signatures import bind as bind
