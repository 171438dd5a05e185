"""The functions that stand in the place of Mesop's, or around them.

1. Mesop makes its events from its own messages. A handler gets one if it takes an
   argument, however that is annotated.
2. Each rendering has its own scope. A page that stays connected keeps the last eight:
   events that left the browser before the newest rendering name handlers of an older.
3. A handler that cannot be called with its event breaks its own click, not the page.
4. Mesop shows everything that the browser shows: the error dialog, the text, the
   navigation.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
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

from handlerid import Dispatcher, Event, HandlerId, Scope, errors
from handlerid.integrations.mesop.events import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    Steps = Generator[object, None, None]

__all__ = ["NOTICE", "SECONDS", "Seams", "module_name"]

NOTICE, SECONDS = "This page is out of date. It reloads in a moment.", 1.5
_may_wait = BoundedSemaphore(2)  # threads; a flood of old ids does not stop a server
_rendering: ContextVar[Scope] = ContextVar("handlerid_rendering")


def module_name(name: str) -> str | None:
    """Mesop's command line names the main module by its path: the last part counts."""
    from_path = name.startswith(".") or ":" in name
    return name.rpartition(".")[2] if from_path else None


class Seams:
    """The functions that replace or wrap Mesop's."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.events: dict[type, type[Event]] = {}  # by Mesop's event class

    def scopes(self, context: Any) -> deque[Scope]:
        """Return the scopes of a context, newest first."""
        try:
            found: deque[Scope] = context.handlerid_scopes
        except AttributeError:
            found = context.handlerid_scopes = deque[Scope](maxlen=8)
        return found

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
        """Make the event type that stands for one of Mesop's; rule 1."""

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
        """Run the handler of an event, step by step, or say why there is none."""

        def run_event_handler(context: Any, event: Any) -> Steps:
            wanted, scopes = event.handler_id, tuple(self.scopes(context))
            if not wanted:  # a navigation or a resize has no handler
                yield from before(context, event)
                return
            payload = {"handler": wanted, "sent": event}
            try:
                call = self.dispatcher.prepare(payload, scope=scopes)
            except errors.HandlerIdError as error:
                # A colon: an id of Mesop's own, from a page before the deploy.
                if error.reload or ":" in wanted:
                    return (yield from _reload(context, event))
                warn(f"{error}; near: {', '.join(_near(wanted, scopes))}")
                raise MesopUserException(error.public) from error
            loop = asyncio.Runner()  # it makes the loop when that is needed
            try:
                yield from call.stream(runner=loop.run)
            finally:
                loop.close()

        return run_event_handler


def _refuse(text: str) -> None:
    """Stand in for a handler whose signature is wrong; rule 3."""
    warn(text)
    raise MesopUserException(errors.SignatureError.public)


def _near(unknown: str, scopes: tuple[Scope, ...]) -> list[str]:
    """Name up to five handlers of the page that are most like an unknown id."""
    try:
        wanted = HandlerId.parse(unknown)
    except errors.MalformedPayload:
        return []
    known = [*scopes[0]] if scopes else []
    for part in ("location", "fingerprint", "event"):
        sought = getattr(wanted, part)
        if near := [one for one in known if getattr(one, part) == sought]:
            return [f"{one.module}.{one.qualname}" for one in near[:5]]
    return []


def _reload(context: Any, event: Any) -> Steps:
    """Say that the page is out of date, and have the browser load it again."""
    context.reset_previous_node()  # the browser shows another page than this server
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
