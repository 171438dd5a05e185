"""Starlette and FastAPI: templates that name handlers, and the routes that call them.

1. A page is for one audience: a random id in the session, new at login and logout. An
   event from a page of another audience is refused.
2. Asynchronous handlers run in the event loop. Plain ones run in threads of their own,
   so neither they nor clients that leave use up the threads of the application.
3. A client that leaves a stream closes its handler at once. It is cancelled once, so
   that its ``finally`` may await; in a scope of anyio, that would be cancelled, too.
4. An exception that the application has a handler for is answered by that. Any other
   is logged, and the page is told that the action failed.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from contextvars import ContextVar
from functools import cached_property, partial
from logging import getLogger
from secrets import token_urlsafe
from typing import Any

from handlerid import Call, Dispatcher, Form, Registry, Scope, Tokens
from handlerid.errors import HandlerIdError, MalformedPayload, NotAllowed
from handlerid.integrations.extras import extra
from handlerid.web import Answer, Endpoint, HandlerFailed, step_bytes

with extra("starlette", "itsdangerous", "jinja2", "python_multipart"):
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route
    from starlette.templating import Jinja2Templates

__all__ = ["Handlers", "current_request"]

current_request: ContextVar[Request] = ContextVar("current_request")
"""The request of an event, for its handler, ``authorize`` and ``render``."""

_OWN = {"Cache-Control": "private, no-store"}


class Handlers:
    """The handlers of an application: one object, made when it starts.

    Args:
        modules: names of the modules and packages that define handlers: ``__name__``.
            They are scanned when the first page is rendered, or the first event comes.
        key: the secret that signs what pages carry, at least 16 bytes, the same on all
            servers; or several: the first signs, all verify.
        dispatcher: instead of ``key``, one with tokens. By default it is
            ``Dispatcher(Registry(captures="carry"), tokens=Tokens(key))``, whose tokens
            expire after a day; so a worker answers closures that it never made. Without
            ``"carry"``, it answers only what is decorated with ``@registry.handler``,
            annotated with an event type, or offered by a resolver.
        endpoint: limits, origins and the release; by default ``Endpoint()``.
        templates: for ``page``; by default those in the folder ``templates``.
        render: called with the request of an event whose handler returned nothing; it
            makes the answer, such as the page. Of a generator, it makes each step that
            is None, and one more after the last such step. Plain or asynchronous.

    Attributes:
        routes: to be added to the application: ``Starlette(routes=[..., *routes])``,
            ``app.router.routes.extend(routes)``.

    Raises:
        ValueError: there is no key, or the dispatcher has no tokens.
    """

    def __init__(
        self,
        *modules: str,
        key: str | bytes | Sequence[str | bytes] | None = None,
        dispatcher: Dispatcher | None = None,
        endpoint: Endpoint | None = None,
        templates: Jinja2Templates | None = None,
        render: Callable[[Request], object] | None = None,
    ) -> None:
        self.endpoint: Endpoint = endpoint or Endpoint()
        if dispatcher is None:
            keys = [key] if isinstance(key, (str, bytes)) else key or [""]
            signing = [x.encode() if isinstance(x, str) else x for x in keys]
            own, carry = Tokens(signing, max_age=86_400), Registry(captures="carry")
            dispatcher = Dispatcher(carry, tokens=own, max_bytes=self.endpoint.max_json)
        dispatcher.scope(audience="")  # without tokens, it raises now
        self._unscanned, self._modules = dispatcher, modules
        self.templates: Jinja2Templates = templates or Jinja2Templates("templates")
        self.render: Callable[[Request], object] | None = render
        self._threads = ThreadPoolExecutor(40, "handlerid")
        # What follows the path is a release, or the name of the client.
        paths = [self.endpoint.path, self.endpoint.path + "/{rest}"]
        paths = paths[:: -1 if self.endpoint.release else 1]  # the usual one first
        self.routes: list[Route] = [Route(one, self, name=repr(self)) for one in paths]

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """The dispatcher; its modules are scanned when it is used first."""
        # Not when it is made, since the modules are being imported then.
        for module in self._modules:
            self._unscanned.registry.scan(module)
        return self._unscanned

    def page(self, request: Request, name: str, /, **context: Any) -> Response:
        """Render a template; its handlers are for the session of the request.

        The template also has ``on``, ``inputs``, ``script`` and ``action``: see
        ``Endpoint.helpers``.

        Raises:
            NoMatchFound: the application lacks ``routes``.
        """
        root = request.url_for(repr(self)).path.removesuffix(self.endpoint.path)
        with self.scope(request) as scope:
            context = self.endpoint.helpers(scope, root=root) | context
            return self.templates.TemplateResponse(request, name, context, 200, _OWN)

    def scope(self, request: Request) -> Scope:
        """Make the scope of a rendering without ``page``, for a ``with`` block."""
        audience = request.session.setdefault("handlerid", token_urlsafe(16))
        return self.dispatcher.scope(audience=audience)

    def new_audience(self, request: Request) -> None:
        """Refuse the events of all pages so far; call it at login and at logout."""
        request.session["handlerid"] = token_urlsafe(16)

    async def run(self, function: Callable[[], object]) -> object:
        """Run a function in one of the threads for plain handlers."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request to one of ``routes``."""
        current_request.set(event := _Event(self, scope, receive))
        await (await event.answer())(scope, receive, send)
        await event.close()


