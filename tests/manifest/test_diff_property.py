"""A row of a diff is what becomes of a click: random releases, tried."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from handlerid import HandlerId
from handlerid.errors import NameTaken
from handlerid.manifest import Row, diff
from handlerid.manifest.lookup import Ids
from tests.manifest.releases import Release

NAMES = ("add", "buy", "cut", "Box.add", "page.<locals>.dig")
EVENTS = ("ClickEvent", "InputEvent", "Order", "ClickEvent | InputEvent")
VALUES: Mapping[str, object] = {"int": 7, "str": "seven", "bool": True}
OUTCOMES = {"gone": "unknown handler", "moved": "unknown handler"}


class Function(NamedTuple):
    """A handler of a release."""

    value: int
    event: str
    name: str | None = None
    moved_from: str | None = None
    does: str = "return did({})"

    def text(self, qualname: str, line: str | None = None) -> list[str]:
        around, _, own = qualname.rpartition(".")
        nested = around.endswith("<locals>")
        said = [f"name={self.name!r}"] if self.name else []
        said += [f"moved_from={self.moved_from!r}"] if self.moved_from else []
        kinds = [f"event={one}" for one in self.event.split(" | ")]
        head = [f"@registry.handler({', '.join([kind, *said])})" for kind in kinds]
        if line:
            head = line.split("\n")
        elif nested or not said:  # what is said in a function is not seen
            head = []
        if around and not nested:
            head = ["@staticmethod", *head]
        body = self.does.format(self.value)
        lines = [*head, f"def {own}(event: {self.event}):", f"    {body}"]
        return [f"    {one}" for one in lines] if around else lines


class Code(NamedTuple):
    """A release."""

    functions: dict[str, Function]
    fields: dict[str, str]

    def text(self, lines: Mapping[str, str] = {}) -> str:
        found = ["@dataclass", "class Order(Event):"]
        found += [f"    {name}: {hint}" for name, hint in self.fields.items()] or [
            "    pass"
        ]
        page = ["def page(scope):", "    pass"]
        box = ["class Box:", "    pass"]
        for qualname, one in self.functions.items():
            text = one.text(qualname, lines.get(qualname))
            if "<locals>" in qualname:
                kinds = one.event.split(" | ")
                page += text
                page += [f"    scope.offer(dig, {kind})" for kind in kinds]
            elif "." in qualname:
                box += text
            else:
                found += text
        return "\n".join([*found, *box, *page])


FUNCTIONS = st.builds(
    Function,
    value=st.integers(1, 9),
    event=st.sampled_from(EVENTS),
    name=st.sampled_from([None, None, None, "one", "two"]),
    moved_from=st.none(),
    does=st.sampled_from(["return did({})", "return did({})", "return {}"]),
)
FIELDS = st.dictionaries(
    st.sampled_from("ab"),
    st.sampled_from(["int", "str", "bool", "int = 1", "int | str"]),
    # A field with a default comes after those without.
).map(lambda found: dict(sorted(found.items(), key=lambda one: "=" in one[1])))
CHANGES = ("nothing", "nothing", "value", "event", "name", "place", "place", "removed")


@st.composite
def two_codes(draw: st.DrawFn) -> tuple[Code, Code]:
    """Return a release, and what became of it."""
    before = draw(st.dictionaries(st.sampled_from(NAMES), FUNCTIONS, min_size=2))
    after: dict[str, Function] = {}
    for place, one in before.items():
        change = draw(st.sampled_from(CHANGES))
        new, names = draw(FUNCTIONS), sorted({*NAMES} - {*before, *after})
        if change in ("value", "event", "name"):
            after[place] = one._replace(**{change: getattr(new, change)})
        elif change == "place" and names:
            said = draw(st.sampled_from([None, f"shop:{place}", one.name]))
            after[draw(st.sampled_from(names))] = one._replace(moved_from=said)
        elif change != "removed":
            after[place] = one
    for _ in range(draw(st.integers(0, 1))):
        after.setdefault(draw(st.sampled_from(NAMES)), draw(FUNCTIONS))
    fields = draw(FIELDS)
    return Code(before, fields), Code(after, draw(st.just(fields) | FIELDS))


def payloads(fields: Mapping[str, str], event: str) -> list[dict[str, Any]]:
    """Return what a page may send."""
    if event != "order":
        return [{"value": "text"} if event == "input" else {}]
    choices = []
    for name, text in fields.items():
        hint, equals, _ = text.partition(" = ")
        choices.append([(name, VALUES[one]) for one in hint.split(" | ")])
        choices[-1] += [("", None)] if equals else []
    return [{x: y for x, y in one if x} for one in itertools.product(*choices)]


tried: Counter[str] = Counter()


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(two_codes())
def check_rows(codes: tuple[Code, Code]) -> None:
    before, after = codes
    with tempfile.TemporaryDirectory() as folder:
        try:
            old = Release(Path(folder), before.text())
            new = Release(Path(folder), after.text())
        except NameTaken:  # two of one code are from one place
            reject()
        found = diff(old.manifest(), new.manifest())
        ids = Ids(found.old, old.identity)
        for handler_id in old.ids().values():
            row = row_of(handler_id, ids, found.rows)
            may_send = payloads(before.fields, handler_id.event)
            got = {new.click(handler_id, one) for one in may_send}
            done = before.functions[row.qualname].value
            tried[row.kind] += 1
            if row.kind == "refused":  # perhaps not if a field is not sent
                assert "refused" in got <= {"refused", done}, row
            elif row.kind != "unknown":
                met = done if row.kind == "same" else OUTCOMES.get(row.kind, row.kind)
                assert got == {met}, row
        pasted = {
            x.why.split("; ")[0].split("to shop.")[1]: x.line
            for x in found.rows
            if x.line
        }
        in_class = {x for x, line in pasted.items() if "(self." in str(line)}
        if set(pasted) - in_class:
            lines = {x: str(y) for x, y in pasted.items() if x not in in_class}
            check_lines(folder, old, before, after.text(lines), found.rows)


def check_lines(
    folder: str, old: Release, before: Code, text: str, rows: tuple[Row, ...]
) -> None:
    """Paste the lines, and click what they are for."""
    new = Release(Path(folder), text)
    ids = Ids(old.manifest(), old.identity)
    for handler_id in old.ids().values():
        row = row_of(handler_id, ids, rows)
        if row.kind == "moved" and "(self." not in str(row.line):
            tried["pasted"] += 1
            may_send = payloads(before.fields, handler_id.event)
            got = {new.click(handler_id, one) for one in may_send}
            done = before.functions[row.qualname].value
            wrong = f"and {handler_id.event}: " in row.why
            assert ("refused" in got) is wrong
            assert got <= {"refused", done}


def row_of(handler_id: HandlerId, ids: Ids, rows: tuple[Row, ...]) -> Row:
    found = ids.find(handler_id)
    assert found is not None
    mine = [
        one
        for one in rows
        if (one.module, one.qualname) == found.place
        and one.code == found.function.code
        and one.kind != "new"
    ]
    (row,) = (mine[1:] and [x for x in mine if handler_id.event in x.events]) or mine
    return row


def test_a_row_is_what_becomes_of_a_click() -> None:
    tried.clear()
    check_rows()
    kinds = ("same", "stale", "gone", "moved", "refused", "pasted")
    assert all(tried[one] >= 5 for one in kinds), tried
