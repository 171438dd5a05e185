"""What an id costs: the first one of a handler, again, and of a closure made anew.

Floors: what hashing the code costs at the least, and a look-up by function. Peers: see
``peers.hashing``.
"""

from __future__ import annotations

import marshal
import subprocess
import sys
from collections.abc import Callable
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any

from benchmarks.harness.interleaved import Contender, measure
from benchmarks.harness.results import Bar, Group, Table
from benchmarks.harness.running import Run
from benchmarks.peers import hashing
from handlerid import ClickEvent, HandlerId, Identity
from handlerid._canonical.code import form_of

__all__ = ["run"]

AGAIN = (
    "handler_id reads __code__, __module__, __qualname__ and __wrapped__ anew at each "
    "call, since each may have been set since; d[fn] reads none of them. A cache by "
    "function would be quicker, and would keep every closure of every render alive."
)

FIRST = (
    "An id is two digests, its text and a record of the code, weakly held, and the "
    "floor is one digest. Each of these is a call or an object more."
)


def make(greeting: str) -> FunctionType:
    """Makes the handler that is timed: of the size of a real one, and a closure."""

    def on_click(event: ClickEvent) -> None:
        state = get_state(Panel)
        state.clicks += 1
        if state.clicks > 10 and event.is_target:
            state.title = f"{greeting}, {event.key}"
        for row in range(3):
            state.rows.append((row, 1.5, "a row"))

    assert isinstance(on_click, FunctionType)
    return on_click


def on_click(event: ClickEvent) -> None:
    """The same as a module has it: joblib refuses closures."""
    state = get_state(Panel)
    state.clicks += 1
    if state.clicks > 10 and event.is_target:
        state.title = f"Hello, {event.key}"
    for row in range(3):
        state.rows.append((row, 1.5, "a row"))


def get_state(_: object) -> Any:
    """Stands for the host's function; it is never called."""


class Panel:
    """Stands for the application's state."""


def fresh_code(count: int) -> list[FunctionType]:
    """Handlers with a code object each, as modules have them; none was seen before."""
    handlers = []
    for number in range(count):
        fn = make("Hello")
        code: CodeType = fn.__code__.replace(co_firstlineno=number + 1)
        copy = FunctionType(code, globals(), closure=fn.__closure__)
        copy.__qualname__ = f"{fn.__qualname__}_{number}"
        handlers.append(copy)
    return handlers


def fresh(count: int) -> list[FunctionType]:
    """Closures of one code object."""
    return [make("Hello") for _ in range(count)]


def at_module_level(count: int) -> list[Callable[[ClickEvent], None]]:
    return [on_click] * count


def is_id(fn: FunctionType, result: object) -> bool:
    """The id, and the same one as another Identity computes."""
    return isinstance(result, HandlerId) and result == Identity().handler_id(fn)


def is_digest(_: object, result: object) -> bool:
    return isinstance(result, bytes) and len(result) == 12


def hash_bytes(data: bytes) -> bytes:
    return blake2b(data, digest_size=12).digest()


def hash_form(form: list[Any]) -> bytes:
    return hash_bytes(marshal.dumps(form, 0))


def hash_code(fn: FunctionType) -> bytes:
    return hash_form(form_of(fn.__code__))


def first(run: Run, peers: dict[str, hashing.Hashing]) -> Table:
    """The first id of a handler, the floors under it, and the peers beside it."""

    def forms(count: int) -> list[Any]:
        return [form_of(fn.__code__) for fn in fresh_code(count)]

    def data(count: int) -> list[bytes]:
        return [marshal.dumps(form, 0) for form in forms(count)]

    contenders = [
        Contender("BLAKE2b of the bytes", hash_bytes, data, is_digest),
        Contender("marshal.dumps and BLAKE2b", hash_form, forms, is_digest),
        Contender("the same, and making the tuple", hash_code, fresh_code, is_digest),
        Contender("handlerid", Identity().handler_id, fresh_code, is_id),
    ]
    for name, peer in peers.items():
        items = at_module_level if name == "joblib.hash" else fresh
        contenders.append(Contender(name, peer, items, hashing.is_id, slow=20))
    figures = measure(contenders, run, calls=1000)
    beside = ("marshal.dumps and BLAKE2b", "handlerid")
    return Table("The first id of a handler", "µs", figures, beside)


