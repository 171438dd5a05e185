"""From a payload to a call of its handler.

What belongs here: the order in which a payload is read, resolved, authorised and
decoded. Each of these steps itself is a floor below.

The rules:

1. ``prepare`` refuses whatever can be refused; after it only the handler's own code
   can fail, and its exception passes through as it is.
2. An id is looked up in the registry and its parents, then in what its token carried,
   then by each resolver in turn.
3. ``authorize`` is asked before the payload is decoded: who may not call a handler
   learns nothing about its event. An answer that has to be awaited is no answer yet.
4. The event's type is the one the handler is registered for. Of a payload only the
   fields of that type are read, and the id.
"""

from __future__ import annotations

from contextvars import copy_context
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Literal

from handlerid import _running
from handlerid._authorizing import at_once, check, is_async
from handlerid._binding import bind
from handlerid._call import PLAIN, Call, Terms, running
from handlerid._decoding import structs_seen
from handlerid._finding import Finder
from handlerid._observing import Watch
from handlerid._offers import Offers
from handlerid._payloads import DOUBTS, Payloads
from handlerid.errors import HandlerIdError

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Generator,
        Iterable,
        Mapping,
    )

    from handlerid._binding import BoundHandler
    from handlerid._elsewhere import ByValue
    from handlerid._observing import Observer
    from handlerid._payloads import Payload
    from handlerid._registry import Registry
    from handlerid._resolving import Resolver
    from handlerid._running.bridging import Runner
    from handlerid._tokens import Tokens
    from handlerid.events import Event


__all__ = ["SHORT_WAYS", "Dispatcher"]

_SHORTEST_KEY = 16
"""Bytes of a worker_key."""


