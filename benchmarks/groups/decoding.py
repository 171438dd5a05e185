"""What a payload costs: reading it, decoding it, refusing it.

The floor is what a host would write by hand: the handler found by id in a dictionary
and called with ``ClickEvent(key=d["key"], ...)``, eight fields, nothing checked. What
the peers let through stands beside what they cost: see ``validation``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.groups.validation import validated
from benchmarks.harness.interleaved import Contender, called_with, measure
from benchmarks.harness.results import Bar, Group, Table
from benchmarks.harness.running import Run
from benchmarks.peers import decoders
from handlerid import ClickEvent, Dispatcher, Form, Registry
from handlerid._decoding import decoder
from handlerid._reading.json_text import read_json
from handlerid.errors import HandlerIdError, InvalidEvent

__all__ = ["CLICK", "FIELDS", "by_hand", "got", "run"]


def on_click(event: ClickEvent) -> None:
    """Does nothing: its time is not measured."""


FIELDS = {
    "key": "row-7",
    "is_target": True,
    "client_x": 12.5,
    "client_y": 200.25,
    "page_x": 12.5,
    "page_y": 1200.25,
    "offset_x": 3.5,
    "offset_y": 4.0,
}
OWN_CONTEXT = (
    "Every call runs in a copied context of its own, so that what a handler sets there "
    "does not leak; that alone is about a tenth of the floor."
)
CLICK = ClickEvent(**FIELDS)  # type: ignore[arg-type] # each has its field's type


def by_hand(handlers: Mapping[str, Callable[[ClickEvent], object]], d: Any) -> None:
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


def got(handler: Any, call: Callable[[Any], object]) -> Callable[[Any, Any], bool]:
    """Proves that the handler is called with the click."""

    def proves(item: Any, _: object) -> bool:
        event = called_with(handler, call, item)
        return all(getattr(event, name) == value for name, value in FIELDS.items())

    return proves


def has_fields(_: object, event: Any) -> bool:
    return all(getattr(event, name) == value for name, value in FIELDS.items())


def of(value: Any) -> Callable[[int], list[Any]]:
    return lambda count: [value] * count


def refusing(call: Callable[[Any], object]) -> Callable[[Any], object]:
    """The call as a host makes it that answers errors."""

    def refused(payload: Any) -> object:
        try:
            return call(payload)
        except HandlerIdError as error:
            return error

    return refused


def is_refused(_: object, error: object) -> bool:
    return type(error) is InvalidEvent


def _as_browsers_write(payload: object) -> bytes:
    """JSON as ``JSON.stringify`` gives it: without a space."""
    return json.dumps(payload, separators=(",", ":")).encode()


def alone(run: Run, group: Group) -> Table:
    """A mapping to an event, beside the peers; nothing is called."""
    ours = decoder(ClickEvent)
    contenders = [Contender("handlerid", ours, of(FIELDS), has_fields)]
    for name in decoders.PEERS:
        peer = decoders.load(name, ClickEvent)
        if peer is None:
            group.notes.append(f"{name} is not installed: left out.")
        else:
            contenders.append(Contender(name, peer, of(FIELDS), has_fields))
    figures = measure(contenders, run, calls=1000)
    beside = ("by hand, unchecked", "handlerid")
    return Table("A mapping to an event of eight fields", "µs", figures, beside)


def called(run: Run, group: Group) -> Table:
    """A payload to a call: of a mapping, of JSON, of a form; and refusals."""
    registry = Registry()
    handler = str(registry.register(on_click))
    dispatch = Dispatcher(registry).dispatch
    payload = {"handler": handler, **FIELDS}
    text = _as_browsers_write(payload)
    handlers = {handler: on_click}

    def hand(d: Any) -> None:
        by_hand(handlers, d)

    def loads(data: bytes) -> None:
        by_hand(handlers, json.loads(data))

    def to_call(name: str, call: Callable[[Any], object], item: Any) -> Contender:
        return Contender(name, call, of(item), got(on_click, call))

    def refusal(name: str, bad: object) -> Contender:
        return Contender(name, refusing(dispatch), of(bad), is_refused)

    with_url = json.dumps({**payload, "more": "https://example.org/"}).encode()
    nested = json.dumps({**payload, "more": [{"a": [1]}]}).encode()
    form = Form({name: str(value) for name, value in payload.items()})
    contenders = [
        to_call("by hand, of a mapping", hand, payload),
        to_call("by hand, of JSON by json.loads", loads, text),
        Contender(
            "handlerid, reading JSON alone",
            lambda data: read_json(data, 65_536),
            of(text),
            lambda _, read: read == payload,
        ),
        Contender(
            "handlerid, decoding alone", decoder(ClickEvent), of(payload), has_fields
        ),
        to_call("handlerid, of a mapping", dispatch, payload),
        to_call("handlerid, of JSON", dispatch, text),
        to_call("handlerid, of JSON as text", dispatch, text.decode()),
        to_call("handlerid, of JSON with a colon in a value", dispatch, with_url),
        to_call("handlerid, of JSON that nests", dispatch, nested),
        to_call("handlerid, of a form", dispatch, form),
        refusal("refusing two bad fields", {**payload, "key": 7, "client_x": "12"}),
        refusal(
            "refusing eight bad fields",
            {**dict.fromkeys(payload), "handler": handler},
        ),
    ]
    try:
        by_msgspec = Dispatcher(registry, json="msgspec").dispatch
    except ImportError:
        group.notes.append("msgspec is not installed: left out.")
    else:
        name = "handlerid, of JSON read by msgspec"
        contenders.append(to_call(name, by_msgspec, text))
    figures = measure(contenders, run, calls=1000)
    beside = ("by hand, of a mapping", "by hand, of JSON by json.loads")
    return Table("A payload to a call", "µs", figures, beside)


def structs(run: Run) -> Table | None:
    """A ``msgspec.Struct`` as the event; last, since msgspec reads ids from then on."""
    try:
        from msgspec import Struct
    except ImportError:
        return None

    class ClickStruct(Struct, gc=False):
        wire_name = "click_struct"

        key: str = ""
        is_target: bool = True
        client_x: float = 0.0
        client_y: float = 0.0
        page_x: float = 0.0
        page_y: float = 0.0
        offset_x: float = 0.0
        offset_y: float = 0.0

    def on_struct(event: Any) -> None: ...

    on_struct.__annotations__["event"] = ClickStruct
    registry = Registry()
    handler = str(registry.register(on_click))
    struct = str(registry.register(on_struct))
    dispatch = Dispatcher(registry, json="msgspec").dispatch
    payload = {"handler": handler, **FIELDS}
    text = _as_browsers_write(payload)
    of_struct = _as_browsers_write({**payload, "handler": struct})
    handlers = {handler: on_click}

    def hand(d: Any) -> None:
        by_hand(handlers, d)

    floor = "by hand, of a mapping"
    contenders = [
        Contender(floor, hand, of(payload), got(on_click, hand)),
        Contender(
            "handlerid, a Struct of JSON",
            dispatch,
            of(of_struct),
            got(on_struct, dispatch),
        ),
        Contender(
            "handlerid, a dataclass of JSON",
            dispatch,
            of(text),
            got(on_click, dispatch),
        ),
    ]
    figures = measure(contenders, run, calls=1000)
    return Table("The same where an event type is a Struct", "µs", figures, (floor,))


def run(run: Run) -> Group:
    """Measures this group."""
    group = Group("decoding")
    decoding, calls = alone(run, group), called(run, group)
    group.matrices = validated(run)
    with_structs = structs(run)
    group.tables = [decoding, calls]
    by_loads = calls["by hand, of JSON by json.loads"]
    floor = calls["by hand, of a mapping"]

    def bar(name: str, bound: float) -> Bar:
        return Bar(f"{name} / by hand", calls[name].over(floor), "<=", bound)

    group.bars = [
        Bar(
            "mapping to call / by hand",
            calls["handlerid, of a mapping"].over(floor),
            "<=",
            1.15,
            why=OWN_CONTEXT,
            promised=True,
        ),
        Bar(
            "bytes to call / json.loads and by hand",
            calls["handlerid, of JSON"].over(by_loads),
            "<",
            1.0,
            promised=True,
        ),
        bar("handlerid, decoding alone", 1.0),
        bar("handlerid, of JSON", 5.0),
        bar("refusing two bad fields", 8.0),
    ]
    if "handlerid, of JSON read by msgspec" in calls:
        group.bars.append(bar("handlerid, of JSON read by msgspec", 2.5))
    if with_structs is not None:
        group.tables.append(with_structs)
        struct = with_structs["handlerid, a Struct of JSON"]
        ratio = struct.over(with_structs["by hand, of a mapping"])
        # 1.1 for the event, and 0.1 for a context, which the call by hand has not.
        name = "a Struct of JSON, in a context / by hand, in none"
        group.bars.append(Bar(name, ratio, "<=", 1.2, why=OWN_CONTEXT))
    return group