def again(run: Run) -> Table:
    """The id of a handler that was asked for before, and of a fresh closure."""
    handler = make("Hello")
    ids = {handler: "an id"}
    handler_id = Identity().handler_id
    handler_id(handler)

    def look_up(fn: FunctionType) -> str:
        return ids[fn]

    def same(count: int) -> list[FunctionType]:
        return [handler] * count

    contenders = [
        Contender("d[fn]", look_up, same, lambda _, found: found == "an id"),
        Contender("handlerid, again", handler_id, same, is_id),
        Contender("handlerid, a fresh closure", handler_id, fresh, is_id),
    ]
    if hashing.load("Mesop") is not None:
        mesop = hashing.mesop_again()
        contenders.append(Contender("Mesop, again", mesop, same, hashing.is_id))
    figures = measure(contenders, run, calls=10_000)
    return Table("The id of a handler again", "µs", figures, ("d[fn]",))


def closures(run: Run) -> Table | None:
    """A fresh closure beside Mesop: far slower, and it keeps each, so few calls."""
    if hashing.load("Mesop") is None:
        return None
    mesop, handler_id = hashing.mesop_again(), Identity().handler_id
    handler_id(make("Hello"))
    contenders = [
        Contender("handlerid", handler_id, fresh, is_id),
        Contender("Mesop", mesop, fresh, hashing.is_id),
    ]
    figures = measure(contenders, run, calls=200)
    mesop.cache_clear()
    return Table("The id of a fresh closure", "µs", figures, ("handlerid",))


HOOKED = """
import sys, timeit
from handlerid import handler_id
def on_click(event): return event.key
handler_id(on_click)
def time(): return min(timeit.repeat(lambda: handler_id(on_click), number=2000)) * 500
without = time()
sys.addaudithook(lambda *_: None)
print(without, time())
"""


def hooked() -> str:
    """What an audit hook adds; in a fresh process, since no hook can be removed."""
    done = subprocess.run(
        [sys.executable, "-c", HOOKED], capture_output=True, text=True, check=True
    )
    without, with_hook = map(float, done.stdout.split())
    return (
        f"With an audit hook in the process, that one written in Python and empty, an "
        f"id again takes {with_hook:.2f} µs instead of {without:.2f} µs: reading "
        "`__code__` raises an audit event. The suite installs no hook."
    )


def run(run: Run) -> Group:
    """Measures this group."""
    group = Group("identity")
    peers = {}
    for name in hashing.PEERS:
        peer = hashing.load(name)
        if peer is None:
            group.notes.append(f"{name} is not installed: left out.")
        else:
            peers[name] = peer
    ids, known, fresh_closures = first(run, peers), again(run), closures(run)
    group.tables = [ids, known]
    run.tick()
    group.notes.append(hooked())
    ours = ids["handlerid"]
    group.bars = [
        Bar(
            "id again / d[fn]",
            known["handlerid, again"].over(known["d[fn]"]),
            "<=",
            3.0,
            why=AGAIN,
            promised=True,
        ),
        Bar(
            "id of a fresh closure / d[fn]",
            known["handlerid, a fresh closure"].over(known["d[fn]"]),
            "<=",
            10.0,
        ),
    ]
    group.bars += [
        Bar(f"first id / {name}", ours.over(ids[name]), "<=", 1.5, why=FIRST)
        for name in ("marshal.dumps and BLAKE2b", "the same, and making the tuple")
    ]
    if "Mesop" in ids:
        faster = ids["Mesop"].over(ours)
        group.bars.append(
            Bar("Mesop's first id / first id", faster, ">=", 20.0, promised=True)
        )
    if fresh_closures is not None:
        group.tables.append(fresh_closures)
        faster = fresh_closures["Mesop"].over(fresh_closures["handlerid"])
        name = "Mesop's id of a fresh closure / id of a fresh closure"
        group.bars.append(Bar(name, faster, ">=", 100.0, promised=True))
    return group
