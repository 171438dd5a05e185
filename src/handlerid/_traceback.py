"""Tracebacks without the library's own frames.

What belongs here: which frames stand between a host and a handler, and taking them
out. An error is shown the shorter way only where the host asks for it.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["trim_traceback"]

E = TypeVar("E", bound=BaseException)

_BETWEEN = frozenset(
    f"handlerid.{name}"
    for name in (
        *("_call", "_dispatcher", "_elsewhere", "_finding", "_running"),
        *("integrations", "testing"),
    )
)
"""What calls handlers. A refusal keeps the frames of those that refused."""


def trim_traceback(error: E) -> E:
    """Takes the library's own frames out of an error's traceback, and returns it.

    What is left are the frames of the host and of the handler, also where those of
    the library stood between two of a handler's. The errors that led to this one, and
    those that an exception group holds, are trimmed too::

        except Exception as error:
            logger.error("a handler failed", exc_info=trim_traceback(error))

    """
    for one in _connected(error):
        one.__traceback__ = _trim(one.__traceback__)
    return error


def _trim(traceback: TracebackType | None) -> TracebackType | None:
    entries = []
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__"))
        if ".".join(module.split(".")[:2]) not in _BETWEEN:
            entries.append(traceback)
        traceback = traceback.tb_next
    trimmed = None
    for entry in reversed(entries):
        frame, last, line = entry.tb_frame, entry.tb_lasti, entry.tb_lineno
        # Code may say no line, and then there is None: -1 says that it is not known.
        trimmed = TracebackType(trimmed, frame, last, line or -1)
    return trimmed


def _connected(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions
