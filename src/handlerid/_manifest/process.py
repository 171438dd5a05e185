"""The manifest of what a process met: its handlers, and what scopes were offered."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from types import FunctionType
from typing import Any

from handlerid._manifest.code import FunctionCode, defaults_of
from handlerid._manifest.document import Manifest
from handlerid._manifest.gather import Gathered
from handlerid.errors import UnsupportedHandler


def met(entries: Any, release: str | None) -> Manifest:
    """Return the manifest of a registry's entries and of its identity's records.

    What a scope was offered is remembered by its code alone: wrappers and names of
    parameters with a default are unknown.
    """
    gathered = Gathered(entries.identity)
    for fn, inner, event in (*_registered(entries), *_offered(entries.identity)):
        with suppress(UnsupportedHandler):  # its file was replaced before it was read
            gathered.add(
                fn,
                inner.__code__,
                defaults=defaults_of(inner),
                events=[event] if event else [],
                naming=entries.names.of(fn),
            )
    return gathered.manifest(release)


def _registered(entries: Any) -> Iterator[tuple[Any, FunctionType, Any]]:
    """Yield the handlers, the innermost function of each, and their event types."""
    for one in entries.handlers.copy().values():
        inner = one.code[-1][0] if type(one.code) is tuple else one.fn
        yield one.fn, inner, one.event


def _offered(identity: Any) -> Iterator[tuple[FunctionType, FunctionType, Any]]:
    """Yield functions of the code that ids were computed of."""
    for record in identity.records.copy().values():
        code, (_, qualname, module, *_) = record(), record.last
        if code is not None and qualname is not None:
            names = vars(sys.modules[module]) if module in sys.modules else {}
            fn = FunctionCode(code).function(names)
            fn.__qualname__, fn.__module__ = qualname, module
            binding = record.binding and record.binding()
            yield fn, fn, binding and binding.event
