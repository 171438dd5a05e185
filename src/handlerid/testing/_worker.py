"""What the fresh process does: import the target, find its handlers, explain their ids.

What belongs here: everything that runs there. The other side is ``_processes``.
"""

from __future__ import annotations

import json
import os
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from handlerid._anatomy import name_of
from handlerid._calling import convention
from handlerid._dispatcher import Dispatcher
from handlerid._explain import Explanation
from handlerid._identity import DEFAULT, Identity
from handlerid._registry import Registry
from handlerid._scan import declared_in, modules_of
from handlerid.errors import HandlerIdError, ScanFailed
from handlerid.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

__all__ = ["work"]


class _Found(NamedTuple):
    name: str
    fn: Callable[..., object]
    event: type[Event]
    identity: Identity
    distinct: bool = False


def work(job: dict[str, Any]) -> None:
    """Does the job, writes what it found into the job's file, and ends the process.

    An exception is not caught: its traceback is what the user is shown.
    """
    if job["trace"]:
        sys.settrace(_trace)
    modules = list(modules_of(job["target"], _as_it_is))
    if job["copy"] is not None:
        _check_place(modules[0], Path(job["copy"]))
    identity = _identity(job["identity"])
    found = [one for module in modules for one in _in_module(module, identity)]
    if job["handlers"] is not None:
        found += _further(pkgutil.resolve_name(job["handlers"])(), identity or DEFAULT)
    # One handler may stand in a namespace and in a registry; closures share an id.
    records = dict.fromkeys(json.dumps(_record(one)) for one in found)
    Path(job["result"]).write_text(f"[{','.join(records)}]", "ascii")
    sys.stdout.flush()
    sys.stderr.flush()
    # What the modules have started, threads among it, is not waited for.
    os._exit(0)


def _trace(*_: object) -> Any:
    return _trace


def _as_it_is(failed: ScanFailed) -> NoReturn:
    raise failed.__cause__ or failed


def _check_place(module: ModuleType, copy: Path) -> None:
    places = [module.__file__] if module.__file__ else list(module.__path__)
    if not all(Path(place).resolve().is_relative_to(copy) for place in places):
        raise ImportError(
            f"{module.__name__} was imported from {places[0]}, not from the copy in "
            f"{copy}: something finds it before sys.path is asked"
        )


def _identity(settings: dict[str, Any] | None) -> Identity | None:
    if settings is None:
        return None
    key = settings["key"]
    return Identity(
        key=bytes.fromhex(key) if key else None,
        fingerprint=settings["fingerprint"],
        module_name=_resolve(settings["module_name"]),
        encoders=_resolve(settings["encoders"]),
    )


def _resolve(name: str | None) -> Any:
    return None if name is None else pkgutil.resolve_name(name)


def _record(found: _Found) -> dict[str, Any]:
    event = f" ({found.event.wire_name})" if found.event.wire_name else ""
    record: dict[str, Any] = {"name": f"{found.name}{event}"}
    try:
        explanation = Explanation.of(
            found.fn,
            event=found.event,
            identity=found.identity,
            distinct=found.distinct,
        )
    except HandlerIdError as error:
        return {**record, "refused": str(error)}
    return {**record, "explanation": explanation.as_dict()}


# Finding handlers.


def _in_module(module: ModuleType, identity: Identity | None) -> Iterator[_Found]:
    for value in list(vars(module).values()):
        # Not isinstance: a proxy may answer for an object that is not there yet.
        kind = type(value)
        if issubclass(kind, Dispatcher):
            yield from _in_registry(value.registry, identity)
        elif issubclass(kind, Registry):
            yield from _in_registry(value, identity)
    for one in declared_in(module):
        yield _Found(name_of(one.fn), one.fn, one.event, identity or DEFAULT)


def _in_registry(registry: Registry, identity: Identity | None) -> Iterator[_Found]:
    for handler_id in registry:
        handler = registry.resolve(handler_id)
        yield _Found(
            name_of(handler.fn),
            handler.fn,
            handler.event,
            identity or registry.identity,
            distinct=registry._distinct,  # noqa: SLF001 - captures are in its ids
        )


def _further(handlers: object, identity: Identity) -> Iterator[_Found]:
    """What the user's own function returned; here an annotation is not needed."""
    fns: Any = handlers
    for fn in fns:
        for event in convention(fn, Event).accepts or (Event,):
            yield _Found(name_of(fn), fn, event, identity)
