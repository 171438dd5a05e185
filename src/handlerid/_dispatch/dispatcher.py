"""From a payload to a call of its handler.

1. Who answers, in this order: scopes, the registry, carried captures if all of them are
   immutable, resolvers, ``rerender``, carried captures that are mutable (last, because
   what a handler changes in these copies is lost), and with ``stale="accept"`` another
   handler of the location.
2. ``authorize`` is asked before the payload is decoded, and only True is a yes.
3. Functions of the host may return an awaitable: ``aprepare`` awaits it, ``prepare``
   refuses it and runs the same generator, ``_steps``, at once.
"""

from __future__ import annotations

import re
from _contextvars import Context, copy_context  # contextvars: one more file
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from inspect import isawaitable
from types import coroutine
from typing import Any, Literal

from handlerid import _tokens, errors
from handlerid._decoding import Form, Payload, decoder, json_reader
from handlerid._dispatch.call import Call, Observer
from handlerid._dispatch.running import in_context, notify
from handlerid._dispatch.scope import References, Scope
from handlerid._identity import HandlerId, location_name
from handlerid._peek import Shared, choose, close_unawaited, expect
from handlerid._registry import RegisteredHandler, Registry

Resolver = Callable[[HandlerId, Scope], object]
_Steps = Generator[Any, Any, Any]
_NOT_GIVEN: Any = ...
_NO_ANSWER = (errors.UnknownHandler, errors.StaleHandler)
_OTHER_FORMAT = re.compile(r"t\d+\.|h(?!1-)\d+-")
_JSON = (bytes, str, bytearray, memoryview)


