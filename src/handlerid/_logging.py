"""An observer that logs calls."""

from logging import Logger, getLogger

from handlerid._dispatch import Call, Observer
from handlerid._identity import location_name
from handlerid.errors import HandlerIdError

__all__ = ["LoggingObserver"]

_OUR_FAULT = 500


class LoggingObserver(Observer):
    """Logs names and durations of calls, and never a value.

    A call that ended is logged at level DEBUG, a refused payload and a handler's own
    refusal (``NotAllowed``) at WARNING, and a handler that failed at ERROR, with the
    type of its exception alone: the host knows what else may be logged.

    Args:
        logger: by default the logger ``handlerid``.
    """

    __module__ = "handlerid"

    def __init__(self, logger: Logger | None = None) -> None:
        self._log = logger or getLogger("handlerid")

    def after(self, call: Call, result: object, seconds: float) -> None:  # noqa: ARG002 - the observer's signature
        """Log at level DEBUG."""
        self._log.debug("%s took %.1f ms", _name(call), seconds * 1e3)

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:
        """Log at level ERROR; WARNING for a refusal, DEBUG if it was cancelled."""
        log = self._log.error
        if not isinstance(error, Exception):
            log = self._log.debug
        elif isinstance(error, HandlerIdError) and error.status < _OUR_FAULT:
            log = self._log.warning
        kind = type(error).__qualname__
        log("%s failed after %.1f ms: %s", _name(call), seconds * 1e3, kind)

    def refused(self, error: HandlerIdError) -> None:
        """Log at level WARNING."""
        self._log.warning("refused, %s: %s", type(error).__name__, error)


def _name(call: Call) -> str:
    return f"{location_name(call.handler.id)} ({call.handler.id})"