class _Event(Request):
    """An event that arrived, until it is answered."""

    def __init__(self, handlers: Handlers, scope: Any, receive: Any) -> None:
        self.handlers, self.end = handlers, handlers.endpoint
        # What is expected is no failure.
        self.rest, self.expected = scope["path_params"].get("rest", ""), HandlerIdError
        self.wire = self.end.request(scope["method"], scope["headers"], self.rest)
        # No method of this object: with such a circle it would be garbage.
        super().__init__(scope, partial(_counted, receive, self.wire))

    async def answer(self) -> Response:
        """Prepare the call and run it, unless its answer is a stream."""
        try:
            if self.rest and self.method in ("GET", "HEAD"):
                return _response(self.end.client(self.rest))
            self.wire.check()
            payload = await self.payload()
            audience = self.scope.get("session", {}).get("handlerid", "")
            call = await self.handlers.dispatcher.aprepare(payload, audience=audience)
            # Of a handler's own errors, this one is meant for the page; see
            # docs/production/answer-refused-payloads.md.
            self.expected = NotAllowed
            plain = call.handler.kind in ("plain", "generator")
            if "generator" in call.handler.kind and not self.wire.navigation:
                return _Stream(self.steps(call), 200, dict(self.end.stream_headers()))
            value = await (self.handlers.run(call.run) if plain else call.arun())
            return await self.made(call, value)
        except Exception as error:
            hosts = tuple(self.scope["starlette.exception_handlers"][0])
            if isinstance(error, hosts) and not isinstance(error, HandlerIdError):
                raise
            return _response(self.end.refuse(self.refusal(error), self.wire))

    async def payload(self) -> bytes | Form:
        """Read the body; ``Request.body`` would take longer, and keep a copy."""
        with suppress(HTTPException, ClientDisconnect):
            if self.wire.media_type == "multipart/form-data":
                return self.wire.form(await self.form())
            while (message := await self.receive())["type"] != "http.disconnect":
                if not message.get("more_body"):
                    return self.wire.payload()
        raise MalformedPayload("the body cannot be read, or is cut off")

    async def made(self, call: Call, value: object) -> Response:
        """Make the answer of what a handler returned or yielded."""
        render, end, by_itself = self.handlers.render, self.end, self.wire.navigation
        if value is None and render is not None and not by_itself:
            value = await self.handlers.run(lambda: call.context.run(render, self))
            if asyncio.iscoroutine(value):
                value = await asyncio.create_task(value, context=call.context)
        if isinstance(value, Response) and "location" in value.headers:  # a redirect
            moved = _response(end.redirect(value.headers["location"], self.wire))
            moved.background = value.background
            moved.raw_headers += [x for x in value.raw_headers if x[0] == b"set-cookie"]
            return moved
        if by_itself or not isinstance(value, Response):
            return _response(end.back(self.wire) if by_itself else end.answer(value))
        value.headers.update(dict(end.headers()))
        return value

    async def steps(self, call: Call) -> AsyncGenerator[bytes, None]:
        step: object = None
        try:
            async with aclosing(call.astream(thread=self.handlers.run)) as steps:
                async for step in steps:
                    yield _step(await self.made(call, step))
                    await asyncio.sleep(0)  # notice that the client left
            # What ran after the last step may have changed the page.
            last = _step(await self.made(call, None)) if step is None else b""
            yield last + step_bytes("end")
        except Exception as error:  # noqa: BLE001 - the handler's
            yield self.end.refuse_step(self.refusal(error), self.wire)

    def refusal(self, error: Exception) -> HandlerIdError:
        """Log an error, unless an observer did, and return what is sent for it."""
        if isinstance(error, self.expected) and error.status < HandlerFailed.status:
            if not error.logged:
                getLogger("handlerid").warning("%s: %s", type(error).__name__, error)
            return error.with_traceback(None)  # a circle: the request has the error
        getLogger("handlerid").error("an event was not answered", exc_info=error)
        return HandlerFailed()


async def _counted(receive: Any, wire: Any) -> Any:
    wire.feed((message := await receive()).get("body", b""))
    return message


class _Stream(StreamingResponse):
    """Steps of a handler, which is closed as soon as the client leaves: rule 3."""

    body_iterator: Any

    async def __call__(self, _: Any, receive: Any, send: Any) -> None:
        async with aclosing(self.body_iterator), asyncio.TaskGroup() as group:
            sending = group.create_task(self.stream_response(send))
            leaving = group.create_task(self.listen_for_disconnect(receive))
            sending.add_done_callback(lambda _: leaving.cancel())
            leaving.add_done_callback(lambda _: sending.cancel())


def _step(made: Response) -> bytes:
    json = made.headers.get("content-type") == "application/json"
    text = bytes(made.body).decode()
    return step_bytes("json" if json else "html", text) if text else b""


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))
