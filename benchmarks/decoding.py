"""What a payload costs: reading it, decoding it, refusing it.

The floor is what a host would write by hand: the handler found by id in a dictionary
and called with ``ClickEvent(key=d["key"], ...)``, eight fields, nothing checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from benchmarks.interleaved import Contender, Result, measure
from handlerid import ClickEvent, Dispatcher, Form, Registry
from handlerid._decoding import decoder
from handlerid._reading.json_text import read_json
from handlerid.errors import HandlerIdError

__all__ = ["run"]


class ClickStruct(msgspec.Struct, gc=False):
    """The fields of a click, as msgspec has them."""

    wire_name = "click_struct"

    key: str = ""
    is_target: bool = True
    client_x: float = 0.0
    client_y: float = 0.0
    page_x: float = 0.0
    page_y: float = 0.0
    offset_x: float = 0.0
    offset_y: float = 0.0


def on_click(event: ClickEvent) -> None:
    """Does nothing: its time is not measured."""


def on_struct(event: ClickStruct) -> None:
    """The same for the Struct."""


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


def by_hand(handlers: Mapping[str, Callable[[ClickEvent], None]], d: Any) -> None:
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


def refusing(call: Callable[[Any], object]) -> Callable[[Any], None]:
    """The call as a host makes it that answers errors."""

    def refused(payload: Any) -> None:
        try:
            call(payload)
        except HandlerIdError:
            return
        raise AssertionError("was not refused")

    return refused


def contenders(*, structs: bool) -> list[Contender]:
    """All of them, with payloads whose ids the dispatchers know."""
    registry = Registry()
    handler = str(registry.register(on_click))
    standard = Dispatcher(registry)
    with_msgspec = Dispatcher(registry, json="msgspec")
    payload = {"handler": handler, **FIELDS}
    handlers = {handler: on_click}

    def hand(d: Any) -> None:
        by_hand(handlers, d)

    def loads(text: bytes) -> None:
        by_hand(handlers, json.loads(text))

    def of(value: Any) -> Callable[[int], list[Any]]:
        return lambda count: [value] * count

    text = json.dumps(payload, separators=(",", ":")).encode()
    if structs:
        struct = str(registry.register(on_struct))
        bytes_of_struct = text.replace(handler.encode(), struct.encode())
        return [
            Contender("by hand, of a mapping", hand, of(payload)),
            Contender("a Struct, of JSON", with_msgspec.dispatch, of(bytes_of_struct)),
            Contender("a dataclass beside it", with_msgspec.dispatch, of(text)),
        ]
    with_url = json.dumps({**payload, "key": "https://example.org/"}).encode()
    nested = json.dumps({**payload, "more": [{"a": [1]}]}).encode()
    two_bad = {**payload, "key": 7, "client_x": "12"}
    all_bad = {**dict.fromkeys(payload, None), "handler": handler}
    form = Form({name: str(value) for name, value in payload.items()})
    return [
        Contender("by hand, of a mapping", hand, of(payload)),
        Contender("json.loads, and by hand", loads, of(text)),
        Contender("decoding alone", decoder(ClickEvent), of(payload)),
        Contender("reading alone", lambda data: read_json(data, 65_536), of(text)),
        Contender("a mapping", standard.dispatch, of(payload)),
        Contender("JSON", standard.dispatch, of(text)),
        Contender("JSON as text", standard.dispatch, of(text.decode())),
        Contender("JSON with a colon in a value", standard.dispatch, of(with_url)),
        Contender("JSON that nests", standard.dispatch, of(nested)),
        Contender("a form", standard.dispatch, of(form)),
        Contender("JSON, by msgspec", with_msgspec.dispatch, of(text)),
        Contender("two bad fields", refusing(standard.dispatch), of(two_bad)),
        Contender("eight bad fields", refusing(standard.dispatch), of(all_bad)),
    ]


def run(rounds: int) -> None:
    """Prints the figures of this group beside their bars."""
    results: dict[str, Result] = {}
    floor = "by hand, of a mapping"
    bars = {
        "decoding alone": 1.0,
        "a mapping": 1.15,
        "JSON": 5.0,
        "JSON, by msgspec": 2.5,
        "two bad fields": 8.0,
        "a Struct, of JSON": 1.1,
    }
    # Structs last: once one is an event type, msgspec reads the id before the rest.
    for structs in (False, True):
        results = measure(contenders(structs=structs), calls=2000, rounds=rounds)
        for name, result in results.items():
            low, middle, high = result.over(results[floor])
            line = f"{name:30} {result.microseconds:8.3f} µs {middle:6.2f} times"
            line += f" ({low:.2f} to {high:.2f})"
            if name in bars:
                met = "met" if round(middle, 1) <= bars[name] else "MISSED"
                line += f", bar <= {bars[name]:g}: {met}"
            print(line)
        if not structs:
            _, ratio, _ = results["JSON"].over(results["json.loads, and by hand"])
            met = "met" if ratio < 1 else "MISSED"
            print(f"JSON / json.loads, and by hand: {ratio:.2f}, bar < 1: {met}")
