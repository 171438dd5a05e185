"""What a payload costs: reading it, decoding it, refusing it.

The floor is what a host would write by hand: the handler found by id in a dictionary
and called with ``ClickEvent(key=d["key"], ...)``, eight fields, nothing checked. A fast
decoder that lets a bad payload through is no faster way to the same, so the bad
payloads of the tests are counted, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.harness.interleaved import (
    Contender,
    DidNotDoTheWork,
    Run,
    called_with,
    measure,
    same,
)
from benchmarks.harness.results import Bar, Group, Matrix, Table
from benchmarks.peers import decoders
from handlerid import ClickEvent, Dispatcher, Event, Form, HandlerIdError, Registry
from handlerid.errors import InvalidEvent
from tests.support.bad_payloads import BAD, BAD_MAPPINGS, FITS, EveryEvent

__all__ = ["FIELDS", "by_hand", "got", "run"]


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
ONE_WAY = (
    "There is one way from a payload to a call: it makes a context of the call's own, "
    "and can ask authorize, resolvers and an observer."
)


def by_hand(handlers: Mapping[str, Callable[[ClickEvent], Any]], d: Any) -> Any:
    """The floor."""
    return handlers[d["handler"]](
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


def has_fields(_: object, event: Any) -> bool:
    return all(getattr(event, name) == value for name, value in FIELDS.items())


def got(handler: Any, call: Callable[[Any], object]) -> Callable[[Any, Any], bool]:
    """Prove that the handler is called with the click."""
    return lambda item, _: has_fields(item, called_with(handler, call, item))


def as_browsers_write(payload: object) -> bytes:
    """JSON as ``JSON.stringify`` gives it: without a space."""
    return json.dumps(payload, separators=(",", ":")).encode()


def prepared(event: type[Event]) -> decoders.Decode:
    """The public way from a mapping to an event; the id is looked up, too."""

    def on_event(_: object) -> None: ...

    registry = Registry()
    handler = registry.register(on_event, event)
    prepare = Dispatcher(registry, extra="ignore").prepare
    return lambda payload: prepare({"handler": handler, **payload}).event


def alone(run: Run, group: Group) -> Table:
    """A mapping to an event, beside the peers; nothing is called."""
    ours = prepared(ClickEvent)
    contenders = [Contender("handlerid", ours, same(FIELDS), has_fields)]
    for name in decoders.PEERS:
        peer = decoders.load(name, ClickEvent)
        if peer is None:
            group.notes.append(f"{name} is not installed: left out.")
        else:
            contenders.append(Contender(name, peer, same(FIELDS), has_fields))
    figures = measure(contenders, run, calls=1000)
    figures[0].note = "finds the handler, too, and prepares the call"
    beside = ("by hand, unchecked", "handlerid")
    return Table("A mapping to an event of eight fields", "µs", figures, beside)


def called(run: Run, group: Group) -> Table:
    """A payload to a call: of a mapping, of JSON, of a form; and refusals."""
    registry = Registry()
    handler = str(registry.register(on_click))
    app = Dispatcher(registry)
    dispatch, read = app.dispatch, app.read
    payload = {"handler": handler, **FIELDS}
    text = as_browsers_write(payload)
    handlers = {handler: on_click}

    def hand(d: Any) -> None:
        by_hand(handlers, d)

    def loads(data: bytes) -> None:
        by_hand(handlers, json.loads(data))

    def refuse(payload: Any) -> object:
        try:
            return dispatch(payload)
        except HandlerIdError as error:
            return type(error)

    def to_call(name: str, call: Callable[[Any], object], item: Any) -> Contender:
        return Contender(name, call, same(item), got(on_click, call))

    def refusal(name: str, bad: object) -> Contender:
        return Contender(name, refuse, same(bad), lambda _, e: e is InvalidEvent)

    with_url = as_browsers_write({**payload, "more": "https://example.org/"})
    nested = as_browsers_write({**payload, "more": [{"a": [1]}]})
    inputs = {"handler": "_handler", "key": "_key"}
    form = Form({inputs.get(name, name): str(payload[name]) for name in payload})
    bad = {**payload, "key": 7, "client_x": "12"}
    all_bad = {**dict.fromkeys(payload), "handler": handler}
    contenders = [
        to_call("by hand, of a mapping", hand, payload),
        to_call("by hand, of JSON by json.loads", loads, text),
        Contender(
            "handlerid, reading JSON alone",
            read,
            same(text),
            lambda _, found: found == payload,
        ),
        to_call("handlerid, of a mapping", dispatch, payload),
        to_call("handlerid, of JSON", dispatch, text),
        to_call("handlerid, of JSON as text", dispatch, text.decode()),
        to_call("handlerid, of JSON with a colon in a value", dispatch, with_url),
        to_call("handlerid, of JSON that nests", dispatch, nested),
        to_call("handlerid, of a form", dispatch, form),
        refusal("refusing two bad fields", bad),
        refusal("refusing eight bad fields", all_bad),
    ]
    try:
        by_msgspec = Dispatcher(registry, json="msgspec")
    except ImportError:
        group.notes.append("msgspec is not installed: left out.")
    else:
        struct = _struct(registry)
        of_struct = as_browsers_write({**payload, "handler": struct[0]})
        contenders += [
            to_call("handlerid, of JSON read by msgspec", by_msgspec.dispatch, text),
            Contender(
                "handlerid, a Struct of JSON read by msgspec",
                by_msgspec.dispatch,
                same(of_struct),
                got(struct[1], by_msgspec.dispatch),
            ),
        ]
    figures = measure(contenders, run, calls=1000)
    beside = ("by hand, of a mapping", "by hand, of JSON by json.loads")
    return Table("A payload to a call", "µs", figures, beside)


def _struct(registry: Registry) -> tuple[str, Callable[[Any], None]]:
    """Register a handler of a ``msgspec.Struct`` with a click's fields."""
    from msgspec import defstruct

    kinds = [(name, type(value)) for name, value in FIELDS.items()]
    struct: Any = defstruct("ClickStruct", kinds, namespace={"wire_name": "struct"})

    def on_struct(event: Any) -> None: ...

    return str(registry.register(on_struct, struct)), on_struct


