"""What it costs to carry a closure: packing it, and rebuilding it elsewhere.

Floor: an HMAC-SHA256 over the same bytes, which is what a token costs at least. The
closure is the usual one: it captured a text, a number and a flag.
"""

from __future__ import annotations

import hmac
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.harness.interleaved import Contender, measure
from benchmarks.harness.results import Group, Table
from benchmarks.harness.running import Run
from handlerid import HandlerId, Identity
from handlerid._carrying import Carrier
from handlerid._scanned import Scanned

__all__ = ["run"]

Carried = tuple[HandlerId, bytes]


def link(url: str, count: int, active: bool) -> Callable[[object], object]:
    def on_click(event: object) -> object:
        return url, count, active

    return on_click


def confirmed(url: str, count: int) -> Callable[[object], object]:
    inner = link(url, count, True)

    def on_click(event: object) -> object:
        return inner(event)

    return on_click


def plain(number: int) -> Any:
    return link(f"https://example.org/{number}", number, True)


def nested(number: int) -> Any:
    return confirmed(f"https://example.org/{number}", number)


def carrying(run: Run) -> Table:
    """Both directions, and the whole id computed again, which is skipped for these."""
    identity = Identity()
    scanned = Scanned(identity.module_name)
    scanned.add(sys.modules[__name__])
    carrier = Carrier(identity, scanned)

    def carried(fn: Any) -> Carried:
        return identity.distinct_id(fn, "click"), carrier.pack(fn)

    def many(make: Callable[[int], Any]) -> Callable[[int], Sequence[Any]]:
        return lambda count: [make(number) for number in range(count)]

    def unpack(one: Carried) -> Any:
        return carrier.unpack(*one)

    def identify(fn: Any) -> HandlerId:
        return identity.distinct_id(fn, "click")

    def is_rebuilt(one: Carried, fn: Any) -> bool:
        return carried(fn) == one

    def is_packed(fn: Any, data: bytes) -> bool:
        return is_rebuilt((identify(fn), data), carrier.unpack(identify(fn), data))

    contenders = [
        Contender(
            "HMAC",
            lambda one: hmac.digest(b"k" * 32, one[1], "sha256"),
            many(lambda number: carried(plain(number))),
            lambda _, digest: len(digest) == 32,
        ),
        Contender("pack", carrier.pack, many(plain), is_packed),
        Contender("unpack", unpack, many(lambda n: carried(plain(n))), is_rebuilt),
        Contender(
            "distinct_id",
            identify,
            many(plain),
            lambda fn, found: found == identify(fn),
        ),
        Contender(
            "pack, a closure over a closure", carrier.pack, many(nested), is_packed
        ),
        Contender(
            "unpack, a closure over a closure",
            unpack,
            many(lambda number: carried(nested(number))),
            is_rebuilt,
        ),
        Contender(
            "the same without the whole id",
            lambda one: carrier.unpack(*one, check=False),
            many(lambda number: carried(nested(number))),
            is_rebuilt,
        ),
    ]
    return Table("Carrying", "µs", measure(contenders, run, calls=500), ("HMAC",))


def run(run: Run) -> Group:
    """Measures this group."""
    return Group("carrying", [carrying(run)])