class Dispatcher(Shared):
    """Answers payloads with calls of handlers; one for an application, for any thread.

    Args:
        registry: the handlers of the application.
        tokens: signs the references in pages; an id without signature is refused then.
        authorize: called with the ``Call``, its event still None, in its context;
            returns whether it may be made, or an awaitable. Only True is a yes.
        resolvers: asked in turn for a handler that is not registered. Each is called
            with the id and an empty scope, in a copy of the context, and offers in it
            what it knows; it may return an awaitable. Once the registry scanned a
            module, ids without signature are asked for if their location is in a
            scanned module, or registered.
        observer: notified of calls and of refused payloads.
        json: ``"standard"``, Python's own reader, or ``"msgspec"``, which is faster and
            needs ``handlerid[msgspec]``.
        max_bytes: the largest payload accepted as JSON, in bytes.
        extra: ``"ignore"`` or ``"refuse"`` fields that the event does not have; by
            default, refuse them for the host's own event types alone.
        history: asked with the id when nobody knows it; returns the error to raise in
            place of ``UnknownHandler``, or None: ``handlerid.manifest.history``.

    Raises:
        TypeError, ValueError: an argument is wrong, or the registry has
            ``captures="carry"`` and there are no ``tokens``.
        ImportError: msgspec is not installed.
    """

    __module__ = "handlerid"
    __slots__ = (
        *("__weakref__", "_authorize", "_handlers", "_max_bytes", "_observer"),
        *("_read_json", "_references", "_refusals", "_refuse_extra", "_registry"),
        *("_history", "_resolvers"),
    )

    def __init__(
        self,
        registry: Registry,
        *,
        tokens: _tokens.Tokens | None = None,
        authorize: Callable[[Call], bool | Awaitable[bool]] | None = None,
        resolvers: Iterable[Resolver] = (),
        observer: Observer | None = None,
        json: Literal["standard", "msgspec"] = "standard",
        max_bytes: int = 65_536,
        extra: Literal["ignore", "refuse"] | None = None,
        history: Callable[[HandlerId], errors.HandlerIdError | None] | None = None,
    ) -> None:
        expect(isinstance(registry, Registry), "registry", "a Registry", registry)
        known = tokens is None or isinstance(tokens, _tokens.Tokens)
        expect(known, "tokens", "Tokens(key)", tokens)
        known = isinstance(resolvers, Iterable)
        expect(known, "resolvers", "a list of functions: [find]", resolvers)
        self._resolvers = tuple(resolvers)
        for one in self._resolvers:
            expect(callable(one), "each of resolvers", "a function", one)
        for name, fn in {"authorize": authorize, "history": history}.items():
            expect(fn is None or callable(fn), name, "a function", fn)
        known = isinstance(observer, Observer | None)
        expect(known, "observer", "an object whose class extends Observer", observer)
        expect(type(max_bytes) is int, "max_bytes", "an int", max_bytes)
        if max_bytes < 1:
            raise ValueError(f"max_bytes must be at least 1, not {max_bytes}")
        if extra is not None:
            choose("extra", extra, ("ignore", "refuse"))
        if tokens is None and registry.entries.captures == "carry":
            raise ValueError(
                'captures="carry" sends captured values into pages: they have to be '
                "signed, Dispatcher(registry, tokens=Tokens(key))"
            )
        self._registry = registry
        self._handlers = registry.entries.handlers
        self._references: Any = tokens and References(registry.entries, tokens)
        self._authorize, self._history = authorize, history
        self._observer: Any = observer
        # What the observer is notified of; "except ()" costs a refusal nothing.
        self._refusals = () if observer is None else errors.HandlerIdError
        self._read_json = json_reader(json)
        self._max_bytes = max_bytes
        self._refuse_extra = None if extra is None else extra == "refuse"

    @property
    def registry(self) -> Registry:
        """The handlers of the application."""
        return self._registry

    def __repr__(self) -> str:
        tokens = "" if self._references is None else ", with tokens"
        return f"<Dispatcher of {self._registry!r}{tokens}>"

    def scope(self, *, audience: str | None = _NOT_GIVEN) -> Scope:
        """Make the scope of one rendering.

        ``audience`` is whom its tokens are for, such as a session's or user's id; None
        for anybody. It is required with tokens, and an error without.
        """
        audience = self._check_audience(audience)
        if audience is not None and self._references is None:
            raise ValueError("an audience needs a token: Dispatcher(tokens=...)")
        return Scope(self._registry.entries.child(), self._references, audience)

    def read(self, body: bytes | bytearray | memoryview | str) -> dict[str, Any]:
        """Read JSON with every guard, and raise MalformedPayload.

        For a host with fields of its own in it; pass the mapping on to ``dispatch``.
        """
        expect(isinstance(body, _JSON), "body", "bytes or a str", body)
        try:
            return self._read_json(body, self._max_bytes)
        except self._refusals as error:
            notify(self._observer.refused, error)
            raise

    def prepare(
        self,
        payload: Payload,
        *,
        audience: str | None = _NOT_GIVEN,
        scope: Scope | Iterable[Scope] | None = None,
        rerender: Callable[[Scope], object] | None = None,
    ) -> Call:
        """Read a payload, find its handler and make its event: all but calling it.

        Args:
            payload: a flat object ``{"handler": <reference>, "key": ..., ...}`` as
                JSON, as a mapping that the host has read, or as a ``Form``, which
                has ``_handler`` and ``_key``.
            audience: who sends it, as the host knows. Required with tokens.
            scope: scopes that the host keeps, the newest first.
            rerender: renders the page again if nobody has the handler; called as
                resolvers are, without the id.

        Raises:
            MalformedPayload, UnknownHandler, StaleHandler, InvalidEvent, NotAllowed,
                InvalidToken, ExpiredToken: the payload is refused.
            AsyncHandler: something has to be awaited; use ``aprepare``.
            TypeError: the host passed an argument of the wrong type.
        """
        call = Call()
        for _ in self._steps(call, payload, audience, scope, rerender):
            pass  # it yields what awaiting yields: nothing here
        return call

    async def aprepare(
        self,
        payload: Payload,
        *,
        audience: str | None = _NOT_GIVEN,
        scope: Scope | Iterable[Scope] | None = None,
        rerender: Callable[[Scope], object] | None = None,
    ) -> Call:
        """Do what ``prepare`` does, and await what functions of the host return."""
        call = Call()
        call.awaits = True
        await self._awaited(call, payload, audience, scope, rerender)
        return call

    def dispatch(
        self,
        payload: Payload,
        *,
        audience: str | None = _NOT_GIVEN,
        scope: Scope | Iterable[Scope] | None = None,
        rerender: Callable[[Scope], object] | None = None,
    ) -> object:
        """Prepare a call and run it: see ``prepare`` and ``Call.run``."""
        call = Call()
        for _ in self._steps(call, payload, audience, scope, rerender):
            pass  # as in prepare; a call more is a twentieth of a click
        return call.run()

    async def adispatch(
        self,
        payload: Payload,
        *,
        audience: str | None = _NOT_GIVEN,
        scope: Scope | Iterable[Scope] | None = None,
        rerender: Callable[[Scope], object] | None = None,
    ) -> object:
        """Prepare a call and run it: see ``prepare`` and ``Call.arun``."""
        call = Call()
        call.awaits = True
        await self._awaited(call, payload, audience, scope, rerender)
        return await call.arun()

    def call(
        self, handler: RegisteredHandler, event: object, *, audience: str | None = None
    ) -> Call:
        """Make a call with an event that exists; ``authorize`` is not asked."""
        known = isinstance(handler, RegisteredHandler)
        expect(known, "handler", "what registry.resolve(id) returns", handler)
        made = getattr(handler.event, "__handlerid_make__", None) is not None
        wrong = isinstance(event, type if made else (type, dict, *_JSON))
        expect(not wrong, "event", "an event", event)
        call = Call()
        call.audience = self._check_audience(audience)
        call.handler, call.event, call.source = handler, event, "host"
        call.context, call.observer = copy_context(), self._observer
        return call

    def _steps(
        self, call: Call, payload: Any, audience: Any, scope: Any, rerender: Any
    ) -> _Steps:
        """Fill in a call; rule 3."""
        if audience is not _NOT_GIVEN or self._references is not None:
            call.audience = self._check_audience(audience)
        if rerender is not None and not callable(rerender):
            expect(False, "rerender", "a function: partial(render, state)", rerender)
        call.context, call.observer = copy_context(), self._observer
        try:
            fields: Any = payload if type(payload) is dict else self._read(payload)
            form = type(fields) is Form
            text, captures = fields.get("_handler" if form else "handler"), b""
            if not isinstance(text, str):
                name = '"_handler", or several' if form else '"handler"'
                raise errors.MalformedPayload(f"the payload names no handler in {name}")
            if self._references is not None:
                tokens = self._references.tokens
                verified = tokens.verify(text, audience=call.audience)
                text, captures = verified.handler_id, verified.captures
            handler, refuse_extra = self._handlers.get(text), self._refuse_extra
            if handler is None or scope is not None or not handler.is_current():
                handler, scopes = self._find(call, text, scope)
                if handler is None:
                    search = self._search(call, text, captures, scopes, rerender)
                    handler, refuse_extra = yield from search
            call.handler = handler
            if self._authorize is not None:
                yield from _ask_authorize(call, self._authorize)
            if refuse_extra is None and type(fields) is dict:
                call.event = handler.decode(fields)
            else:
                decode = decoder(handler.event, form=form, refuse_extra=refuse_extra)
                call.event = decode(fields.fields if form else fields)
        except self._refusals as error:
            notify(self._observer.refused, error)
            raise

    _awaited = coroutine(_steps)  # the same function: what it returns can be awaited

    def _find(self, call: Call, text: str, scope: Any) -> tuple[Any, tuple[Scope, ...]]:
        """Return the handler that a scope or the registry has, and the scopes."""
        registered = self._registry.entries.find(text)
        scopes = () if scope is None else (scope,)
        if not isinstance(scope, Scope) and hasattr(scope, "__iter__"):
            scopes = tuple(scope)
        for one in scopes:
            if not isinstance(one, Scope):
                expect(False, "scope", "a Scope or an iterable of Scopes", one)
            one.entries.end_rendering()
            handler = one.entries.find(text)
            if handler is not None and handler is not registered:
                call.source = "scope"
                return handler, scopes
        return registered, scopes

    def _search(
        self, call: Call, text: str, captures: bytes, scopes: Any, rerender: Any
    ) -> _Steps:
        """Return who else answers, and whether extra fields are refused."""
        if _OTHER_FORMAT.match(text):  # tokens of this server are verified above
            made = "with tokens" if text[0] == "t" else "with ids of another format"
            raise errors.ExpiredToken(f"not an h1 id: the page was rendered {made}")
        wanted, raised = HandlerId.parse(text), list[errors.HandlerIdError]()
        carried, mutable = None, True
        if captures:
            try:
                carried, mutable = self._references.rebuild(wanted, captures)
            except _NO_ANSWER as error:
                raised.append(error)
        searched = {one.entries: "scope" for one in scopes}
        if mutable:
            asked = self._ask_host(call, wanted, rerender, searched, raised)
            if (offered := (yield from asked)) is not None:
                return offered, self._refuse_extra
        if carried is not None:
            call.source = "token"
            return carried, self._refuse_extra
        try:
            handler = self._registry.entries.resolve(wanted, *searched)
            own = [x for one, x in searched.items() if handler in one.handlers.values()]
            call.source = [*own, "registry"][0]
        except _NO_ANSWER as error:
            raised.append(error)
        else:
            return handler, True
        signed = self._references is not None
        raise _take_from(raised, wanted, self._history, signed=signed)

    def _ask_host(
        self, call: Call, wanted: HandlerId, rerender: Any, searched: Any, raised: Any
    ) -> _Steps:
        """Return the handler if a resolver or ``rerender`` offers it, or None."""
        root, place = self._registry.entries, wanted.location
        asked: list[Any] = [("resolver", one, wanted) for one in self._resolvers]
        if asked and not (
            self._references or root.index.knows(place) or root.at_location(place)
        ):
            asked = []  # it may be made up, and a resolver renders a page
            why = f"no resolver was asked for {wanted}, because no scanned module has "
            why += "its location: is the module scanned that defines it? If it has "
            why += "another name in each process, set Identity(module_name=...)"
            raised.append(errors.UnknownHandler(why, handler_id=wanted))
        if rerender is not None:
            asked.append(("rerender", rerender))
        for source, *ask in asked:
            call.source, offered = source, Scope(root.child(), None, call.audience)
            try:
                yield from _ask(call, source, copy_context(), *ask, offered)
            except _NO_ANSWER as error:
                raised.append(error)
            offered.entries.end_rendering()
            if (handler := offered.entries.find(wanted)) is not None:
                return handler
            searched[offered.entries] = source
        return None

    def _read(self, payload: Any) -> Any:
        """Return something with ``get``: a mapping or a form."""
        if isinstance(payload, _JSON):
            return self._read_json(payload, self._max_bytes)
        lists = hasattr(payload, "getlist") or hasattr(payload, "getall")
        if isinstance(payload, (Form, Mapping)) and not lists:
            return payload
        if isinstance(payload, (list, int, float)):  # what a client may send as JSON
            raise errors.MalformedPayload("the payload is not a JSON object")
        wanted = "JSON, a mapping or a Form"
        if lists:  # several values of a name would be lost
            wanted = "wrapped, Form(form), as its names may have several values"
        return expect(False, "payload", wanted, payload)

    def _check_audience(self, audience: object) -> Any:
        if audience is _NOT_GIVEN:
            if self._references is None:
                return None
            raise TypeError("with tokens, audience= is required; None means anybody")
        expect(isinstance(audience, str | None), "audience", "a str or None", audience)
        return audience


