"""Run calls in an executor: in a thread, or in another process by id or by value.

1. In a thread pool nothing is pickled: the task runs in its call's context. A task that
   is pickled runs in the process that unpickles it.
2. The host's text ``"module:name"`` names the dispatcher of a worker process. No part
   of it comes from a payload.
3. A handler is sent by value only if the host asks for it, pickled by cloudpickle and
   signed (HMAC-SHA256). Nothing is unpickled before the signature was checked.
4. A message by value has an expiry and a nonce, and runs once: nonces are remembered in
   the process, or by the host's hook, until no clock takes the message.
"""
# Annotations are evaluated: `typing.get_type_hints` has to work on public functions.

import asyncio
import hmac
import os
import pickle
import re
import sys
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from importlib import import_module
from pkgutil import resolve_name
from threading import RLock
from time import time
from typing import Any
from unicodedata import normalize

from handlerid import Call, Dispatcher, RegisteredHandler
from handlerid.errors import ExpiredToken, InvalidToken, UnsupportedHandler

__all__ = ["Worker", "submit"]

# Bytecode belongs to one release of Python.
_PURPOSE = f"handlerid by value 2, {sys.implementation.cache_tag}\0".encode()
_SHORTEST_KEY = 16
_NO_PICKLE = re.compile(r"cannot pickle '[\w.]+' object")
_MAX_AGE, _CLOCK_SKEW = 600, 60
_seen = OrderedDict[bytes, int]()  # nonces, and when each may be forgotten

# For nonces, and because cloudpickle has one list of modules to pickle by value for the
# whole process. A fork waits for it, so that no child finds it locked.
_lock = RLock()
if hasattr(os, "register_at_fork"):
    _after = {"after_in_parent": _lock.release, "after_in_child": _lock.release}
    os.register_at_fork(before=_lock.acquire, **_after)


def submit(
    call: Call,
    executor: Executor,
    *,
    worker: str,
    key: bytes | None = None,
    by_value: bool = False,
) -> Future[Any]:
    """Run a call in an executor and return its future.

    In a thread pool the call runs here, in its own context. In another process, the
    worker resolves the id in the registry of its own dispatcher. An async handler runs
    with ``asyncio.run``.

    Args:
        call: from ``Dispatcher.prepare``; ``authorize`` is not asked again.
        executor: of ``concurrent.futures``, or with the same ``submit``.
        worker: ``"module:name"`` of the worker process's ``Dispatcher``, or ``Worker``.
        key: signs what is sent by value; at least 16 bytes, known to the ``Worker``.
        by_value: send the handler itself, pickled by cloudpickle, to a worker process
            that does not have it, such as a closure. It has to arrive within 600
            seconds with its time in the queue; clocks may differ by 60 seconds.

    Raises:
        ValueError: ``worker`` is not ``"module:name"``, or ``by_value`` has no key.
        UnsupportedHandler: the handler or its event cannot be pickled.
    """
    if not isinstance(call, Call):
        raise TypeError("call must be what dispatcher.prepare(payload) returns")
    if not isinstance(worker, str):
        raise TypeError("worker must be a str, 'module:name': a process imports it")
    worker = normalize("NFKC", worker)  # as Python reads names
    module, _, name = worker.partition(":")
    if not all(map(str.isidentifier, [*module.split("."), name])):
        raise ValueError("worker must be written as 'module:name'")
    signer = _signer(key) if by_value else None
    del key  # tracebacks may show local variables
    content: object = (str(call.handler.id), call.event)
    if signer is not None:
        content = _pickle(call.handler, call.event, signer)
    return executor.submit(Task(worker, os.urandom(16), content, call))


class Worker:
    """A worker process's dispatcher that also runs handlers sent by value.

    With the key, any code can be run here. Any thread may use it. Without ``replay``, a
    copied message can run once in each worker process until it expires.

    Args:
        dispatcher: runs the calls; its observer is notified.
        key: the key given to ``submit``.
        replay: as that of ``Tokens``: called with a message's 16 random bytes and when
            they may be forgotten (seconds since 1970); returns True the first time.

    Raises:
        TypeError, ValueError: an argument is none of these; the key is too short.
    """

    __slots__ = ("_replay", "_signer", "dispatcher")

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        key: bytes,
        replay: Callable[[bytes, int], bool] | None = None,
    ) -> None:
        if not isinstance(dispatcher, Dispatcher):
            raise TypeError("dispatcher must be a Dispatcher")
        if replay is not None and not callable(replay):
            raise TypeError("replay must be a function")
        self.dispatcher: Dispatcher = dispatcher
        self._signer = _signer(key)
        self._replay = replay or _first_use

    def __repr__(self) -> str:
        return f"<Worker of {self.dispatcher!r}>"

    def call(self, sent: "PickledHandler") -> Call:
        """Unpickle a handler and its event.

        Raises:
            InvalidToken: the signature is not of this key and this release of Python.
            ExpiredToken: it arrived too late, or for the second time.
        """
        # Tracebacks may show local variables: the right signature is none.
        if not hmac.compare_digest(_sign(sent, self._signer), sent.signature):
            raise InvalidToken(
                "the signature of a handler sent by value is wrong: the sender has "
                "another key or another release of Python, or it was tampered with"
            )
        handler_id, expires, nonce = sent.head.split(" ")
        now, end = time(), int(expires)
        if not now - _CLOCK_SKEW < end < now + _MAX_AGE + _CLOCK_SKEW:
            raise ExpiredToken(
                f"{handler_id} was sent by value and arrived too late, or the clocks "
                f"of sender and worker differ by more than {_CLOCK_SKEW} seconds",
                aged=end < now,
            )
        # The clock of what remembers may differ from this one, too.
        if self._replay(bytes.fromhex(nonce), end + 2 * _CLOCK_SKEW) is not True:
            raise ExpiredToken(f"{handler_id} was sent by value and ran already")
        found = pickle.loads(sent.pickled)  # noqa: S301 - signed with our key
        handler_id, fn, how, event = found
        handler = RegisteredHandler(handler_id, fn, (*how, dict))
        return self.dispatcher.call(handler, event)


