"""The functions that replace or wrap Mesop's.

1. Mesop makes its events from its own messages. A handler that takes an argument gets
   the event; the annotation is not checked.
2. Each rendering has its own scope. A page that stays connected keeps the last eight,
   because an event may have left the browser before the newest rendering.
3. A handler that cannot be called with its event fails at the click, not at render.
4. Everything that the user sees is shown by Mesop: the error dialog, the text, the
   navigation.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import closing
from contextvars import ContextVar
from functools import partial
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

import mesop as me
from flask import request
from mesop.exceptions import MesopUserException
from mesop.key import key_from_proto
from mesop.runtime import runtime
from mesop.server.server_utils import prefix_base_url
from mesop.warn import warn

from handlerid import Dispatcher, Event, Scope, errors
from handlerid.integrations.mesop.events import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    Steps = Generator[object, None, None]

__all__ = ["NOTICE", "SECONDS", "Seams", "module_name"]

NOTICE, SECONDS = "This page is out of date. It reloads in a moment.", 1.5
_may_wait = BoundedSemaphore(2)  # threads: many old ids must not block a server
_rendering: ContextVar[Scope] = ContextVar("handlerid_rendering")


def module_name(name: str) -> str | None:
    """Return the last part of a name that Mesop's command line makes of a path."""
    from_path = name.startswith(".") or ":" in name
    return name.rpartition(".")[2] if from_path else None


class Seams:
    """The functions that replace or wrap Mesop's."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.events: dict[type, type[Event]] = {}  # by Mesop's event class

    def scopes(self, context: Any) -> deque[Scope]:
        """Return the scopes of a context, newest first."""
        if not hasattr(context, "handlerid_scopes"):
            context.handlerid_scopes = deque[Scope](maxlen=8)
        return context.handlerid_scopes  # type: ignore[no-any-return]  # always a deque

    def begin(self, context: Any) -> Scope:
        """Return the scope of a new rendering."""
        scope = self.dispatcher.scope()
        self.scopes(context).appendleft(scope)
        return scope

    def register_event_handler(self, handler_fn: Any, event: type) -> str:
        """Offer a handler in the scope of this rendering; return its id."""
        scope = _rendering.get(None)
        if scope is None:
            scope = self.begin(runtime().context())
        known = self.events.get(event) or self.learn(event)
        try:
            return scope.offer(handler_fn, known)
        except errors.SignatureError as error:
            warn(str(error))
            return scope.offer(partial(_refuse, str(error)), known)

    def learn(self, event: type) -> type[Event]:
        """Make the event type for one of Mesop's event classes; rule 1."""

        def make(payload: Mapping[str, Any]) -> object:
            sent = payload["sent"]
            return runtime().get_event_mapper(event)(sent, key_from_proto(sent.key))

        module = module_name(event.__module__) or event.__module__
        return self.events.setdefault(event, stand_in(event, make=make, module=module))

    def run_path(self, before: Any) -> Callable[[Any, str], None]:
        """Render a page in a scope of its own."""

        def run_path(page: Any, path: str) -> None:
            context = page.context()
            context.handlerid_path = path
            with self.begin(context) as scope:
                token = _rendering.set(scope)
                try:
                    before(page, path)
                finally:
                    _rendering.reset(token)

        return run_path

    def run_event_handler(self, before: Any) -> Callable[[Any, Any], Steps]:
        """Run the handler of an event step by step, or show why it is refused."""

        def run_event_handler(context: Any, event: Any) -> Steps:
            wanted, scopes = event.handler_id, tuple(self.scopes(context))
            if not wanted:  # a navigation or a resize has no handler
                yield from before(context, event)
                return
            payload = {"handler": wanted, "sent": event}
            try:
                call = self.dispatcher.prepare(payload, scope=scopes)
            except errors.HandlerIdError as error:
                # A colon: Mesop's own id, from a page rendered without handlerid.
                if error.reload or ":" in wanted:
                    return (yield from _reload(context, event))
                warn(str(error))
                raise MesopUserException(error.public) from error
            # The runner makes a loop when it is first used.
            with closing(asyncio.Runner()) as loop:
                yield from call.stream(runner=loop.run)

        return run_event_handler


def _refuse(text: str) -> None:
    """Fail in place of a handler whose signature is wrong; rule 3."""
    warn(text)
    raise MesopUserException(errors.SignatureError.public)


def _reload(context: Any, event: Any) -> Steps:
    """Show that the page is out of date, and reload it in the browser."""
    context.reset_previous_node()  # the browser shows another page
    if _may_wait.acquire(blocking=False):
        try:
            me.text(NOTICE, type="headline-5")
            yield None
            time.sleep(SECONDS)
        finally:
            _may_wait.release()
        context.reset_previous_node()
    query = urlencode({one.key: list(one.values) for one in event.query_params}, True)
    root = request.headers.get("Origin") or request.url_root
    url = urljoin(root, prefix_base_url(context.handlerid_path))
    context.navigate(f"{url}?{query}" if query else url)
    yield None
