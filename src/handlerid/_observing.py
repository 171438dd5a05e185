"""Watching calls: what is told to an observer, and when.

What belongs here: the base class of observers, one that logs, and the clock. What
becomes of what they are told, metrics or traces, is the host's business.

The rules:

1. ``before``, ``after`` and ``failed`` run in the call's own context: what ``before``
   sets there, the handler sees, and so do the other two.
2. A call has one ``before``, and then one ``after`` or one ``failed``. A stream that
   is closed early was not a failure.
3. An observer that fails loses no answer: that is logged, and the call goes on.
4. No log line holds a value of a payload, nor the text of a handler's exception.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from handlerid.errors import HandlerIdError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from contextvars import Context
    from types import TracebackType

    from handlerid._call import Call

__all__ = ["LoggingObserver", "Observer", "Watch"]

LOGGER = "handlerid"
_OUR_FAULT = 500
"""The status from which on an error is no refusal."""


class Observer:
    """What a dispatcher tells of its calls. Override what you want to know.

    Pass an instance as ``Dispatcher(observer=...)``. Its methods are called in the
    thread and, but for ``refused``, in the context of the call, so ``current_call()``
    works in them, and a context variable that ``before`` sets is seen by the handler.
    What they raise is logged under ``handlerid``, and changes nothing else.

    The seconds are those between ``before`` and the end of the call: of a stream,
    all steps, and the time that who takes them spends between them.
    """

    def before(self, call: Call) -> None:
        """A handler is about to be called."""

    def after(self, call: Call, seconds: float) -> None:
        """A handler came to its end, or its stream was closed."""

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        """A handler raised, or was cancelled."""

    def refused(self, error: HandlerIdError) -> None:
        """A payload was refused; no handler was called."""


class LoggingObserver(Observer):
    """Logs calls: names and durations, and never a value.

    A call that came to its end is logged at level DEBUG, a refused payload at
    WARNING, as is a handler's own refusal, and a handler that failed at ERROR, by the
    type of its exception alone: the exception itself passes to the host, which knows
    what may be logged of it.

    Args:
        logger: where to; by default the logger ``handlerid``.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._log = logger or _logger()

    def after(self, call: Call, seconds: float) -> None:
        """Logs at level DEBUG."""
        self._log.debug("%s took %.1f ms", _name(call), seconds * 1e3)

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        """Logs at level ERROR.

        At WARNING where the handler refused, as by raising ``NotAllowed``; at DEBUG
        where it was cancelled or interrupted.
        """
        kind = type(error).__qualname__
        log = self._log.error
        if not isinstance(error, Exception):
            log = self._log.debug
        elif isinstance(error, HandlerIdError) and error.status < _OUR_FAULT:
            log = self._log.warning
        log("%s failed after %.1f ms: %s", _name(call), seconds * 1e3, kind)

    def refused(self, error: HandlerIdError) -> None:
        """Logs at level WARNING."""
        self._log.warning("refused, %s: %s", type(error).__name__, error)


class Watch:
    """An observer as a dispatcher uses it; called, it watches one run of a call."""

    def __init__(self, observer: Observer) -> None:
        self.before = _method(observer, "before")
        self.after = _method(observer, "after")
        self.failed = _method(observer, "failed")
        self._refused = _method(observer, "refused")

    def __call__(self, context: Context, call: Call) -> Watching:
        """Makes what is entered around one run of a call."""
        return Watching(self, context, call)

    def refused(self, error: HandlerIdError) -> None:
        """Tells the observer that a payload was refused."""
        if self._refused is not None:
            _tell(self._refused, error)


class Watching:
    """One run of a call: a context manager."""

    __slots__ = ("_call", "_context", "_start", "_watch")

    def __init__(self, watch: Watch, context: Context, call: Call) -> None:
        self._watch = watch
        self._context = context
        self._call = call

    def __enter__(self) -> None:
        if self._watch.before is not None:
            self._context.run(_tell, self._watch.before, self._call)
        self._start = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        seconds = time.perf_counter() - self._start
        watch, call = self._watch, self._call
        if error is None or isinstance(error, GeneratorExit):
            if watch.after is not None:
                self._context.run(_tell, watch.after, call, seconds)
        elif watch.failed is not None:
            self._context.run(_tell, watch.failed, call, error, seconds)


def _method(observer: Observer, name: str) -> Callable[..., object] | None:
    """A method of an observer; None where it has none, or the one that does nothing.

    An object of the host's own may have some of them alone.
    """
    method: Callable[..., object] | None = getattr(observer, name, None)
    nothing = getattr(Observer, name)
    return None if getattr(method, "__func__", None) is nothing else method


def _tell(method: Callable[..., object], *arguments: Any) -> None:
    try:
        method(*arguments)
    except Exception:  # noqa: BLE001 - rule 3
        _logger().exception("an observer failed, and the call goes on")


def _logger() -> logging.Logger:
    import logging  # noqa: PLC0415 - only who observes needs it

    return logging.getLogger(LOGGER)


def _name(call: Call) -> str:
    handler_id = call.handler.id
    return f"{handler_id.place} ({handler_id})"
