"""From a payload to a call of its handler.

What belongs here: the order in which a payload is read, resolved, authorised and
decoded. Each of these steps itself is a floor below.

The rules:

1. ``prepare`` refuses whatever can be refused; after it only the handler's own code
   can fail, and its exception passes through as it is.
2. An id is looked up in the registry and its parents, then by each resolver in turn.
3. ``authorize`` is asked before the payload is decoded: who may not call a handler
   learns nothing about its event.
4. The event's type is the one the handler is registered for. Of a payload only the
   fields of that type are read, and the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from handlerid import _running
from handlerid._decoding import decoder
from handlerid._decoding import in_use as structs_in_use
from handlerid._handler_id import HandlerId
from handlerid._reading import Form, id_reader, json_reader
from handlerid.errors import (
    MalformedPayload,
    NotAllowed,
    StaleHandler,
    UnknownHandler,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable

    from handlerid._binding import BoundHandler
    from handlerid._registry import Registry
    from handlerid.events import Event

    Payload = bytes | bytearray | memoryview | str | Mapping[str, object] | Form
    Resolver = Callable[[HandlerId, Registry], object]

__all__ = ["Call", "Dispatcher", "rerender"]


class Call:
    """A handler and its event, ready to run; made by ``Dispatcher.prepare``.

    It runs the handler as often as it is told to, each time in a new copy of the
    context of whoever runs it. What the handler raises passes through.

    Attributes:
        handler: the registered handler.
        event: what it is called with, if it takes an event. While ``authorize`` is
            asked there is none yet: None.
    """

    __slots__ = ("event", "handler")

    handler: BoundHandler
    event: Event | None

    def __init__(self, handler: BoundHandler, event: Event | None = None) -> None:
        self.handler = handler
        self.event = event

    def run(self) -> object:
        """Runs the handler to the end and returns what it returned.

        Raises:
            AsyncHandler: it is asynchronous; use ``arun``.
        """
        return _running.run(self.handler.fn, *self._arguments)

    async def arun(self) -> object:
        """Runs or awaits the handler to the end and returns what it returned."""
        return await _running.arun(self.handler.fn, *self._arguments)

    def stream(self) -> Generator[object, None, object]:
        """Yields what the handler yields; one that does not is a single step.

        Closing the generator runs the handler's ``finally`` before it returns.

        Raises:
            AsyncHandler: it is asynchronous; use ``astream``.
        """
        return _running.stream(self.handler.fn, *self._arguments)

    def astream(self) -> AsyncGenerator[object, None]:
        """Yields what the handler yields; one that does not is a single step.

        Closing the generator, or cancelling who iterates over it, runs the handler's
        ``finally`` before that returns.
        """
        return _running.astream(self.handler.fn, *self._arguments)

    @property
    def _arguments(self) -> tuple[object, ...]:
        return (self.event,) if self.handler.takes_event else ()


class Dispatcher:
    """Answers payloads with calls of registered handlers.

    Making one is cheap enough to do it for every request. Any thread may use it.

    Args:
        registry: where handlers are registered and looked up; a scope, too.
        resolvers: what to ask for a handler that is not registered, in this order;
            each is called with the id and a fresh scope in which it registers what
            it knows. See ``rerender``.
        authorize: is called with the ``Call``, its event still None, and returns
            whether it may be made.
        max_bytes: the largest payload accepted as JSON text, in bytes.
        json: who reads JSON: ``"standard"``, Python's own reader, or ``"msgspec"``,
            which is faster; for that, install ``handlerid[msgspec]``.
        extra: what to do with fields of a payload that the event does not have:
            ``"ignore"`` or ``"refuse"`` them.

    Raises:
        ValueError: ``extra`` or ``json`` is neither.
        ImportError: msgspec is not installed.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        resolvers: Iterable[Resolver] = (),
        authorize: Callable[[Call], bool] | None = None,
        max_bytes: int = 65_536,
        json: Literal["standard", "msgspec"] = "standard",
        extra: Literal["ignore", "refuse"] = "ignore",
    ) -> None:
        if extra not in ("ignore", "refuse"):
            raise ValueError('extra must be "ignore" or "refuse"')
        if json not in ("standard", "msgspec"):
            raise ValueError('json must be "standard" or "msgspec"')
        self.registry = registry
        self.resolvers = tuple(resolvers)
        self.authorize = authorize
        self.max_bytes = max_bytes
        self.extra = extra
        self._read = json_reader(json)
        self._read_id = id_reader(json)

    def offer(self, fn: Callable[..., object], event: type[Event] | None = None) -> str:
        """Registers a handler at render and returns the text that goes into the page.

        Takes and raises what ``Registry.register`` does.
        """
        return self.registry.register(fn, event)

    def prepare(self, payload: Payload) -> Call:
        """Reads a payload and finds its handler: all but calling it.

        Args:
            payload: a flat object ``{"handler": <id>, "key": ..., ...}`` as JSON
                text, as a mapping that the host has read, or as a ``Form``.

        Raises:
            MalformedPayload: it cannot be read, or names no handler by an id.
            UnknownHandler: there is no such handler here.
            StaleHandler: the handler's code is other than the page's.
            NotAllowed: ``authorize`` said no.
            InvalidEvent: fields are missing or do not fit.
        """
        form = isinstance(payload, Form)
        fields: Mapping[str, Any] = {}
        data: bytes | None = None
        if isinstance(payload, Form):
            fields, handler_id = payload.fields, payload.get("handler")
        elif isinstance(payload, Mapping):
            fields, handler_id = payload, payload.get("handler")
        elif self._read_id is not None and structs_in_use():
            data, handler_id = self._read_id(payload, self.max_bytes)
        else:
            fields = self._read(payload, self.max_bytes)
            handler_id = fields.get("handler")
        if not isinstance(handler_id, str):
            raise MalformedPayload('the payload names no handler: "handler" is the id')
        handler = self.registry.find(handler_id) or self._resolve(handler_id)
        call = Call(handler)
        if self.authorize is not None and not self.authorize(call):
            raise NotAllowed(
                f"authorize refused {handler.id.module}.{handler.id.qualname}"
            )
        if data is None:
            call.event = self._decode(handler, fields, form=form)
        else:
            call.event = self._decode_json(handler, data)
        return call

    def dispatch(self, payload: Payload) -> object:
        """Prepares the call and runs it: see ``prepare`` and ``Call.run``."""
        return self.prepare(payload).run()

    async def adispatch(self, payload: Payload) -> object:
        """Prepares the call and runs it: see ``prepare`` and ``Call.arun``."""
        return await self.prepare(payload).arun()

    def stream(self, payload: Payload) -> Generator[object, None, object]:
        """Prepares the call, at once, and runs it: see ``Call.stream``."""
        return self.prepare(payload).stream()

    def astream(self, payload: Payload) -> AsyncGenerator[object, None]:
        """Prepares the call, at once, and runs it: see ``Call.astream``."""
        return self.prepare(payload).astream()

    def _decode(
        self, handler: BoundHandler, fields: Mapping[str, Any], *, form: bool
    ) -> Any:
        refuse_extra = self.extra == "refuse"
        if not (form or refuse_extra):
            return handler.decode(fields)
        return decoder(handler.event, form=form, refuse_extra=refuse_extra)(fields)

    def _decode_json(self, handler: BoundHandler, data: bytes) -> Any:
        """Makes the event of bytes of which only the id was read."""
        if handler.decode_json is not None and self.extra == "ignore":
            try:
                return handler.decode_json(data)
            except (ValueError, RecursionError):
                pass  # what is wrong with it is said below
        fields = self._read(data, self.max_bytes)
        return self._decode(handler, fields, form=False)

    def _resolve(self, handler_id: str) -> BoundHandler:
        """Finds a handler that is not registered, or says why there is none."""
        try:
            return self.registry.resolve(handler_id)
        except (UnknownHandler, StaleHandler) as error:
            refusal = error
        wanted = HandlerId.parse(handler_id)
        for resolver in self.resolvers:
            with self.registry.scope() as scope:
                resolver(wanted, scope)
                try:
                    return scope.resolve(handler_id)
                except (UnknownHandler, StaleHandler) as error:
                    # That a location is known says more than that another is not.
                    if not isinstance(refusal, StaleHandler):
                        refusal = error
        raise refusal


def rerender(page: Callable[[Registry], object]) -> Resolver:
    """Makes a resolver that runs the host's page function.

    The page registers its handlers anew in the scope that it is given, as it did
    when it was rendered; closures are there again. Nothing else of what it returns
    is used, and the scope is closed when the handler has been found.
    """

    def resolver(_: HandlerId, scope: Registry) -> None:
        page(scope)

    return resolver
