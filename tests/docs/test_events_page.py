"""The reference of the events says which there are, and what they have."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from handlerid import events
from handlerid.events import Event

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


def rows() -> dict[str, tuple[str, dict[str, str | None]]]:
    """Wire name of each event, and its fields with their defaults as text."""
    found = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| `") and "Event`" in line:
            cells = re.split(r"(?<!\\) \| ", line.strip("| "))
            name, wire_name, _when, fields = cells
            told = re.findall(r"`(\w+): [^`=]+?(?: = ([^`]+))?`", fields)
            found[name.strip("`")] = (
                wire_name.strip("`"),
                {field: default or None for field, default in told},
            )
    return found


def default_of(field: dataclasses.Field[object]) -> str | None:
    if field.default_factory is not dataclasses.MISSING:
        return repr(field.default_factory())
    return None if field.default is dataclasses.MISSING else repr(field.default)


def test_every_event_has_a_row_that_is_true() -> None:
    classes = [getattr(events, name) for name in events.__all__]
    expected = {
        cls.__name__: (
            cls.wire_name,
            {f.name: default_of(f) for f in dataclasses.fields(cls) if f.name != "key"},
        )
        for cls in classes
        if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event
    }
    assert rows() == expected