def _take_from(
    raised: list[Any], wanted: HandlerId, history: Any, *, signed: bool
) -> errors.HandlerIdError:
    """Return the one to raise, and empty the list: a traceback must not hold it."""
    # That the location is known says more than that another one is not.
    stale = [one for one in raised if isinstance(one, errors.StaleHandler)]
    chosen = (stale or raised)[0]
    raised.clear()
    if isinstance(chosen, errors.UnknownHandler):
        if history is not None and (found := history(wanted)) is not None:
            return found  # type: ignore[no-any-return]
        if signed:  # it was offered once
            return errors.GoneHandler(str(chosen), handler_id=chosen.handler_id)
    return chosen


def _ask_authorize(call: Call, authorize: Any) -> _Steps:
    """Raise unless it returns True; rule 2."""
    answer = yield from _ask(call, "authorize", call.context, authorize, call)
    if answer is not True:
        close_unawaited(answer)
        said = "False" if answer is False else type(answer).__name__
        no = errors.NotAllowed if answer is False else errors.NoDecision
        where = location_name(call.handler.id)
        raise no(f"authorize refused {where}: it returned {said}, not True")


def _ask(call: Call, what: str, context: Context, fn: Any, *arguments: Any) -> _Steps:
    """Call a function of the host in a context, and await there what it returns."""
    answer = context.run(fn, *arguments)
    if isawaitable(answer):
        try:
            if not call.awaits:
                way_out = "use aprepare() or adispatch()"
                raise errors.AsyncHandler(f"{what} is asynchronous: {way_out}")
            answer = yield from in_context(context, answer)
        finally:
            close_unawaited(answer)  # also a coroutine that was awaited out of another
    return answer
