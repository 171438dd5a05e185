"""A scope: the handlers that one rendering offers."""

from collections.abc import Callable, Iterator
from typing import Self

from handlerid._dispatch.references import References
from handlerid._identity import HandlerId, name_of
from handlerid._registry import Entries, RegisteredHandler
from handlerid.events import Event


class _Rendering:
    """What a scope shares with its parts."""

    ended = False


class Scope:
    """The handlers that one rendering offers; it reads through to the registry.

    ``Dispatcher.scope`` makes it, for a ``with`` block; leaving the block ends the
    rendering. The entries live as long as somebody holds the scope, for
    ``dispatch(payload, scope=scope)``. One rendering offers into it; any thread may
    read it at any time.

    Attributes:
        audience: whom its tokens are for; None for anybody.
    """

    __module__ = "handlerid"

    def __init__(
        self,
        entries: Entries,
        references: References | None,
        audience: str | None,
        part: object = None,
        rendering: "_Rendering | None" = None,
    ) -> None:
        self.entries = entries
        self.audience = audience
        self._references = references  # None: offers are bare ids
        self._part = part
        self._rendering = rendering or _Rendering()

    def offer(self, fn: Callable[..., object], event: type[Event] | None = None) -> str:
        """Register a handler; return its reference for the page: an id or a token.

        What the registry holds already adds nothing to the scope. Takes and raises what
        ``Registry.register`` does.

        Raises:
            UnstableCapture: a captured value cannot be carried.
            RuntimeError: the rendering has ended.
        """
        handler = self._add(fn, event)
        if self._references is None:
            return handler.id
        return self._references.write(handler, self.audience)

    def register(
        self, fn: Callable[..., object], event: type[Event] | None = None
    ) -> HandlerId:
        """Register a handler and return its id; otherwise the same as ``offer``."""
        return self._add(fn, event).id

    def part(self, key: object) -> Self:
        """Return the same scope for a fragment or a row.

        The key becomes part of the ids of what is offered through it, so equal handlers
        of two parts are two. It has to have a canonical form.
        """
        key = key if self._part is None else (self._part, key)
        return type(self)(
            self.entries, self._references, self.audience, key, self._rendering
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rendering.ended = True

    def __contains__(self, handler_id: object) -> bool:
        return handler_id in self.entries

    def __iter__(self) -> Iterator[HandlerId]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        state = "ended" if self._rendering.ended else "rendering"
        return f"<Scope of {len(self)} handlers, {state}>"

    def _add(
        self, fn: Callable[..., object], event: type[Event] | None
    ) -> RegisteredHandler:
        if self._rendering.ended:
            raise RuntimeError(
                f"{name_of(fn)} is offered after the rendering ended, which is when "
                "the scope's with block is left; make a scope for each rendering"
            )
        return self.entries.add(fn, event, part=self._part)
