"""What it costs to bring an event to its handler.

Floor: the handler found by id in a dictionary and called with an event built by hand,
eight fields, nothing checked. All is timed in batches, so that an ``await`` costs what
it costs inside of a coroutine, and not what starting an event loop does.

Peer: Mesop's own way from the bytes of a request to its handler, if it is installed
(``pip install 'handlerid[bench]'``): base64, protobuf, its event mapper, its context's
look-up and call. Flask and the second rendering of the page are left out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Coroutine, Mapping
from contextvars import copy_context
from importlib.util import find_spec
from typing import Any

from benchmarks.interleaved import Contender, Result, measure
from handlerid import Call, ClickEvent, Dispatcher, Observer, Registry
from handlerid._call import running

__all__ = ["run"]

BATCH = 100

registry = Registry()
dispatcher = Dispatcher(registry)


@registry.handler
def on_click(event: ClickEvent) -> None:
    """Does nothing, so that what is timed is the way to it."""


@registry.handler
async def on_click_later(event: ClickEvent) -> None:
    """The same, awaited."""


FIELDS: Mapping[str, object] = {
    "key": "row-17",
    "is_target": True,
    "client_x": 101.5,
    "client_y": 202.25,
    "page_x": 101.5,
    "page_y": 1402.25,
    "offset_x": 7.5,
    "offset_y": 3.5,
}
CLICK = {"handler": str(registry.register(on_click)), **FIELDS}
CLICK_LATER = {"handler": str(registry.register(on_click_later)), **FIELDS}
CLICK_JSON = json.dumps(CLICK, separators=(",", ":")).encode()  # as browsers write it

handlers: dict[object, Callable[[ClickEvent], Any]] = {
    CLICK["handler"]: on_click,
    CLICK_LATER["handler"]: on_click_later,
}


def by_hand(d: Any) -> None:
    """The floor."""
    handlers[d["handler"]](
        ClickEvent(
            key=d["key"],
            is_target=d["is_target"],
            client_x=d["client_x"],
            client_y=d["client_y"],
            page_x=d["page_x"],
            page_y=d["page_y"],
            offset_x=d["offset_x"],
            offset_y=d["offset_y"],
        )
    )


async def by_hand_later(d: Any) -> None:
    """The floor of a handler that is awaited."""
    await handlers[d["handler"]](
        ClickEvent(
            key=d["key"],
            is_target=d["is_target"],
            client_x=d["client_x"],
            client_y=d["client_y"],
            page_x=d["page_x"],
            page_y=d["page_y"],
            offset_x=d["offset_x"],
            offset_y=d["offset_y"],
        )
    )


def by_hand_in_a_context(d: Any) -> None:
    """The floor and what a context of its own costs at the least."""
    copy_context().run(by_hand, d)


def decoded(d: Any) -> None:
    """The floor with the library's decoder."""
    on_click(known.decode(d))


known = registry.resolve(str(CLICK["handler"]))


class Counting(Observer):
    """Does as little as an observer can that does something."""

    calls = 0

    def after(self, call: Call, seconds: float) -> None:
        self.calls += 1


# Batches.


def called(name: str, call: Callable[[Any], object], payload: object) -> Contender:
    """Calls with the payload, a batch at a time."""

    def batch(payloads: list[object]) -> None:
        for one in payloads:
            call(one)

    return Contender(name, batch, lambda n: [[payload] * BATCH] * n)


def awaited(
    name: str, call: Callable[[Any], Coroutine[Any, Any, object]], payload: object
) -> Contender:
    """The same inside of a coroutine; nothing in it ever waits."""

    async def batch(payloads: list[object]) -> None:
        for one in payloads:
            await call(one)

    def drive(payloads: list[object]) -> None:
        try:
            batch(payloads).send(None)
        except StopIteration:
            return
        raise AssertionError("something waited")

    return Contender(name, drive, lambda n: [[payload] * BATCH] * n)


def measured(contenders: list[Contender], rounds: int) -> dict[str, Result]:
    """Seconds a call, not a batch."""
    results = measure(contenders, calls=20, rounds=rounds)
    for result in results.values():
        result.samples = [seconds / BATCH for seconds in result.samples]
    return results


# Groups: what is compared is timed in the same rounds.


