"""What an id costs: the first one of a handler, again, and of a closure made anew.

The floors are a look-up by function, and the least that hashing the code costs: one
tuple of its fields, ``marshal`` and BLAKE2b.
"""

from __future__ import annotations

import marshal
import subprocess
import sys
from hashlib import blake2b
from itertools import count as count_up
from itertools import islice
from types import CodeType, FunctionType
from typing import Any

from benchmarks.harness.interleaved import Contender, Run, measure, same
from benchmarks.harness.results import Bar, Group, Table
from benchmarks.peers import hashing
from handlerid import ClickEvent, HandlerId, Identity

__all__ = ["fresh", "fresh_code", "make", "run"]

AGAIN = (
    "handler_id reads __code__, __module__, __qualname__ and __wrapped__ anew at each "
    "call, since each may have been set since; d[fn] reads none of them. A cache by "
    "function would be quicker, and would keep every closure of every render alive."
)
FIRST = (
    "An id is two digests, its text and a record of the code, weakly held; the floor "
    "is one digest."
)

NUMBERS = count_up()
"""In the names of handlers that a benchmark makes."""


def make(greeting: str) -> FunctionType:
    """Make the handler that is timed: of the size of a real one, and a closure."""

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
    """In place of the host's function; it is never called."""


class Panel:
    """In place of the application's state."""


def fresh_code(count: int) -> list[FunctionType]:
    """Handlers with a code object and a name each; none was seen before."""
    handlers = []
    for number in islice(NUMBERS, count):
        fn = make("Hello")
        code: CodeType = fn.__code__.replace(co_firstlineno=number + 1)
        copy = FunctionType(code, globals(), closure=fn.__closure__)
        copy.__qualname__ = f"{fn.__qualname__}_{number}"
        handlers.append(copy)
    return handlers


def fresh(count: int) -> list[FunctionType]:
    """Closures of one code object."""
    return [make("Hello") for _ in range(count)]


def is_id(fn: FunctionType, result: object) -> bool:
    """Whether it is the id that another Identity computes."""
    return isinstance(result, HandlerId) and result == Identity().handler_id(fn)


def hash_code(fn: FunctionType) -> bytes:
    """The floor of a first id; the handler has no nested code."""
    code = fn.__code__
    form = (
        *(code.co_name, code.co_argcount, code.co_posonlyargcount),
        *(code.co_kwonlyargcount, code.co_flags, code.co_code, code.co_exceptiontable),
        *(code.co_consts, code.co_names, code.co_varnames),
        *(code.co_freevars, code.co_cellvars),
    )
    return blake2b(marshal.dumps(form, 0), digest_size=12).digest()


def first(run: Run, peers: dict[str, hashing.Hashing]) -> Table:
    """The first id of a handler, beside the floor and the peers."""
    contenders = [
        Contender(
            "tuple, marshal, BLAKE2b",
            hash_code,
            fresh_code,
            lambda _, digest: len(digest) == 12,
        ),
        Contender("handlerid", Identity().handler_id, fresh_code, is_id),
    ]
    for name, peer in peers.items():
        items: Any = same(on_click) if name == "joblib.hash" else fresh
        contenders.append(Contender(name, peer, items, hashing.is_id, slow=20))
    figures = measure(contenders, run, calls=1000)
    beside = ("tuple, marshal, BLAKE2b", "handlerid")
    return Table("The first id of a handler", "µs", figures, beside)


def again(run: Run) -> Table:
    """The id of a handler that was asked for before, and of a fresh closure."""
    handler = make("Hello")
    ids = {handler: "an id"}
    handler_id = Identity().handler_id
    handler_id(handler)

    def look_up(fn: FunctionType) -> str:
        return ids[fn]

    contenders = [
        Contender("d[fn]", look_up, same(handler), lambda _, found: found == "an id"),
        Contender("handlerid, again", handler_id, same(handler), is_id),
        Contender("handlerid, a fresh closure", handler_id, fresh, is_id),
    ]
    if hashing.load("Mesop") is not None:
        mesop = hashing.mesop_again()
        contenders.append(
            Contender("Mesop, again", mesop, same(handler), hashing.is_id)
        )
    figures = measure(contenders, run, calls=10_000)
    return Table("The id of a handler again", "µs", figures, ("d[fn]",))


def closures(run: Run) -> Table:
    """A fresh closure beside Mesop: far slower, and it keeps each, so few calls."""
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
        f"With an empty audit hook in the process, written in Python, an id again "
        f"takes {with_hook:.2f} µs instead of {without:.2f} µs: reading `__code__` "
        "raises an audit event. The suite installs no hook."
    )


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("identity")
    peers = hashing.installed(group.notes)
    ids, known = first(run, peers), again(run)
    group.tables = [ids, known]
    group.notes.append(hooked())
    ours = ids["handlerid"]
    group.bars = [
        Bar(
            "first id / tuple, marshal, BLAKE2b",
            ours.over(ids["tuple, marshal, BLAKE2b"]),
            "<=",
            2.5,
            why=FIRST,
        ),
        Bar(
            "id again / d[fn]",
            known["handlerid, again"].over(known["d[fn]"]),
            "<=",
            7,
            why=AGAIN,
        ),
    ]
    if "Mesop" in ids:
        table = closures(run)
        group.tables.append(table)
        group.bars += [
            Bar("Mesop's first id / first id", ids["Mesop"].over(ours), ">=", 20),
            Bar(
                "Mesop's id of a fresh closure / ours",
                table["Mesop"].over(table["handlerid"]),
                ">=",
                400,
            ),
        ]
    return group
