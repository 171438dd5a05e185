"""What it costs to bring an event to its handler, beside other ways to do so.

The floor is the handler found by id in a dictionary and called with an event built by
hand, eight fields, nothing checked. All is timed in batches, so that an ``await`` costs
what it costs inside of a coroutine, not what starting an event loop does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any

from benchmarks.groups.decoding import FIELDS, as_browsers_write, by_hand, got
from benchmarks.harness.interleaved import Contender, Run, called_with, measure
from benchmarks.harness.results import Bar, Figure, Group, Matrix, Table
from benchmarks.peers import dispatching
from handlerid import Call, ClickEvent, Dispatcher, Observer, Registry, Scope

__all__ = ["run"]

BATCH = 100

registry = Registry()
app = Dispatcher(registry)

SLOW_JSON = (
    "Most of this is Python's own json, with every guard around it; Mesop reads "
    "protobuf in C. The extra handlerid[msgspec] reads JSON in C."
)


@registry.handler
def on_click(event: ClickEvent) -> None:
    """Does nothing, so that what is timed is the way to it."""


@registry.handler
async def on_click_later(event: ClickEvent) -> None:
    """The same, awaited."""


CLICK = {"handler": str(registry.register(on_click)), **FIELDS}
CLICK_LATER = {"handler": str(registry.register(on_click_later)), **FIELDS}
CLICK_JSON = as_browsers_write(CLICK)

handlers: dict[str, Callable[[ClickEvent], Any]] = {
    str(CLICK["handler"]): on_click,
    str(CLICK_LATER["handler"]): on_click_later,
}


def hand(d: Any) -> None:
    """The floor."""
    by_hand(handlers, d)


async def hand_later(d: Any) -> None:
    """The floor of a handler that is awaited."""
    await by_hand(handlers, d)


def hand_in_a_context(d: Any) -> None:
    """The floor, in a context of its own."""
    copy_context().run(hand, d)


class Counting(Observer):
    """Does as little as an observer can that does something."""

    calls = 0

    def after(self, call: Call, result: object, seconds: float) -> None:
        self.calls += 1


# Batches.


def called(
    name: str,
    call: Callable[[Any], object],
    item: object,
    proves: Callable[[Any, Any], object] | None = None,
) -> Contender:
    """Call with one item, a batch at a time."""

    def batch(items: list[object]) -> None:
        for one in items:
            call(one)

    proof = proves or got(on_click, call)
    return Contender(
        name,
        batch,
        lambda n: [[item] * BATCH] * n,
        lambda items, result: proof(items[0], result),
    )


def awaited(
    name: str,
    call: Callable[[Any], Coroutine[Any, Any, object]],
    item: object,
    handler: object = on_click,
) -> Contender:
    """The same inside of a coroutine; nothing in it ever waits."""

    async def batch(items: list[object]) -> None:
        for one in items:
            await call(one)

    def drive(items: list[object]) -> None:
        try:
            batch(items).send(None)
        except StopIteration:
            return
        raise AssertionError("something waited")

    proof = got(handler, lambda one: drive([one]))
    return Contender(
        name,
        drive,
        lambda n: [[item] * BATCH] * n,
        lambda items, result: proof(items[0], result),
    )


def measured(contenders: list[Contender], run: Run) -> list[Figure]:
    """Microseconds a call, not a batch."""
    figures = measure(contenders, run, calls=20)
    for figure in figures:
        figure.samples = [one / BATCH for one in figure.samples]
    return figures


# Tables: what is compared is timed in the same rounds.


def mappings(run: Run) -> Table:
    """A mapping in, and the handler called; then what only some hosts ask for."""
    observed = Dispatcher(registry, observer=Counting())
    asking = Dispatcher(registry, authorize=lambda call: True)

    def render(scope: Scope) -> None: ...

    with app.scope() as scope:
        pass
    event = ClickEvent(**FIELDS)  # type: ignore[arg-type] # each has its field's type
    handler = registry.resolve(str(CLICK["handler"]))
    later = on_click_later
    figures = measured(
        [
            called("by hand", hand, CLICK),
            called("by hand, in a context", hand_in_a_context, CLICK),
            awaited("by hand, async handler", hand_later, CLICK_LATER, later),
            called("dispatch", app.dispatch, CLICK),
            called(
                "dispatch with a scope and rerender, not needed",
                lambda d: app.dispatch(d, scope=scope, rerender=render),
                CLICK,
            ),
            called("dispatch, observed", observed.dispatch, CLICK),
            called("dispatch, authorized", asking.dispatch, CLICK),
            called("prepare and run", lambda d: app.prepare(d).run(), CLICK),
            called("call and run", lambda _: app.call(handler, event).run(), CLICK),
            awaited("adispatch", app.adispatch, CLICK),
            awaited("adispatch, async handler", app.adispatch, CLICK_LATER, later),
        ],
        run,
    )
    return Table("A mapping in, and the handler called", "µs", figures, ("by hand",))


def peers(run: Run, group: Group) -> Table:
    """A click to its handler, as each peer brings it there."""
    contenders = [
        called("handlerid, JSON", app.dispatch, CLICK_JSON),
        called("handlerid, a mapping", app.dispatch, CLICK),
    ]
    try:
        quicker = Dispatcher(registry, json="msgspec").dispatch
    except ImportError:
        group.notes.append("msgspec is not installed: left out.")
    else:
        name = "handlerid, JSON read by msgspec"
        contenders.append(called(name, quicker, CLICK_JSON))
    for name in dispatching.PEERS:
        way = dispatching.load(name, on_click, FIELDS)
        if way is None:
            group.notes.append(f"{name} is not installed: left out.")
        elif name in dispatching.AWAITED:
            contenders.append(awaited(name, *way))
        elif name == "NiceGUI":
            contenders.append(called(name, *way, proves=_nicegui(way[0])))
        else:
            contenders.append(called(name, *way))
    beside = ("handlerid, JSON",)
    return Table("A click to its handler", "µs", measured(contenders, run), beside)


def _nicegui(call: Callable[[Any], object]) -> Callable[[Any, Any], bool]:
    """Its event has the fields in a mapping."""
    return lambda item, _: called_with(on_click, call, item).args == dict(FIELDS)


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("dispatch")
    # First ours: a process that has imported the peers has many context variables.
    ours, beside = mappings(run), peers(run, group)
    group.tables = [ours, beside]
    rows = [
        [one.name, dispatching.DOES.get(one.name, dispatching.DOES["handlerid, JSON"])]
        for one in beside.figures
    ]
    group.matrices = [Matrix("What is done on that way", ["way", "does"], rows)]
    for name, bound in (
        ("handlerid, JSON", 1.2),
        ("handlerid, JSON read by msgspec", 1.7),
    ):
        if "Mesop" in beside and name in beside:
            faster = beside["Mesop"].over(beside[name])
            bar = Bar(f"Mesop's path / {name}", faster, ">=", bound, why=SLOW_JSON)
            group.bars.append(bar)
    return group
