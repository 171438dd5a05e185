"""The rows of the table: the clicks of each, and the outcome in each mode.

A row's page is rendered by one server, and its clicks are answered by another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["EXPECTED", "ROWS", "TABLE", "Row", "as_page"]

WORKS = "works"
NOTHING = "the click does nothing"
OTHER = "the first runs the second"
DEAD = "the page is dead"
CONTACT = '"please contact the developer"'
NAMED = "an error that names the argument and what to do"
UNKNOWN = "the user sees an error, the log says which"
STALE = "the page says that it is out of date and reloads"
WARNED = ", with a warning"


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: of the section of the page, and of its test.
        handler: what stands in the table.
        steps: what is done, and what the section shows then: a button is clicked, or
            a field is left (``blur``) or entered (``enter``).
        path: the page.
        other: which server answers: ``second``, or ``next``, which has the next
            release, in another directory.
    """

    name: str
    handler: str
    steps: tuple[tuple[str, str], ...]
    path: str = "/"
    other: str = "second"


def _clicks(*labels: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"click {one}", one.split()[-1]) for one in labels)


ROWS = (
    Row("counter", "counter", (("click counter", "1"),)),
    Row(
        "shared",
        "shared function behind enter and click",
        (("enter shared", "InputEnterEvent"), ("click shared", "ClickEvent")),
    ),
    Row("form", "form by key and `setattr`", (("blur form", "Ada"),)),
    Row("navigate", "navigate by key", (("click navigate", "arrived"),)),
    Row("generator", "generator", (("click generator", "two"),)),
    Row("coroutine", "async", (("click coroutine", "done"),)),
    Row("async_generator", "async generator", (("click async_generator", "two"),)),
    Row(
        "method", "bound method of a module-level object", (("click method", "added"),)
    ),
    Row(
        "method_of_new",
        "bound method of an object made at each render",
        (("click method_of_new", "removed"),),
    ),
    Row(
        "callable_object",
        "callable object",
        (("click callable_object", "called"),),
        "/callable_object",
    ),
    Row(
        "lambdas",
        "two lambdas on one line",
        _clicks("lambdas first", "lambdas second"),
    ),
    Row(
        "wrappers",
        "wrappers without `functools.wraps`",
        _clicks("wrappers first", "wrappers second"),
    ),
    Row("executed", "`exec`-defined", (("click executed", "done"),), "/executed"),
    Row(
        "sourceless", "from `.pyc` only", (("click sourceless", "done"),), "/sourceless"
    ),
    Row("loop", "closures in a loop", _clicks("loop first", "loop second"), "/loop"),
    Row("partial", "partial with arguments", _clicks("partial tea", "partial coffee")),
    Row(
        "frozenset",
        "partial with a frozenset, under another hash seed",
        (("click frozenset", "coffee juice milk tea water wine"),),
    ),
    Row(
        "partial_object",
        "partial with an object",
        (("click partial_object", "called"),),
        "/partial_object",
    ),
    Row(
        "directory",
        "the other server started from another release directory",
        (("click counter", "1"),),
        other="next",
    ),
    Row(
        "hash_seed",
        "the other server under another hash seed",
        (("click hash_seed", "known"),),
    ),
    Row(
        "comment",
        "a comment edited between render and click",
        (("click comment", "done"),),
        other="next",
    ),
    Row(
        "code",
        "the handler's code edited between render and click",
        (("click code", "new"),),
        other="next",
    ),
    Row("unknown", "unknown id", (("click unknown", "called"),), "/unknown"),
    Row(
        "two_types",
        "one handler for two event types",
        (("blur two_types", "InputBlurEvent"), ("enter two_types", "InputEnterEvent")),
    ),
)

EXPECTED: dict[str, tuple[str, str, str]] = {
    "counter": (WORKS, WORKS, ""),
    "shared": (WORKS, WORKS, ""),
    "form": (WORKS, WORKS, ""),
    "navigate": (WORKS, WORKS, ""),
    "generator": (WORKS, WORKS, ""),
    "coroutine": (WORKS, WORKS, ""),
    "async_generator": (WORKS, WORKS, ""),
    "method": (NOTHING, WORKS, WORKS),
    "method_of_new": (NOTHING, WORKS, WORKS),
    "callable_object": (DEAD, WORKS, WORKS),
    "lambdas": (OTHER, WORKS, ""),
    "wrappers": (OTHER, WORKS, OTHER + WARNED),
    "executed": (DEAD, WORKS, ""),
    "sourceless": (DEAD, WORKS, ""),
    "loop": (OTHER, WORKS, OTHER + WARNED),
    "partial": (WORKS, WORKS, ""),
    "frozenset": (NOTHING, WORKS, ""),
    "partial_object": (CONTACT, WORKS, NAMED),
    "directory": (NOTHING, WORKS, ""),
    "hash_seed": (WORKS, WORKS, ""),
    "comment": (NOTHING, WORKS, ""),
    "code": (NOTHING, STALE, ""),
    "unknown": (NOTHING, UNKNOWN, ""),
    "two_types": (WORKS, WORKS, ""),
}
"""What comes of each row in each mode of ``playing``; ``""`` if it is not played."""

TABLE = Path(__file__).parents[3] / "docs/contributing/mesop-table.md"

_PAGE = """\
# Mesop alone and with handlerid

Two Mesop server processes stand behind one address; a page comes from one of them, and
its events are answered by the other, in a real browser. Where a row speaks of an edit
or of another directory, the other server runs a copy of the application elsewhere. The
last column was played for handlers that capture something.

The tests in `tests/integrations/mesop/` play the rows and compare the results with this
page.

"""


def as_page() -> str:
    """Return the page with the table."""
    lines = [("handler", "Mesop alone", "with handlerid", '`captures="warn"`')]
    lines.append(("---",) * 4)
    lines.extend((row.handler, *EXPECTED[row.name]) for row in ROWS)
    return _PAGE + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
