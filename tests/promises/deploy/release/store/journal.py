"""What the handlers did: they write it themselves, so nobody has to guess."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

DONE: list[list[object]] = []
GUARDED: set[str] = set()
"""What this release does behind a guard only."""
NAMED: list[tuple[Any, dict[str, Any]]] = []


def did(*what: object) -> None:
    DONE.append([*what])


def named(**how: Any) -> Callable[[F], F]:
    """Decorate as ``registry.handler(**how)`` does, for every registry of a server."""

    def decorate(fn: F) -> F:
        NAMED.append((fn, how))
        return fn

    return decorate
