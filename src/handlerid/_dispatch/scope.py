"""What one rendering offers, and the references of handlers in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from handlerid import _tokens
from handlerid._identity import HandlerId, name_of
from handlerid._registry import Entries, Holder, RegisteredHandler, bind, refusal
from handlerid._registry.captures import functions_of
from handlerid.errors import UnknownHandler
from handlerid.events import Event, event_type


class References:
    """Writes signed tokens for handlers, and rebuilds the handlers they carried."""

    def __init__(self, entries: Entries, tokens: _tokens.Tokens) -> None:
        self.tokens: _tokens.Tokens = tokens
        self._entries, self._identity = entries, entries.identity
        self._closures: _tokens.Closures | None = None
        if entries.captures == "carry":
            self._closures = _tokens.Closures(entries.identity, entries.index)

    def write(self, handler: RegisteredHandler, audience: str | None) -> str:
        """Return the token of a registered handler."""
        captures, one, number = b"", handler.id, handler.number
        # What every server registers is answered by registries, or not at all.
        known = (
            not one.captures
            and "<" not in (one.qualname or "<")
            and self._entries.handlers.get(one) is handler
        )
        if self._closures is not None and number is not None and not known:
            naming = self._entries.names.of(handler.fn)
            captures = self._closures.pack(
                handler.fn,
                takes_event=handler.takes_event,
                name=naming.name if naming else None,
                number=number,
            )
        return self.tokens.issue(handler.id, audience=audience, captures=captures)

    def rebuild(
        self, handler_id: HandlerId, captures: bytes
    ) -> tuple[RegisteredHandler | None, bool]:
        """Return the handler that a token carried, and whether it captured a copy.

        It has the id of the token: both were signed together.
        """
        if self._closures is None:
            return None, True
        try:
            event = event_type(handler_id.event) if handler_id.event else Event
        except LookupError:
            text = f"no event type has the wire name of {handler_id}: is the module "
            text += "that defines it imported here?"
            raise UnknownHandler(text, handler_id=handler_id) from None
        fn, takes_event, mutable = self._closures.rebuild(handler_id, captures, event)
        self._check_guards(handler_id, fn)
        how = bind(fn, event, self._identity).fields
        handler = RegisteredHandler(handler_id, fn, how)
        handler.takes_event = takes_event
        return handler, mutable

    def _check_guards(self, wanted: HandlerId, fn: Any) -> None:
        """Raise StaleHandler if a lambda or closure is registered, in a wrapper now.

        Of another function the bytes say what its module has under the name.
        """
        if "<" not in (wanted.qualname or ""):
            return
        known = self._entries.at_location(wanted.location)
        found = [self._entries.resolve(one).fn for one in known]
        code, *codes = [functions_of(one)[-1].__code__ for one in (fn, *found)]
        same = any(one.fingerprint == wanted.fingerprint for one in known)
        if not same and any(one is code for one in codes):
            raise refusal(wanted, known, self._identity.fingerprint)


class Scope(Holder):
    """The handlers that one rendering offers; it reads through to the registry.

    ``Dispatcher.scope`` makes it, for a ``with`` block; leaving the block ends the
    rendering. The entries live as long as somebody holds the scope, for
    ``dispatch(payload, scope=scope)``. One rendering offers into it; any thread may
    read it at any time. ``audience`` is whom its tokens are for; None for anybody.
    """

    __module__ = "handlerid"

    def __init__(
        self,
        entries: Entries,
        references: References | None,
        audience: str | None,
        part: bytes = b"",
        ended: list[bool] | None = None,
    ) -> None:
        self.entries = entries
        self.audience = audience
        self._references = references  # None: offers are bare ids
        self._part = part
        self._ended = [] if ended is None else ended  # shared with its parts

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
        of two parts are two, and those of one part are numbered in its order alone.

        Raises:
            UnstableCapture: the key has no canonical form.
        """
        part = self._part + self.entries.identity.codec.encode(key, "the key of part()")
        return type(self)(
            self.entries, self._references, self.audience, part, self._ended
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._ended.append(True)
        if self.entries.equals is not None:
            self.entries.equals.end()
        if kind is None:
            self.entries.end_rendering()

    def __repr__(self) -> str:
        state = "ended" if self._ended else "rendering"
        return f"<Scope of {len(self)} handler{'s' * (len(self) != 1)}, {state}>"

    def _add(self, fn: Any, event: type[Event] | None) -> RegisteredHandler:
        if self._ended:
            raise RuntimeError(
                f"{name_of(fn)} is offered after the rendering ended, which is when "
                "the scope's with block is left; make a scope for each rendering"
            )
        return self.entries.add(fn, event, part=self._part)
