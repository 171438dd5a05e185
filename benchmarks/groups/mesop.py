"""What Mesop's own way costs, and what it costs when Mesop runs on handlerid.

A page registers ten handlers and renders nothing else: components cost the same
either way. A click is the bytes of a request, read; the page rendered again, as Mesop
does; the handler found, its event made, and called. Flask's request is left out.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks.harness.interleaved import Contender, Run, measure
from benchmarks.harness.results import Bar, Group, Table

__all__ = ["run"]

HANDLERS = 10
"""Handlers that the page registers."""

Register = Callable[[Any, type], str]
Path = Callable[[Any, str], None]

clicked: list[str] = []


def in_module(event: Any) -> None:
    """A handler that is there before any render."""
    clicked.append(event.key)


def with_item(event: Any, item: str) -> None:
    """A handler that gets more than the event."""
    clicked.append(event.key + item)


def closures() -> Sequence[Callable[[Any], None]]:
    """Handlers made anew, of the size that handlers have."""
    keys: dict[str, int] = {}

    def add(event: Any) -> None:
        count = keys.get(event.key, 0)
        if count < 100:
            keys[event.key] = count + 1
        else:
            raise ValueError(f"no more than 100 of {event.key}")

    def remove(event: Any) -> None:
        count = keys.get(event.key, 0)
        if count > 1:
            keys[event.key] = count - 1
        else:
            keys.pop(event.key, None)

    def clear(event: Any) -> None:
        keys.clear()
        if event.is_target:
            clicked.append("cleared")

    def show(event: Any) -> None:
        total = sum(keys.values())
        names = ", ".join(sorted(keys))
        clicked.append(f"{total} of {names}")

    def rename(event: Any) -> None:
        if event.key in keys:
            keys[event.key.title()] = keys.pop(event.key)

    return (add, remove, clear, show, rename) * 2


IN_MODULE = [partial(with_item, item=str(number)) for number in range(HANDLERS)]

PAGES: dict[str, Callable[[], Sequence[Any]]] = {
    "fresh closures": closures,
    "functions of a module": lambda: (in_module,) * HANDLERS,
    "partials, made anew": lambda: [
        partial(with_item, item=str(number)) for number in range(HANDLERS)
    ],
    "partials of a module": lambda: IN_MODULE,
}


def run(run: Run) -> Group:
    """Measure this group; Mesop is as it was afterwards."""
    if find_spec("mesop") is None:
        return Group("mesop", notes=["Mesop is not installed, so this is left out."])
    from flask import Flask
    from mesop.component_helpers import helper
    from mesop.events import ClickEvent
    from mesop.runtime import runtime
    from mesop.runtime.context import Context

    from handlerid.integrations.mesop import install, uninstall

    def ways() -> tuple[Register, Path, Callable[[Any, Any], Any]]:
        return (
            helper.register_event_handler,
            type(runtime()).run_path,
            Context.run_event_handler,
        )

    alone = ways()
    install()
    try:
        both = {"Mesop": alone, "on handlerid": ways()}
        with Flask(__name__).test_request_context("/"):
            pages = {
                (who, what): _page(way[0], way[1], make, ClickEvent)
                for what, make in PAGES.items()
                for who, way in both.items()
            }
            registering = _registering(run, pages)
            clicking = _clicking(run, pages, both)
    finally:
        uninstall()
        helper.compute_fn_id.cache_clear()  # it has kept every closure
    bars = [
        Bar(
            f"rendering {what}: Mesop / on handlerid",
            registering[f"Mesop, {what}"].over(registering[f"on handlerid, {what}"]),
            ">=",
            50 if what == "fresh closures" else 1,
        )
        for what in PAGES
    ]
    bars += [
        Bar(
            f"a click, {what}: Mesop / on handlerid",
            clicking[f"Mesop, {what}"].over(clicking[f"on handlerid, {what}"]),
            ">=",
            1,
        )
        for what in PAGES
    ]
    return Group("mesop", [registering, clicking], bars=bars)


def _page(
    register: Register, run_path: Path, make: Callable[[], Any], event: type
) -> Callable[[object], list[str]]:
    """What renders a page once, and returns the ids."""
    from mesop.runtime import PageConfig, runtime
    from mesop.security.security_policy import SecurityPolicy

    ids: list[str] = []

    def page() -> None:
        ids[:] = [register(handler, event) for handler in make()]

    config = PageConfig(
        page_fn=page,
        title="",
        stylesheets=[],
        security_policy=SecurityPolicy(),
        on_load=None,
    )
    here = runtime()

    def render(_: object) -> list[str]:
        here._path_to_page_config["/"] = config  # noqa: SLF001 - Mesop has no public way
        run_path(here, "/")
        return ids

    return render


def _slow(who: str, what: str) -> int:
    """Mesop reads the source of what is made anew, and keeps it: few calls."""
    return 100 if who == "Mesop" and not what.endswith("of a module") else 1


def _calls(run: Run) -> int:
    return 100 if run.quick else 2_000


def _registering(run: Run, pages: dict[tuple[str, str], Any]) -> Table:
    contenders = [
        Contender(
            f"{who}, {what}",
            render,
            lambda count: [None] * count,
            lambda _, ids: len(ids) == HANDLERS,
            slow=_slow(who, what),
        )
        for (who, what), render in pages.items()
    ]
    figures = measure(contenders, run, calls=_calls(run))
    return Table(f"Rendering a page of {HANDLERS} handlers", "µs", figures)


def _clicking(run: Run, pages: dict[tuple[str, str], Any], both: Any) -> Table:
    import mesop.protos.ui_pb2 as pb
    from mesop.runtime import runtime

    def click(who: str, what: str) -> Contender:
        render, run_event = pages[who, what], both[who][2]
        request = pb.UiRequest()
        request.user_event.handler_id = render(None)[0]
        request.user_event.key.key = "row-17"
        request.user_event.click.is_target = True
        data = base64.urlsafe_b64encode(request.SerializeToString())

        def answer(data: bytes) -> int:
            request = pb.UiRequest()
            request.ParseFromString(base64.urlsafe_b64decode(data))
            render(None)
            steps = run_event(runtime().context(), request.user_event)
            return sum(1 for _ in steps)

        return Contender(
            f"{who}, {what}",
            answer,
            lambda count: [data] * count,
            lambda _, steps: steps == 1,
            slow=_slow(who, what),
        )

    figures = measure([click(*key) for key in pages], run, calls=_calls(run))
    return Table(f"A click, on a page of {HANDLERS} handlers", "µs", figures)
