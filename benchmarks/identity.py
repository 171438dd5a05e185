"""What an id costs: the first one of a handler, again, and of a closure made anew.

Floors: what hashing the code costs at the least, and a look-up by function. Peer:
Mesop's own id, if it is installed (``pip install 'handlerid[bench]'``).
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any

from benchmarks.interleaved import Contender, Result, measure
from handlerid import ClickEvent, Identity
from handlerid._canonical.code import form_of

__all__ = ["run"]


def make(greeting: str) -> Callable[[ClickEvent], None]:
    """Makes the handler that is timed: of the size of a real one, and a closure."""

    def on_click(event: ClickEvent) -> None:
        state = get_state(Panel)
        state.clicks += 1
        if state.clicks > 10 and event.is_target:
            state.title = f"{greeting}, {event.key}"
        for row in range(3):
            state.rows.append((row, 1.5, "a row"))

    return on_click


def get_state(_: object) -> Any:
    """Stands for the host's function; it is never called."""


class Panel:
    """Stands for the application's state."""


def fresh_code(count: int) -> list[FunctionType]:
    """Handlers with a code object each, as modules have them; none was seen before."""
    handlers = []
    for number in range(count):
        fn = make("Hello")
        assert isinstance(fn, FunctionType)
        code: CodeType = fn.__code__.replace(co_firstlineno=number + 1)
        copy = FunctionType(code, globals(), closure=fn.__closure__)
        copy.__qualname__ = f"{fn.__qualname__}_{number}"
        handlers.append(copy)
    return handlers


def first(rounds: int) -> dict[str, Result]:
    """The first id of a handler, and the floor under it."""

    def hash_form(form: list[Any]) -> bytes:
        return blake2b(marshal.dumps(form, 0), digest_size=12).digest()

    def hash_code(fn: FunctionType) -> bytes:
        return hash_form(form_of(fn.__code__))

    contenders = [
        Contender(
            "marshal.dumps and BLAKE2b of the tuple",
            hash_form,
            lambda n: [form_of(fn.__code__) for fn in fresh_code(n)],
        ),
        Contender("the same, and making the tuple", hash_code, fresh_code),
        Contender("handlerid, first id", Identity().handler_id, fresh_code),
    ]
    mesop = _mesop()
    if mesop is not None:
        uncached = mesop.__wrapped__
        contenders.append(
            Contender("Mesop, first id", uncached, lambda n: [make("Hello")] * n)
        )
    return measure(contenders, calls=1000, rounds=rounds)


def again(rounds: int) -> dict[str, Result]:
    """The id of a handler that was asked for before, and of a fresh closure."""
    handler = make("Hello")
    ids = {handler: "an id"}
    handler_id = Identity().handler_id
    handler_id(handler)

    def look_up(fn: Callable[[ClickEvent], None]) -> str:
        return ids[fn]

    def same(count: int) -> list[Callable[[ClickEvent], None]]:
        return [handler] * count

    def fresh(count: int) -> list[Callable[[ClickEvent], None]]:
        return [make("Hello") for _ in range(count)]

    contenders = [
        Contender("d[fn]", look_up, same),
        Contender("handlerid, again", handler_id, same),
        Contender("handlerid, fresh closure", handler_id, fresh),
    ]
    mesop = _mesop()
    if mesop is not None:
        contenders.append(Contender("Mesop, again", mesop, same))
    results = measure(contenders, calls=10_000, rounds=rounds)
    if mesop is not None:
        # A hundred times slower, and it keeps each closure: fewer calls.
        few = [
            Contender("handlerid, fresh closure, few", handler_id, fresh),
            Contender("Mesop, fresh closure", mesop, fresh),
        ]
        results |= measure(few, calls=200, rounds=rounds)
        mesop.cache_clear()
    return results


def _mesop() -> Any:
    try:
        from mesop.component_helpers.helper import compute_fn_id
    except ImportError:
        print("Mesop is not installed: left out")
        return None
    return compute_fn_id


def run(rounds: int) -> None:
    """Prints the figures of this group beside their bars."""
    results = first(rounds) | again(rounds)
    for result in results.values():
        print(f"{result.name:45} {result.microseconds:10.3f} µs")
    print()
    bars = [
        ("handlerid, first id", "marshal.dumps and BLAKE2b of the tuple", "<=", 1.5),
        ("handlerid, first id", "the same, and making the tuple", "<=", 1.5),
        ("handlerid, again", "d[fn]", "<=", 3.0),
        ("handlerid, fresh closure", "d[fn]", "<=", 10.0),
        ("Mesop, first id", "handlerid, first id", ">=", 20.0),
        ("Mesop, fresh closure", "handlerid, fresh closure, few", ">=", 100.0),
    ]
    for name, other, sense, bar in bars:
        if name not in results:
            continue
        low, middle, high = results[name].over(results[other])
        met = middle <= bar if sense == "<=" else middle >= bar
        print(
            f"{name} / {other}: {middle:.2f} ({low:.2f} to {high:.2f}), "
            f"bar {sense} {bar:g}: {'met' if met else 'MISSED'}"
        )
