"""Mesop on handlerid: the application as it is, other ids, and errors that say why.

What belongs here: Mesop's seams, and what is put there. Run as a module it is Mesop's
command line: ``python -m handlerid.integrations.mesop app.py``. The rules:

1. Mesop makes its events from its own messages, and a handler gets one wherever it
   takes an argument, however that is annotated.
2. What a browser shows is Mesop's: its error dialog, a text, a navigation.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

import mesop as me
from flask import request
from mesop.component_helpers import helper
from mesop.exceptions import MesopUserException
from mesop.key import key_from_proto
from mesop.runtime import runtime
from mesop.runtime.context import Context
from mesop.server.server_utils import prefix_base_url
from mesop.warn import warn

from handlerid import Call, Event, Registry, errors
from handlerid._identity import name_elsewhere
from handlerid._renderings import Renderings
from handlerid._wrapping import WrappingIdentity
from handlerid.events._host import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Steps = Generator[object, None, None]

__all__ = ["install", "uninstall"]
NOTICE, SECONDS = "This page is out of date. It reloads in a moment.", 1.5
_may_wait = BoundedSemaphore(2)  # threads; no flood of old ids stops a server
_rendering: ContextVar[Renderings] = ContextVar("handlerid_rendering")
_undo: list[Callable[[], None]] = []  # puts Mesop back as it was, the last first


def install(*, captures: Any = "warn", **identity: Any) -> None:
    """Makes Mesop use handlerid in this process; before the application is imported.

    A second call takes the place of the first.

    Args:
        captures: as for ``Registry``, except ``"carry"``: Mesop's pages have no place
            for tokens. ``"distinct"`` tells closures of a loop apart.
        identity: ``key``, ``fingerprint`` and ``encoders``, as for ``Identity``.

    Raises:
        ValueError: an argument is not one of these.
    """
    if captures == "carry":
        raise ValueError("Mesop's pages have no place for tokens; take 'distinct'")
    uninstall()
    distinct = captures == "distinct"
    ids = WrappingIdentity(all_captures=distinct, module_name=_module_name, **identity)
    # What has no canonical form may still be replaced.
    seams = _Seams(Registry(identity=ids, captures="warn" if distinct else captures))
    old, new = helper.register_event_handler, seams.register_event_handler
    _replace(old, new)
    _undo.append(partial(_replace, new, old))
    _wrap(Context, seams.run_event_handler)
    _wrap(type(runtime()), seams.run_path)


def uninstall() -> None:
    """Puts everything back as it was. A second call does nothing."""
    while _undo:
        _undo.pop()()


def _replace(old: Any, new: Any) -> None:
    """Replaces a function in every module that has imported it."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", {})
        if names.get("register_event_handler") is old:
            names["register_event_handler"] = new


def _wrap(owner: type, wrapper: Callable[[Any], Any]) -> None:
    name, before = wrapper.__name__, vars(owner)[wrapper.__name__]
    setattr(owner, name, wrapper(before))
    _undo.append(partial(setattr, owner, name, before))


def _module_name(name: str) -> str:
    """Mesop's command line names the main module by its path: the last part counts."""
    from_path = name.startswith(".") or ":" in name
    return name.rpartition(".")[2] if from_path else name_elsewhere(name)


class _Seams:
    """What stands in Mesop's places."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry  # says what is an id; it holds nothing
        self.events: dict[type, type[Event]] = {}  # what stands for each of Mesop's

    def rendered(self, context: Any) -> Renderings:
        """What a context rendered; it lives as long as that."""
        try:
            found: Renderings = context.handlerid_rendered
        except AttributeError:
            found = context.handlerid_rendered = Renderings(self.registry)
        return found

    def register_event_handler(self, handler_fn: Any, event: type) -> str:
        rendered = _rendering.get(None) or self.rendered(runtime().context())
        return rendered.offer(handler_fn, self.events.get(event) or self.learn(event))

    def learn(self, event: type) -> type[Event]:
        """Makes the event type that stands for one of Mesop's: rule 1."""

        def make(sent: Any) -> object:
            return runtime().get_event_mapper(event)(sent, key_from_proto(sent.key))

        module = _module_name(event.__module__)
        made = stand_in(event, host="mesop", make=make, module=module)
        return self.events.setdefault(event, made)

    def run_path(self, before: Any) -> Callable[[Any, str], None]:
        """Renders a page; what it offers replaces nothing of the rendering before."""

        def run_path(page: Any, path: str) -> None:
            context = page.context()
            context.handlerid_path = path
            token = _rendering.set(self.rendered(context).begin())
            try:
                before(page, path)
            finally:
                _rendering.reset(token)

        return run_path

    def run_event_handler(self, before: Any) -> Callable[[Any, Any], Steps]:
        """Runs the handler that an event names, step by step, or says why not."""

        def run_event_handler(context: Any, event: Any) -> Steps:
            wanted, rendered = event.handler_id, self.rendered(context)
            if not wanted:  # a navigation, a resize: nobody is called
                yield from before(context, event)
                return
            try:
                handler = rendered.resolve(wanted)
            except errors.HandlerIdError as error:
                # A colon: the id is Mesop's own, of a page from before the deploy.
                if isinstance(error, errors.StaleHandler) or ":" in wanted:
                    return (yield from _reload(context, event))
                warn(f"{error}; near: {', '.join(rendered.near(wanted))}")
                raise MesopUserException(error.public) from error
            loop = asyncio.Runner()  # which makes it when it is needed
            try:
                yield from Call(handler, handler.decode(event)).stream(runner=loop.run)
            finally:
                loop.close()

        return run_event_handler


def _reload(context: Any, event: Any) -> Steps:
    """Says that the page is out of date, and has the browser load it again."""
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


def main() -> None:
    """Runs Mesop's command line, with a flag ``--captures`` beside its own."""
    from absl import app, flags  # noqa: PLC0415 - needed here alone
    from mesop.bin.bin import main as run  # noqa: PLC0415 - likewise

    captures: Any = flags.DEFINE_string("captures", "warn", "as for install()")

    def start(argv: list[str]) -> None:
        install(captures=captures.value)
        run(argv)

    app.run(start)


if __name__ == "__main__":  # in the module that the application may import, too
    sys.exit(import_module("handlerid.integrations.mesop").main())
