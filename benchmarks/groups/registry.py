"""What registering, looking up and refusing cost.

The floor is a dictionary that has the same ids. How these grow is in ``scale``.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from benchmarks.groups.identity import fresh, fresh_code, make
from benchmarks.harness.interleaved import Contender, Run, measure, same
from benchmarks.harness.results import Group, Table
from handlerid import (
    ClickEvent,
    Dispatcher,
    HandlerId,
    HandlerIdError,
    RegisteredHandler,
    Registry,
)

__all__ = ["run"]

HANDLERS = 10
"""Handlers in one page."""


def is_id(_: object, result: object) -> bool:
    return isinstance(result, HandlerId) and result.event == "click"


def looking_up(run: Run) -> Table:
    """An id that is there, and one that is not."""
    registry = Registry()
    known = make("Hello")
    text = str(registry.register(known))
    plain = {text: known}
    stale = text[:17] + "aaaaaaaaaaaaaaaaaaaa.click"

    def texts(text: str) -> Any:
        # Not the object that is the key: it comes from a payload.
        return lambda count: ["".join(text) for _ in range(count)]

    def refused(text: str) -> object:
        try:
            return registry.resolve(text)
        except HandlerIdError as error:
            return type(error).__name__

    def is_known(_: object, found: Any) -> bool:
        return isinstance(found, RegisteredHandler) and found.fn is known

    unknown = "h1-aaaaaaaaaaaaa-aaaaaaaaaaaaaaaaaaaa"
    contenders = [
        Contender(
            "d[id]", plain.__getitem__, texts(text), lambda _, found: found is known
        ),
        Contender("resolve", registry.resolve, texts(text), is_known),
        Contender(
            "refuse a stale id",
            refused,
            texts(stale),
            lambda _, error: error == "StaleHandler",
        ),
        Contender(
            "refuse an unknown id",
            refused,
            texts(unknown),
            lambda _, error: error == "UnknownHandler",
        ),
    ]
    figures = measure(contenders, run, calls=5_000)
    return Table("Looking an id up", "µs", figures, ("d[id]",))


def registering(run: Run) -> Table:
    """Registering a handler, and offering a page's in a scope of its own."""
    registry, again = Registry(), Registry()
    known = make("Hello")
    again.register(known, ClickEvent)
    closures = Registry(captures="allow")
    plain: dict[str, FunctionType] = {}
    app = Dispatcher(Registry())
    handlers = fresh_code(HANDLERS)
    ids = [app.registry.register(fn, ClickEvent) for fn in handlers]

    def by_hand(fn: FunctionType) -> str:
        plain[fn.__qualname__] = fn
        return fn.__qualname__

    def page(_: object) -> list[str]:
        with app.scope() as scope:
            return [scope.offer(fn, ClickEvent) for fn in handlers]

    def empty(_: object) -> int:
        with app.scope():
            return HANDLERS

    contenders = [
        Contender(
            "d[name] = fn", by_hand, fresh_code, lambda fn, name: plain[name] is fn
        ),
        Contender(
            "register, first time",
            lambda fn: registry.register(fn, ClickEvent),
            fresh_code,
            is_id,
        ),
        Contender(
            "register, again",
            lambda fn: again.register(fn, ClickEvent),
            same(known),
            is_id,
        ),
        Contender(
            "register, a fresh closure",
            lambda fn: closures.register(fn, ClickEvent),
            fresh,
            is_id,
        ),
        Contender("a scope, made and left", empty, same(None), lambda _, n: n == 10),
        Contender(
            f"a scope, {HANDLERS} handlers of modules offered",
            page,
            same(None),
            lambda _, found: found == ids,
            slow=5,
        ),
    ]
    figures = measure(contenders, run, calls=500)
    return Table("Registering", "µs", figures, ("d[name] = fn",))


def run(run: Run) -> Group:
    """Measure this group."""
    return Group("registry", [looking_up(run), registering(run)])
