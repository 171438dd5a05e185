"""Runs in a fresh process of ``assert_stable``: import, find handlers, explain ids."""

import json
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import normalize

from handlerid import Dispatcher, Registry, explain
from handlerid.errors import ScanFailed

NOT_IMPORTED = 3
"""Exit code if the target cannot be imported."""


def work(task: dict[str, Any]) -> None:
    """Write the explained ids of the target's handlers as JSON, and end the process.

    An exception is not caught: the user gets its traceback.
    """
    target = task["target"]
    # As Python reads names.
    name, more = (normalize("NFKC", task[x] or "") for x in ("identity", "handlers"))
    identity = pkgutil.resolve_name(name) if name else None
    # Only ids are compared, so replaced captures do not matter.
    registry = Registry(identity=identity, captures="allow")
    try:
        registry.scan(target)
    except ScanFailed:
        traceback.print_exc()
        os._exit(NOT_IMPORTED)  # without waiting for threads, as below
    if more:
        for fn in pkgutil.resolve_name(more)():
            registry.register(fn)
    found: dict[str, dict[str, Any]] = {}
    for one in (registry, *_registries(target)):
        for handler_id in one:
            name = f"{handler_id.module}.{handler_id.qualname}"
            name += f" ({handler_id.event})" if handler_id.event else ""
            fn, event = one.resolve(handler_id).fn, handler_id.event or None
            explained = partial(explain, fn, identity=one.identity, event=event)
            explanation = explained()
            if handler_id.captures != explanation.id.captures:
                explanation = explained(captures=True)
            found.setdefault(name, {})[handler_id] = explanation.as_dict()
    Path(task["result"]).write_text(json.dumps(found), "ascii")
    os._exit(0)  # without waiting for threads that the modules have started


def _registries(target: str) -> Iterator[Registry]:
    """Yield the registries that the modules hold, also those of dispatchers."""
    for name, module in list(sys.modules.items()):
        if name == target or name.startswith(f"{target}."):
            for value in list(vars(module).values()):
                # Not isinstance(), which would load a lazy proxy.
                if issubclass(type(value), Dispatcher):
                    yield value.registry
                elif issubclass(type(value), Registry):
                    yield value