def mappings(rounds: int) -> dict[str, Result]:
    """A mapping in, and the handler called."""
    dispatch, adispatch = dispatcher.dispatch, dispatcher.adispatch
    return measured(
        [
            called("by hand", by_hand, CLICK),
            called("by hand, in a context", by_hand_in_a_context, CLICK),
            called("by hand, with the decoder", decoded, CLICK),
            called("dispatch", dispatch, CLICK),
            awaited("adispatch", adispatch, CLICK),
            awaited("by hand, async handler", by_hand_later, CLICK_LATER),
            awaited("adispatch, async handler", adispatch, CLICK_LATER),
        ],
        rounds,
    )


def asked_for(rounds: int) -> dict[str, Result]:
    """What only those pay who ask for it."""
    observed = Dispatcher(registry, observer=Counting())

    def dispatch_and_tell(payload: Any) -> None:
        running.wanted = True
        try:
            dispatcher.dispatch(payload)
        finally:
            running.wanted = False

    return measured(
        [
            called("dispatch, nothing asked for", dispatcher.dispatch, CLICK),
            called("prepare and run", lambda d: dispatcher.prepare(d).run(), CLICK),
            called("dispatch, current_call in use", dispatch_and_tell, CLICK),
            called("dispatch, observed", observed.dispatch, CLICK),
        ],
        rounds,
    )


def from_bytes(rounds: int) -> dict[str, Result]:
    """Bytes in, beside Mesop."""
    contenders = [called("dispatch, JSON bytes", dispatcher.dispatch, CLICK_JSON)]
    if find_spec("msgspec") is None:
        print("msgspec is not installed: left out")
    else:
        quicker = Dispatcher(registry, json="msgspec")
        contenders.append(called("dispatch, msgspec", quicker.dispatch, CLICK_JSON))
    peer = mesop()
    if peer is not None:
        contenders.append(peer)
    return measured(contenders, rounds)


def mesop() -> Contender | None:
    """Mesop's way to the same handler, if it is installed."""
    try:
        import mesop.protos.ui_pb2 as pb
        from mesop.component_helpers.helper import wrap_handler_with_event
        from mesop.events import ClickEvent as MesopClickEvent
        from mesop.runtime import runtime
    except ImportError:
        print("Mesop is not installed: left out")
        return None
    clicks: list[object] = []
    context = runtime().create_context()
    context.register_event_handler(
        "handler", wrap_handler_with_event(clicks.append, MesopClickEvent)
    )
    request = pb.UiRequest()
    request.user_event.handler_id = "handler"
    request.user_event.key.key = FIELDS["key"]
    for name, value in FIELDS.items():
        if name != "key":
            setattr(request.user_event.click, name, value)
    data = base64.urlsafe_b64encode(request.SerializeToString())

    def answer(data: bytes) -> None:
        request = pb.UiRequest()
        request.ParseFromString(base64.urlsafe_b64decode(data))
        for _ in context.run_event_handler(request.user_event):
            pass

    answer(data)
    (click,) = clicks
    assert all(getattr(click, name) == value for name, value in FIELDS.items())
    context.register_event_handler(
        "handler", wrap_handler_with_event(on_click, MesopClickEvent)
    )
    return called("Mesop, from bytes", answer, data)


def run(rounds: int) -> None:
    """Prints the figures of this group beside their bars."""
    results = mappings(rounds) | asked_for(rounds) | from_bytes(rounds)
    floor = results["by hand"]
    for result in results.values():
        print(f"{result.name:35} {result.microseconds:8.3f} µs")
    print()

    def more(name: str, than: str) -> tuple[float, float, float]:
        """How much more one takes than the other, as a part of the floor."""
        extra = [
            mine - its
            for mine, its in zip(
                results[name].samples, results[than].samples, strict=True
            )
        ]
        return Result(name, extra).over(floor)

    rows = [
        # The second bar is the first and the context's.
        ("dispatch / by hand", results["dispatch"].over(floor), "<=", 1.15 + 0.1),
        ("a context more", more("by hand, in a context", "by hand"), "<=", 0.1),
        ("an await more", more("adispatch", "dispatch"), "<=", 0.2),
    ]
    if "Mesop, from bytes" in results:
        for name in ("dispatch, JSON bytes", "dispatch, msgspec"):
            if name in results:
                faster = results["Mesop, from bytes"].over(results[name])
                rows.append((f"Mesop / {name}", faster, ">=", 1.4))
    for name, (low, middle, high), sense, bar in rows:
        met = middle <= bar if sense == "<=" else middle >= bar
        print(
            f"{name}: {middle:.2f} ({low:.2f} to {high:.2f}), "
            f"bar {sense} {bar:g}: {'met' if met else 'MISSED'}"
        )
