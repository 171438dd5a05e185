"""An observer that logs; loaded when asked for."""

from __future__ import annotations

from logging import DEBUG, ERROR, WARNING, Logger, getLogger

from handlerid._dispatch import Call, Observer
from handlerid._identity import location_name
from handlerid._peek import expect
from handlerid.errors import HandlerIdError

_OUR_FAULT = 500


class LoggingObserver(Observer):
    """Logs names and durations of calls, and never a value.

    A call that ended or was cancelled is logged at level DEBUG, a refused payload and a
    handler's own refusal (``NotAllowed``) at WARNING, and a handler that failed at
    ERROR, with the type of its exception alone: the host knows what else may be logged.

    Args:
        logger: by default the logger ``handlerid``.
    """

    __module__ = "handlerid"

    def __init__(self, logger: Logger | None = None) -> None:
        known = logger is None or hasattr(logger, "log")
        expect(known, "logger", "a Logger, getLogger(name)", logger)
        self._log = logger or getLogger("handlerid")

    def after(self, call: Call, result: object, seconds: float) -> None:  # noqa: ARG002 - the observer's signature
        """Log at level DEBUG."""
        self._log.debug("%s took %.1f ms", _named(call), seconds * 1e3)

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        """Log at level ERROR, WARNING or DEBUG."""
        level = ERROR if isinstance(error, Exception) else DEBUG
        if isinstance(error, HandlerIdError) and error.status < _OUR_FAULT:
            level = WARNING
        text, kind = "%s failed after %.1f ms: %s", type(error).__qualname__
        self._log.log(level, text, _named(call), seconds * 1e3, kind)

    def refused(self, error: HandlerIdError) -> None:
        """Log at level WARNING, and set ``error.logged``: the host need not log it."""
        self._log.warning("refused, %s: %s", type(error).__name__, error)
        error.logged = True


def _named(call: Call) -> str:
    return f"{location_name(call.handler.id)} ({call.handler.id})"
