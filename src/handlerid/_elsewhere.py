"""How a call travels to another process: as id and payload, or by value.

What belongs here: packing, signing, pickling, and finding the worker's dispatcher.
Which executor carries it is the host's choice, and none is imported here.

The rules:

1. A job that is never pickled runs where it is, whatever the executor: that is how
   threads keep the context. One that is pickled runs where it is unpickled.
2. The worker's dispatcher is named by the host, ``"module:name"``; no part of the
   name comes from a payload.
3. A handler itself travels only when the host says so, by cloudpickle. What was
   pickled is signed (HMAC-SHA256), together with the id and the Python that it was
   made for, and nothing is unpickled before the signature was checked.
4. On arrival the handler's id is computed again, and compared. The location is the
   sender's word, under the signature: it is a name, and not in the code.
"""

from __future__ import annotations

import hmac
import os
import re
import sys
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from handlerid._anatomy import name_of, take_apart
from handlerid._handler_id import HandlerId
from handlerid.errors import InvalidToken, StaleHandler, UnsupportedHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlerid._identity import Identity

__all__ = ["ByValue", "Job", "Parcel", "check_worker", "pack", "unpack"]

_WORKER = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_PURPOSE = b"handlerid by value 1"
_LOCATION = slice(0, 16)
"""Of an id: ``h1-`` and the location."""

# cloudpickle's list of modules to pickle by value is one for the whole process.
_by_value = Lock()


class _Handler(Protocol):
    """A registered handler, as far as travelling is concerned."""

    @property
    def id(self) -> str: ...
    @property
    def fn(self) -> Callable[..., object]: ...
    @property
    def event(self) -> type: ...


@dataclass(frozen=True, slots=True)
class ByValue:
    """A handler and its event, pickled and signed.

    Attributes:
        handler_id: the id of the handler.
        python: the Python whose bytecode it is.
        pickled: the handler, its event type and the event.
        signature: of all the others.
    """

    handler_id: str
    python: str
    pickled: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """What travels.

    Attributes:
        worker: where the worker finds its dispatcher.
        content: the payload as it came, or the handler by value.
        runner: runs what is asynchronous.
        number: another one for each, so that an engine that remembers results by
            what it was sent does not take two equal calls for one.
    """

    worker: str
    content: object
    runner: Callable[..., Any] | None
    number: bytes


class Job:
    """Runs a call here; or, if it is pickled on the way, where it is unpickled."""

    def __init__(
        self, here: Callable[[], object], parcel: Parcel | None, handler: _Handler
    ) -> None:
        self._here = here
        self._parcel = parcel
        self._handler = handler

    def __call__(self) -> object:
        return self._here()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._parcel is None:
            # Said there: engines make other errors of one while something is pickled.
            return (partial, (_refuse, name_of(self._handler.fn)))
        return (Arrived, (self._parcel,))


def _refuse(handler: str) -> None:
    raise UnsupportedHandler(
        f"a call of {handler} was sent to another process, and nobody said where its "
        "dispatcher is: pass worker='module:name' to the dispatcher or to submit()"
    )


class Arrived:
    """A job in the process where it is run."""

    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel

    def __call__(self) -> object:
        module, _, name = self._parcel.worker.partition(":")
        dispatcher = getattr(import_module(module), name)
        receive = getattr(type(dispatcher), "_receive", None)
        if receive is None:
            raise TypeError(f"{self._parcel.worker} is no Dispatcher")
        return receive(dispatcher, self._parcel.content, self._parcel.runner)


def check_worker(worker: str) -> str:
    """Returns what names a worker's dispatcher.

    Raises:
        ValueError: it is not written as such a name.
    """
    if not _WORKER.fullmatch(worker):
        raise ValueError("worker must be written as 'module:name'")
    return worker


