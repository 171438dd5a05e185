"""An event type with a field of every type, and payloads that do not fit it.

The tests refuse them, and the benchmarks count what others let through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Union

from handlerid import Event

# Built here, so that no line of source that a traceback shows holds it.
MARKER = f"secret{7000 + 351}"


@dataclass(kw_only=True, slots=True)
class EveryEvent(Event):
    """A field of every type that a field may have."""

    text: str
    flag: bool
    count: int
    ratio: float
    anything: Any
    thing: object
    nothing: None
    maybe: str | None
    number: int | float
    either: Union[int, str, None]  # noqa: UP007 - the other way to write it
    names: list[str]
    grid: list[list[float]]
    flags: list[bool | None]


FITS: dict[str, Any] = {
    "key": "a",
    "text": "b",
    "flag": True,
    "count": 1,
    "ratio": 0.5,
    "anything": {"c": [1]},
    "thing": [None],
    "nothing": None,
    "maybe": "d",
    "number": 2,
    "either": "e",
    "names": ["f", ""],
    "grid": [[1.5], []],
    "flags": [True, None],
}


def differing(name: str, value: object) -> dict[str, Any]:
    return {**FITS, name: value}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in FITS.items() if name not in names}


TEXT, FLAG, COUNT, RATIO = "a string", "true or false", "an integer", "a finite number"
MAYBE = "a string or null"
NUMBER = "an integer or a finite number"
EITHER = "an integer or a string or null"
GONE = "a value; it is missing"

M = MARKER
LARGE = 10**400

# Payload and what is said of it. None of these may be decoded.
BAD: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    # missing
    **{f"no {name}": (without(name), {name: GONE}) for name in FITS if name != "key"},
    "nothing at all": ({}, {name: GONE for name in FITS if name != "key"}),
    "two missing": (without("count", "text"), {"text": GONE, "count": GONE}),
    # of another type
    "key a number": (differing("key", 7351), {"key": TEXT}),
    "key null": (differing("key", None), {"key": TEXT}),
    "text a number": (differing("text", 7351), {"text": TEXT}),
    "text null": (differing("text", None), {"text": TEXT}),
    "text true": (differing("text", True), {"text": TEXT}),
    "text a list": (differing("text", [M]), {"text": TEXT}),
    "text an object": (differing("text", {M: M}), {"text": TEXT}),
    "flag a string": (differing("flag", M), {"flag": FLAG}),
    "flag a word": (differing("flag", "true"), {"flag": FLAG}),
    "flag null": (differing("flag", None), {"flag": FLAG}),
    "flag one": (differing("flag", 1), {"flag": FLAG}),
    "flag zero": (differing("flag", 0), {"flag": FLAG}),
    "flag empty": (differing("flag", ""), {"flag": FLAG}),
    "count true": (differing("count", True), {"count": COUNT}),
    "count digits": (differing("count", "7351"), {"count": COUNT}),
    "count a float": (differing("count", 1.0), {"count": COUNT}),
    "count a large float": (differing("count", 1e300), {"count": COUNT}),
    "count null": (differing("count", None), {"count": COUNT}),
    "count a list": (differing("count", [1]), {"count": COUNT}),
    "ratio true": (differing("ratio", True), {"ratio": RATIO}),
    "ratio false": (differing("ratio", False), {"ratio": RATIO}),
    "ratio digits": (differing("ratio", "0.5"), {"ratio": RATIO}),
    "ratio NaN in a string": (differing("ratio", "NaN"), {"ratio": RATIO}),
    "ratio null": (differing("ratio", None), {"ratio": RATIO}),
    "ratio a huge integer": (differing("ratio", LARGE), {"ratio": RATIO}),
    "ratio a huge negative": (differing("ratio", -LARGE), {"ratio": RATIO}),
    "nothing false": (differing("nothing", False), {"nothing": "null"}),
    "nothing zero": (differing("nothing", 0), {"nothing": "null"}),
    "nothing text": (differing("nothing", M), {"nothing": "null"}),
    "maybe a number": (differing("maybe", 7351), {"maybe": MAYBE}),
    "maybe false": (differing("maybe", False), {"maybe": MAYBE}),
    "number true": (differing("number", True), {"number": NUMBER}),
    "number text": (differing("number", M), {"number": NUMBER}),
    "either true": (differing("either", True), {"either": EITHER}),
    "either a float": (differing("either", 1.5), {"either": EITHER}),
    "either a list": (differing("either", [M]), {"either": EITHER}),
    # lists
    "names a string": (differing("names", M), {"names": "a list"}),
    "names null": (differing("names", None), {"names": "a list"}),
    "names an object": (differing("names", {"0": M}), {"names": "a list"}),
    "names with a number": (differing("names", ["", 1]), {"names[1]": TEXT}),
    "names with null": (differing("names", [None]), {"names[0]": TEXT}),
    "names nested": (differing("names", [[M]]), {"names[0]": TEXT}),
    "names, two wrong": (
        differing("names", [1, M, 2]),
        {"names[0]": TEXT, "names[2]": TEXT},
    ),
    "grid flat": (differing("grid", [1.5]), {"grid[0]": "a list"}),
    "grid with text": (differing("grid", [[], [0, M]]), {"grid[1][1]": RATIO}),
    "grid with true": (differing("grid", [[True]]), {"grid[0][0]": RATIO}),
    "grid with a huge integer": (differing("grid", [[LARGE]]), {"grid[0][0]": RATIO}),
    "flags with one": (differing("flags", [1]), {"flags[0]": "true or false or null"}),
    # several at once, in the order of the fields
    "several": (
        {**without("text"), "grid": 1, "count": "1", "key": 2},
        {"key": TEXT, "text": GONE, "count": COUNT, "grid": "a list"},
    ),
    "wrong and extra": ({**differing("text", 1), M: M}, {"text": TEXT}),
    "misspelt": ({**without("count"), "Count": 1}, {"count": GONE}),
}

# A mapping that a host has read may hold what JSON cannot.
BAD_MAPPINGS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "ratio NaN": (differing("ratio", math.nan), {"ratio": RATIO}),
    "ratio infinite": (differing("ratio", math.inf), {"ratio": RATIO}),
    "ratio minus infinite": (differing("ratio", -math.inf), {"ratio": RATIO}),
    "number NaN": (differing("number", math.nan), {"number": NUMBER}),
    "grid with NaN": (differing("grid", [[math.nan]]), {"grid[0][0]": RATIO}),
    "text bytes": (differing("text", M.encode()), {"text": TEXT}),
    "names a tuple": (differing("names", (M,)), {"names": "a list"}),
    "count complex": (differing("count", 1j), {"count": COUNT}),
}
