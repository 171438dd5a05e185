"""What registering, looking up and scopes cost.

Floor: a dictionary that has the same ids. How these grow is in the group ``scale``.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from benchmarks.groups.identity import fresh, fresh_code, make
from benchmarks.harness.interleaved import Contender, measure
from benchmarks.harness.results import Group, Table
from benchmarks.harness.running import Run
from handlerid import BoundHandler, ClickEvent, HandlerId, Registry
from handlerid.errors import StaleHandler, UnknownHandler

__all__ = ["run"]

HANDLERS = 10
"""Handlers in one page."""


def is_id(_: object, result: object) -> bool:
    return isinstance(result, HandlerId) and result.event == "click"


def looking_up(run: Run) -> Table:
    """An id that is there: in the registry, and through scopes."""
    registry = Registry()
    known = make("Hello")
    handler_id = str(registry.register(known))
    plain = {handler_id: known}
    registry.resolve(handler_id)  # the first answer is noted, and look_up changes
    child = registry.scope()
    grandchild = child.scope()

    def same(count: int) -> list[str]:
        # Not the object that is the key: it comes from a payload.
        return ["".join(handler_id) for _ in range(count)]

    def is_known(_: object, found: Any) -> bool:
        return isinstance(found, BoundHandler) and found.fn is known

    contenders = [
        Contender("d[id]", plain.__getitem__, same, lambda _, found: found is known),
        Contender("look_up", registry.look_up, same, is_known),
        Contender("find", registry.find, same, is_known),
        Contender("resolve", registry.resolve, same, is_known),
        Contender("resolve, from a scope", child.resolve, same, is_known),
        Contender("resolve, from a scope's scope", grandchild.resolve, same, is_known),
    ]
    figures = measure(contenders, run, calls=5_000)
    return Table("Looking an id up", "µs", figures, ("d[id]",))


def missing(run: Run) -> Table:
    """An id that is not there, and what is said of it."""
    registry = Registry()
    there = str(registry.register(make("Hello")))
    elsewhere = there.replace(
        "h1-" + there[3], "h1-" + ("b" if there[3] == "a" else "a")
    )
    older = there[:17] + ("b" if there[17] == "a" else "a") + there[18:]

    def refused(handler_id: str) -> Exception | None:
        try:
            registry.resolve(handler_id)
        except (StaleHandler, UnknownHandler) as error:
            return error
        return None

    def of(handler_id: str, kind: type[Exception]) -> tuple[Any, Any]:
        return (
            lambda count: [handler_id] * count,
            lambda _, error: type(error) is kind,
        )

    contenders = [
        Contender("an unknown location", refused, *of(elsewhere, UnknownHandler)),
        Contender("a stale one", refused, *of(older, StaleHandler)),
    ]
    figures = measure(contenders, run, calls=500)
    return Table("Refusing an id", "µs", figures)


def registering(run: Run) -> Table:
    """Registering a handler, and what a page does with a scope of its own."""
    registry, again = Registry(), Registry()
    known = make("Hello")
    again.register(known, ClickEvent)
    closures = Registry(captures="allow")
    plain: dict[str, FunctionType] = {}
    pages = Registry()
    handlers = fresh_code(HANDLERS)
    ids = [pages.register(fn, ClickEvent) for fn in handlers]

    def by_hand(fn: FunctionType) -> str:
        plain[fn.__qualname__] = fn
        return fn.__qualname__

    def scope(_: object) -> list[HandlerId]:
        with pages.scope() as child:
            return [child.register(fn, ClickEvent) for fn in handlers]

    def empty(_: object) -> int:
        with pages.scope():
            return HANDLERS

    def none(count: int) -> list[None]:
        return [None] * count

    def same(count: int) -> list[FunctionType]:
        return [known] * count

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
            "register, again", lambda fn: again.register(fn, ClickEvent), same, is_id
        ),
        Contender(
            "register, a fresh closure",
            lambda fn: closures.register(fn, ClickEvent),
            fresh,
            is_id,
        ),
        Contender("a scope, made and closed", empty, none, lambda _, n: n == HANDLERS),
        Contender(
            f"a scope, {HANDLERS} handlers registered",
            scope,
            none,
            lambda _, found: found == ids,
            slow=5,
        ),
    ]
    figures = measure(contenders, run, calls=500)
    return Table("Registering", "µs", figures, ("d[name] = fn",))


def run(run: Run) -> Group:
    """Measures this group."""
    return Group("registry", [looking_up(run), registering(run), missing(run)])
