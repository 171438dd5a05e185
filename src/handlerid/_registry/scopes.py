"""Scopes: registries with a parent, for one render, request or session.

What belongs here: how a scope reads through to its parents, and lets go of everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlerid._registry.registering import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from handlerid._binding import BoundHandler
    from handlerid._handler_id import HandlerId
    from handlerid._registry.holding import Captures, Stale
    from handlerid.errors import CapturesReplaced

__all__ = ["Scope"]


class Scope(Registry):
    """A registry that reads through to its parent and writes to itself.

    Made by ``Registry.scope``; the name is there for annotations.
    """

    def __init__(
        self,
        parent: Registry,
        *,
        captures: Captures,
        on_replace: Callable[[CapturesReplaced], object] | None,
        stale: Stale,
    ) -> None:
        self.parent = parent
        super().__init__(
            identity=parent.identity,
            captures=captures,
            on_replace=on_replace,
            stale=stale,
        )
        self._closed = False

    def _share(self) -> None:
        # Told once an id, not once an id and render.
        self._told = self.parent._told  # noqa: SLF001 - the parent is a registry too
        self._names = self.parent._names  # noqa: SLF001
        self.scanned = self.parent.scanned

    def _forget_shared(self, name: str, here: str) -> None:
        """Does nothing: that is the parent's to forget."""

    def find(self, handler_id: str) -> BoundHandler | None:
        """Returns the handler of an id, here or in the parents, or None."""
        found = super().find(handler_id)
        return self.parent.find(handler_id) if found is None else found

    def at_location(self, location: str) -> tuple[HandlerId, ...]:
        """Returns the ids at a location, here and in the parents; the newest last."""
        own = super().at_location(location)
        above = self.parent.at_location(location)
        return (*(one for one in above if one not in own), *own)

    def close(self) -> None:
        """Lets go of everything registered here. A second call does nothing."""
        with self._lock:
            self._closed = True
            self._handlers.clear()  # the same dictionary: look_up reads it
            self._aliases = {}
            self._decorated = {}
            self._locations = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[HandlerId]:
        own = list(super().__iter__())
        return iter([*own, *(one for one in self.parent if one not in self._handlers)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _write(self, new: BoundHandler, aliases: tuple[HandlerId, ...]) -> None:
        if self._closed:
            raise RuntimeError(
                f"the scope is closed; {new.id.place} cannot be "
                "registered in it any more"
            )
        super()._write(new, aliases)


Registry._scope = Scope  # noqa: SLF001 - it cannot be imported there