KINDS = {
    "missing": ("no ", "nothing at all", "two missing", "several", "misspelt"),
    "bool as number": ("count true", "ratio true", "ratio false", "number true"),
    "number as bool": ("flag one", "flag zero"),
    "text as number or bool": ("count digits", "ratio digits", "flag a word"),
    "NaN or infinite": (
        "ratio NaN",
        "ratio inf",
        "ratio minus",
        "number NaN",
        "grid w",
    ),
}
"""Kinds by the beginning of the payload's name; any other is "another type"."""

OTHER = "another type"


def kind_of(name: str) -> str:
    """The kind of a bad payload."""
    for kind, beginnings in KINDS.items():
        if name.startswith(beginnings):
            return kind
    return OTHER


def validated() -> Matrix:
    """How many bad payloads of each kind a decoder lets through."""
    payloads = {name: payload for name, (payload, _) in (BAD | BAD_MAPPINGS).items()}
    kinds = [*KINDS, OTHER]
    total = {kind: sum(kind_of(name) == kind for name in payloads) for kind in kinds}
    found = {"handlerid": prepared(EveryEvent)}
    for name in decoders.PEERS:
        decode = decoders.load(name, EveryEvent)
        if decode is not None:
            found[name] = decode
    rows = []
    for name, decode in found.items():
        if not lets_through(decode, FITS):  # to refuse everything would look strict
            raise DidNotDoTheWork(f"{name} refuses the payload that fits")
        through = dict.fromkeys(kinds, 0)
        for label, payload in payloads.items():
            through[kind_of(label)] += lets_through(decode, payload)
        counts = [f"{count} of {total[kind]}" for kind, count in through.items()]
        rows.append([name, f"{sum(through.values())} of {len(payloads)}", *counts])
    return Matrix(
        "Bad payloads that are let through",
        ["decoder", "of all", *kinds],
        rows,
        note="What is bad is defined by handlerid's tests: strict JSON, where no type "
        "is taken for another. Peers that convert on purpose, as pydantic does by "
        "default, do what they promise.",
    )


def lets_through(decode: decoders.Decode, payload: dict[str, Any]) -> bool:
    """Whether a payload is decoded without an error, of whatever kind."""
    try:
        decode(payload)
    except Exception:  # noqa: BLE001 - every library refuses with errors of its own
        return False
    return True


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("decoding")
    decoding, calls = alone(run, group), called(run, group)
    group.tables, group.matrices = [decoding, calls], [validated()]
    floor = calls["by hand, of a mapping"]
    loads = calls["by hand, of JSON by json.loads"]
    bars = (
        ("mapping to call / by hand", "handlerid, of a mapping", floor, 2.2),
        ("JSON to call / json.loads and by hand", "handlerid, of JSON", loads, 1.0),
        (
            "JSON read by msgspec / json.loads and by hand",
            "handlerid, of JSON read by msgspec",
            loads,
            1.0,
        ),
        ("refusing two bad fields / by hand", "refusing two bad fields", floor, 8),
    )
    group.bars = [
        Bar(title, calls[name].over(beside), "<=", bound, why=ONE_WAY)
        for title, name, beside, bound in bars
        if name in calls
    ]
    return group