class Dispatcher:
    """Answers payloads with calls of registered handlers.

    Making one is cheap enough to do it for every request. Any thread may use it.

    Args:
        registry: where handlers are registered and looked up; a scope, too.
        resolvers: what to ask for a handler that is not registered, in this order;
            each is called with the id and a fresh scope in which it registers what
            it knows. See ``rerender``. One that returns an awaitable works where an
            ``authorize`` that does works.
        authorize: is called with the ``Call``, its event still None, and returns
            whether it may be made. One that returns an awaitable works with
            ``aprepare``, ``adispatch`` and, if it is an ``async def``, ``astream``.
        tokens: makes ``offer`` give signed tokens, and refuses all else: a handler
            that was not offered to an audience cannot be called by it.
        decoders: for captured values of the host's own types, where the registry has
            ``captures="carry"``: by exact type, a function that returns the object
            for what its encoder gave, see ``Identity(encoders=...)``. It runs before
            ``authorize`` is asked.
        by_pickle: exact types whose objects are carried by cloudpickle; they are
            unpickled after the token was verified.
        max_bytes: the largest payload accepted as JSON text, in bytes.
        json: who reads JSON: ``"standard"``, Python's own reader, or ``"msgspec"``,
            which is faster; for that, install ``handlerid[msgspec]``.
        extra: what to do with fields of a payload that the event does not have:
            ``"ignore"`` or ``"refuse"`` them.
        observer: is told of calls and refusals.
        worker: where another process finds its dispatcher, for ``Call.submit``:
            ``"module:name"``.
        worker_key: at least 16 secret bytes that this process and its workers hold:
            they sign handlers that are submitted by value.

    Raises:
        ValueError: ``extra`` or ``json`` is neither, ``worker`` is not written as
            described, ``worker_key`` is too short, or the registry has
            ``captures="carry"`` and there are no ``tokens``.
        ImportError: msgspec is not installed.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        resolvers: Iterable[Resolver] = (),
        authorize: Callable[[Call], bool | Awaitable[bool]] | None = None,
        tokens: Tokens | None = None,
        decoders: Mapping[type, Callable[[Any], object]] | None = None,
        by_pickle: Iterable[type] = (),
        max_bytes: int = 65_536,
        json: Literal["standard", "msgspec"] = "standard",
        extra: Literal["ignore", "refuse"] = "ignore",
        observer: Observer | None = None,
        worker: str | None = None,
        worker_key: bytes | None = None,
    ) -> None:
        if worker_key is not None and len(worker_key) < _SHORTEST_KEY:
            raise ValueError(f"worker_key must have at least {_SHORTEST_KEY} bytes")
        self.registry = registry
        # Read only, since what follows from them is decided here, once.
        self._authorize = authorize
        self._offers = Offers(registry, tokens, decoders, by_pickle)
        payloads = Payloads(json, max_bytes, extra)
        self._read_json, self._decode_id = payloads.read_json, payloads.decode_id
        self._max_bytes = max_bytes
        resolvers = tuple(resolvers)
        self._finder = Finder(registry, payloads, self._offers, resolvers)
        # Whether preparing has to be awaited, as far as that can be seen beforehand.
        self._awaits = any(map(is_async, (authorize, *resolvers)))
        self._watch = None if observer is None else Watch(observer)
        self._terms = PLAIN
        if (observer, worker, worker_key) != (None, None, None):
            from handlerid._elsewhere import check_worker  # noqa: PLC0415 - see _call

            if worker is not None:
                check_worker(worker)
            self._terms = Terms(self._watch, worker, worker_key)
        # Whether dispatch may take the short way, which makes no Call.
        self._direct = (
            authorize is None
            and observer is None
            and tokens is None
            and extra == "ignore"
            and type(self).prepare is Dispatcher.prepare
            and type(self).aprepare is Dispatcher.aprepare
        )

    def offer(
        self,
        fn: Callable[..., object],
        event: type[Event] | None = None,
        *,
        audience: str | None = None,
    ) -> str:
        """Registers a handler at render and returns the text that goes into the page.

        Args:
            fn: as for ``Registry.register``.
            event: likewise.
            audience: whom it is offered to, such as a session's or a user's id. Only
                who is the same audience for ``prepare`` may use it.

        Returns:
            The id, or a token where the dispatcher has tokens.

        Raises:
            ValueError: there is an audience, and the dispatcher has no tokens.

        And what ``Registry.register`` raises.
        """
        handler_id = self.registry.register(fn, event)
        return self._offers.write(handler_id, fn, audience)

    def prepare(self, payload: Payload, *, audience: str | None = None) -> Call:
        """Reads a payload and finds its handler: all but calling it.

        Args:
            payload: a flat object ``{"handler": <id or token>, "key": ..., ...}`` as
                JSON text, as a mapping that the host has read, or as a ``Form``.
            audience: who sends it, as the host knows it; never a part of the payload.

        Raises:
            MalformedPayload: it cannot be read, or names no handler by an id.
            InvalidToken: it names no handler by a token, where one is due, or the
                token's signature does not hold.
            ExpiredToken: the token is too old.
            UnknownHandler: there is no such handler here.
            StaleHandler: the handler's code is other than the page's.
            NotAllowed: ``authorize`` said no, or the token is for another audience.
            InvalidEvent: fields are missing or do not fit.
            AsyncHandler: ``authorize`` or a resolver has to be awaited; use
                ``aprepare``.
            ValueError: there is an audience, and the dispatcher has no tokens.
        """
        try:
            handler, decode, content, travels = self._finder.find(payload, audience)
            call = Call(handler, None, self._terms, travels)
            if self._authorize is not None:
                check(call, at_once(call, self._authorize(call)))
            call.event = decode(content, handler)
        except HandlerIdError as error:
            self._refused(error)
            raise
        return call

    async def aprepare(self, payload: Payload, *, audience: str | None = None) -> Call:
        """Does what ``prepare`` does, and awaits ``authorize`` and resolvers.

        Takes and raises what ``prepare`` does.
        """
        try:
            found = await self._finder.afind(payload, audience)
            handler, decode, content, travels = found
            call = Call(handler, None, self._terms, travels)
            if self._authorize is not None:
                allowed = self._authorize(call)
                check(call, await allowed if isawaitable(allowed) else allowed)
            call.event = decode(content, handler)
        except HandlerIdError as error:
            self._refused(error)
            raise
        return call

    def dispatch(  # noqa: C901 - all in one frame
        self,
        payload: Payload,
        audience: str | None = None,
        runner: Runner | None = None,
    ) -> object:
        """Prepares the call and runs it: see ``prepare`` and ``Call.run``."""
        if self._direct and audience is None:
            # The short way: what a payload costs when all goes well. Here each frame
            # counts, and so do keyword-only parameters, which CPython is slow to pass:
            # so there are none, and the lines are in adispatch, too.
            handler: Any = None
            event = fields = None
            look_up = self.registry.look_up
            try:
                if type(payload) is dict:
                    handler, fields = look_up(payload["handler"]), payload
                elif structs_seen and self._decode_id is not None:
                    if type(payload) is bytes and len(payload) <= self._max_bytes:
                        handler = look_up(self._decode_id(payload).handler)
                        decode = handler.decode_json
                        if decode is not None:
                            event = decode(payload)
                        else:
                            fields = self._read_json(payload, self._max_bytes)
                elif type(payload) is bytes or type(payload) is str:
                    fields = self._read_json(payload, self._max_bytes)
                    handler = look_up(fields["handler"])
            except DOUBTS:
                handler = None
            if handler is None:
                handler, event = self._read(payload)
            elif fields is not None:
                event = handler.decode(fields)
            context = copy_context()
            if running.wanted:
                running.tell(context, handler, event, self._terms, payload)
            fn = handler.fn
            result = context.run(fn, event) if handler.takes_event else context.run(fn)
            if result is None:
                return None
            return _running.finish(context, fn, result, runner)
        return self.prepare(payload, audience=audience).run(runner=runner)

    async def adispatch(  # noqa: C901 - all in one frame
        self, payload: Payload, audience: str | None = None
    ) -> object:
        """Prepares the call and runs it: see ``aprepare`` and ``Call.arun``."""
        if self._direct and audience is None:
            # The short way, line by line as in dispatch.
            handler: Any = None
            event = fields = None
            look_up = self.registry.look_up
            try:
                if type(payload) is dict:
                    handler, fields = look_up(payload["handler"]), payload
                elif structs_seen and self._decode_id is not None:
                    if type(payload) is bytes and len(payload) <= self._max_bytes:
                        handler = look_up(self._decode_id(payload).handler)
                        decode = handler.decode_json
                        if decode is not None:
                            event = decode(payload)
                        else:
                            fields = self._read_json(payload, self._max_bytes)
                elif type(payload) is bytes or type(payload) is str:
                    fields = self._read_json(payload, self._max_bytes)
                    handler = look_up(fields["handler"])
            except DOUBTS:
                handler = None
            if handler is None:
                handler, event = await self._aread(payload)
            elif fields is not None:
                event = handler.decode(fields)
            context = copy_context()
            if running.wanted:
                running.tell(context, handler, event, self._terms, payload)
            fn = handler.fn
            result = context.run(fn, event) if handler.takes_event else context.run(fn)
            if result is None:
                return None
            return await _running.afinish(context, result)
        return await (await self.aprepare(payload, audience=audience)).arun()

    def stream(
        self,
        payload: Payload,
        *,
        audience: str | None = None,
        runner: Runner | None = None,
    ) -> Generator[object, None, object]:
        """Prepares the call, at once, and runs it: see ``Call.stream``."""
        return self.prepare(payload, audience=audience).stream(runner=runner)

    def astream(
        self, payload: Payload, *, audience: str | None = None
    ) -> AsyncGenerator[object, None]:
        """Prepares the call, at once, and runs it: see ``Call.astream``.

        Only where ``authorize`` or a resolver is an ``async def`` all this is done when
        the first step is taken. Who wants to know of a refusal before that awaits
        ``aprepare`` and streams the call.
        """
        if self._awaits:
            return self._astream(payload, audience)
        return self.prepare(payload, audience=audience).astream()

    async def _astream(
        self, payload: Payload, audience: str | None
    ) -> AsyncGenerator[object, None]:
        steps = (await self.aprepare(payload, audience=audience)).astream()
        try:
            async for step in _running.Owned(steps):
                yield step
        finally:
            await steps.aclose()

    def _receive(self, content: Any, runner: Runner | None) -> object:
        """Runs a call that another process submitted; it was authorized there."""
        from handlerid._elsewhere import ByValue  # noqa: PLC0415

        try:
            if isinstance(content, ByValue):
                call = self._unpack(content)
            else:
                handler, decode, fields, travels = self._finder.find(content)
                call = Call(handler, decode(fields, handler), self._terms, travels)
        except HandlerIdError as error:
            self._refused(error)
            raise
        return call._run(_running.run_whole, runner)  # noqa: SLF001 - submit's half

    def _unpack(self, sent: ByValue) -> Call:
        from handlerid._elsewhere import unpack  # noqa: PLC0415

        identity = self.registry.identity
        arrived = unpack(sent, self._terms.worker_key, identity)
        handler_id, fn, event_type, event = arrived
        handler = bind(fn, event_type, lambda *_: handler_id)
        return Call(handler, event, self._terms, sent)

    def _read(self, payload: Any) -> tuple[BoundHandler, Any]:
        """Finds the handler and makes its event, where nobody is asked or told."""
        handler, decode, content, _ = self._finder.find(payload)
        return handler, decode(content, handler)

    async def _aread(self, payload: Any) -> tuple[BoundHandler, Any]:
        handler, decode, content, _ = await self._finder.afind(payload)
        return handler, decode(content, handler)

    def _refused(self, error: HandlerIdError) -> None:
        if self._watch is not None:
            self._watch.refused(error)


SHORT_WAYS = (Dispatcher.dispatch.__code__, Dispatcher.adispatch.__code__)
"""Code whose frame is all that knows of a call that took the short way."""