def pack(
    *,
    worker: str | None,
    payload: object,
    runner: Callable[..., Any] | None,
    handler: _Handler | None,
    event: object,
    key: bytes | None,
) -> Parcel | None:
    """Makes what travels, or None where nobody said where to.

    Args:
        worker: where the worker finds its dispatcher.
        payload: as it came, or as it was opened.
        runner: runs what is asynchronous.
        handler: the handler, if it travels by value.
        event: travels with a handler.
        key: signs a handler.

    Raises:
        ValueError: ``worker`` is not written as one, or ``handler`` has no key or
            no worker.
        UnsupportedHandler: the handler or its event cannot be pickled.
    """
    if handler is not None and (worker is None or key is None):
        raise ValueError(
            "by_value needs to know the worker's dispatcher and a key that it has "
            "too: Dispatcher(..., worker='module:name', worker_key=...)"
        )
    if worker is None:
        return None
    content = payload
    if handler is not None and key is not None:
        content = _by_value_of(handler, event, key)
    return Parcel(check_worker(worker), content, runner, os.urandom(16))


def unpack(
    sent: ByValue, key: bytes | None, identity: Identity
) -> tuple[HandlerId, Callable[..., object], type, Any]:
    """Returns the id, the handler, its event type and the event of what arrived.

    Args:
        sent: what arrived.
        key: the worker's key.
        identity: computes the worker's ids.

    Raises:
        InvalidToken: the signature does not hold.
        StaleHandler: the code is other than the id says, or of another Python.
    """
    if key is None:
        raise InvalidToken(
            "a handler arrived by value, and this dispatcher has no worker_key"
        )
    expected = _sign(key, sent.handler_id, sent.python, sent.pickled)
    if not hmac.compare_digest(expected, sent.signature):
        raise InvalidToken(
            "a handler arrived by value, and was tampered with on the way or signed "
            "with another worker_key"
        )
    if sent.python != _python():
        raise StaleHandler(
            f"{sent.handler_id} arrived by value from {sent.python}, and bytecode "
            f"belongs to one Python: this is {_python()}",
            handler_id=sent.handler_id,
        )
    pickling = _cloudpickle()
    fn, event_type, event = pickling.loads(sent.pickled)
    code = sent.handler_id[_LOCATION.stop :]
    here = identity.handler_id(fn, event_type)
    kinds = [False]
    if here[_LOCATION.stop :] != code and HandlerId(sent.handler_id).captures:
        kinds.append(True)  # of a registry that tells captures apart
    for distinct in kinds:
        if distinct:
            here = identity.distinct_id(fn, event_type)
        # One that has an explicit name hashes to the second.
        ids = here, identity.id_at(fn, "_", event_type, distinct=distinct)
        if code in [one[_LOCATION.stop :] for one in ids]:
            handler_id = HandlerId(sent.handler_id, here.module, here.qualname)
            return handler_id, fn, event_type, event
    raise StaleHandler(
        f"the code that arrived for {sent.handler_id} has another id here: do "
        "both sides make ids in the same way?",
        handler_id=sent.handler_id,
        current=(here,),
    )


def _by_value_of(handler: _Handler, event: object, key: bytes) -> ByValue:
    pickling = _cloudpickle()
    own = {take_apart(handler.fn).module, handler.event.__module__}
    with _by_value:
        # Else what this process can import would travel by its name.
        known = pickling.list_registry_pickle_by_value()
        added = [
            sys.modules[name]
            for name in own - known
            if name in sys.modules and not name.startswith("handlerid.")
        ]
        for module in added:
            pickling.register_pickle_by_value(module)
        try:
            pickled = pickling.dumps((handler.fn, handler.event, event))
        except Exception as error:
            raise UnsupportedHandler(
                f"{name_of(handler.fn)} cannot travel by value, since it cannot be "
                "pickled: it uses something that belongs to this process"
            ) from error
        finally:
            for module in added:
                pickling.unregister_pickle_by_value(module)
    handler_id = str(handler.id)
    signature = _sign(key, handler_id, _python(), pickled)
    return ByValue(handler_id, _python(), pickled, signature)


def _cloudpickle() -> Any:
    """Imported when it is needed: few need it, and it is most of an import."""
    return import_module("cloudpickle")


def _sign(key: bytes, handler_id: str, python: str, pickled: bytes) -> bytes:
    # None of the first three has a zero byte in it.
    head = b"\0".join([_PURPOSE, handler_id.encode(), python.encode(), b""])
    return hmac.digest(key, head + pickled, "sha256")


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:2]))
    return f"{sys.implementation.name} {version}"