def _first_use(nonce: bytes, until: int) -> bool:
    """Return whether this process sees a nonce for the first time."""
    with _lock:
        # In order of arrival: one that ends later keeps those behind it a while longer.
        while _seen and next(iter(_seen.values())) <= time():
            _seen.popitem(last=False)
        known = nonce in _seen
        _seen.setdefault(nonce, until)
        return not known


@dataclass(eq=False, repr=False, slots=True)
class Task:
    """Run a call in this process, or in the one that unpickles it."""

    worker: str
    number: bytes  # random: some engines run equal tasks once
    content: Any  # the id and the event, or a PickledHandler
    call: Call | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Task, (self.worker, self.number, self.content)

    def __call__(self) -> object:
        call = self.call or self._receive()
        if call.handler.kind in ("coroutine", "async generator"):
            return asyncio.run(call.arun())
        return call.run()

    def _receive(self) -> Call:
        worker = resolve_name(self.worker)
        if isinstance(self.content, PickledHandler):
            if not isinstance(worker, Worker):
                raise TypeError(f"{self.worker} must be a handlerid.executors.Worker")
            return worker.call(self.content)
        dispatcher = worker.dispatcher if isinstance(worker, Worker) else worker
        if not isinstance(dispatcher, Dispatcher):
            raise TypeError(f"{self.worker} must be a Dispatcher")
        handler_id, event = self.content
        return dispatcher.call(dispatcher.registry.resolve(handler_id), event)


@dataclass(frozen=True, slots=True)
class PickledHandler:
    """A handler and its event, pickled and signed."""

    head: str  # the id, the expiry in seconds since 1970, and the nonce
    pickled: bytes = field(repr=False)
    signature: bytes = field(repr=False)  # of both


def _signer(key: bytes | None) -> hmac.HMAC:
    """Return what signs with a key and does not show it."""
    if not isinstance(key, bytes) or len(key) < _SHORTEST_KEY:
        raise ValueError(
            "handlers are sent by value with a key of at least 16 random bytes, the "
            "same for submit() and Worker: secrets.token_bytes(32)"
        )
    return hmac.new(key, digestmod="sha256")


def _sign(sent: PickledHandler, signer: hmac.HMAC) -> bytes:
    state = signer.copy()
    state.update(_PURPOSE + sent.head.encode() + b"\0" + sent.pickled)
    return state.digest()


def _pickle(one: RegisteredHandler, event: object, signer: hmac.HMAC) -> PickledHandler:
    pickling: Any = import_module("cloudpickle")  # slow, and seldom needed
    pickled, refused = b"", ""
    with _lock:
        # Otherwise cloudpickle sends functions of importable modules by name.
        names = {one.id.module, one.event.__module__} - {"handlerid.events"}
        names -= pickling.list_registry_pickle_by_value()
        added = [sys.modules[name] for name in names if name in sys.modules]
        try:
            for module in added:
                pickling.register_pickle_by_value(module)
            how = one.event, one.kind, one.takes_event
            pickled = pickling.dumps((one.id, one.fn, how, event))
        except Exception as error:  # noqa: BLE001 - of any class; it may hold a value
            known = _NO_PICKLE.fullmatch(str(error))
            refused = known[0] if known else type(error).__name__
        finally:
            for module in added:
                pickling.unregister_pickle_by_value(module)
    if refused:
        raise UnsupportedHandler(
            f"{one.id.module}.{one.id.qualname} cannot be sent by value: it, its "
            f"captures or its event cannot be pickled ({refused})"
        )
    head = f"{one.id} {int(time()) + _MAX_AGE} {os.urandom(16).hex()}"
    sent = PickledHandler(head, pickled, b"")
    return replace(sent, signature=_sign(sent, signer))
