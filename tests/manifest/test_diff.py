"""What a diff says of each change, and that the line it prints works."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from handlerid import Identity
from handlerid.manifest import Diff, Manifest, Row, Seen, diff
from tests.manifest.releases import Release, compared, one_row

ADD = "def add(event: ClickEvent): return did(1)\n"
ROWS = """
def page(scope):
    def add(event: ClickEvent): return did(1)
    scope.offer(add)
"""


def row(folder: Path, old: str, new: str) -> Row:
    return one_row(compared(folder, old, new))


def said(found: Row) -> tuple[str, str, str]:
    return found.kind, found.qualname, found.why


def test_nothing_changed(tmp_path: Path) -> None:
    found = compared(tmp_path, ADD, f"\n# A comment.\n{ADD}")
    assert {one.kind for one in found.rows} == {"same"}
    assert [one.handler for one in found.rows] == [True, False]
    assert [one.name for one in found.rows] == ["shop.add", "shop.did"]
    assert repr(found) == "<Diff: 2 same>"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (ADD, ADD.replace("1", "2"), ("stale", "add", "its code changed")),
        (
            ROWS,
            ROWS.replace("page(scope)", "page(scope, n=2)").replace("(1)", "(n)"),
            ("stale", "page.<locals>.add", "it captures +n"),
        ),
        (ADD, "", ("gone", "add", "removed")),
        ("", ADD, ("new", "add", "")),
        (ADD, ADD.replace("add", "buy"), ("moved", "add", "renamed to shop.buy")),
        (
            ADD,
            ADD.replace("ClickEvent", "InputEvent"),
            ("gone", "add", "it was for click and is for input"),
        ),
        (
            ADD.replace("ClickEvent", "ClickEvent | InputEvent"),
            ADD.replace("ClickEvent", "InputEvent | Event"),
            ("gone", "add", "it was for click and is for input"),
        ),
        (
            ADD,
            ADD.replace(": ClickEvent", ""),
            ("unknown", "add", "it names no event type in the new release, click else"),
        ),
        (
            ADD.replace("event: ClickEvent", "event: ClickEvent = None"),
            ADD,
            (
                "unknown",
                "add",
                "it captures -event: stale where captures are part of ids",
            ),
        ),
    ],
)
def test_a_change(
    tmp_path: Path, old: str, new: str, expected: tuple[str, str, str]
) -> None:
    assert said(row(tmp_path, old, new)) == expected


WRAPPED = f"""
from functools import wraps

def logged(fn):
    @wraps(fn)
    def wrapper(event): return fn(event)
    return wrapper

@logged
{ADD}"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (WRAPPED, WRAPPED.replace("return fn", "print(); return fn")),
        (WRAPPED, WRAPPED.replace("did(1)", "did(2)")),
        (WRAPPED, WRAPPED.replace("@logged\n", "")),
        (WRAPPED.replace("@logged\n", ""), WRAPPED),
    ],
)
def test_a_decorator_is_part_of_the_code(tmp_path: Path, old: str, new: str) -> None:
    (found,) = (x for x in compared(tmp_path, old, new).rows if x.qualname == "add")
    assert said(found) == ("stale", "add", "its code or a decorator changed")


ORDER = """
@dataclass
class Order(Event):
    amount: int

def order(event: Order): return did(event.amount)
"""


def test_fields_of_an_event(tmp_path: Path) -> None:
    found = row(tmp_path, ORDER, ORDER.replace("amount: int", "amount: str"))
    assert said(found) == ("refused", "order", "order: amount was int and is str")
    wider = compared(tmp_path, ORDER, ORDER.replace("amount: int", "amount: int | str"))
    assert {one.kind for one in wider.rows} == {"same"}


def test_an_outcome_for_each_event(tmp_path: Path) -> None:
    both = ADD.replace("ClickEvent", "ClickEvent | InputEvent")
    found = compared(tmp_path, both, ADD)
    rows = [one for one in found.rows if one.qualname == "add"]
    assert [(one.kind, one.events) for one in rows] == [
        ("gone", ("input",)),
        ("same", ("click",)),
    ]


def test_several_functions_of_one_name(tmp_path: Path) -> None:
    text = "pair = [lambda: did(1), lambda: did(2), lambda: did(3)]\n"
    found = compared(
        tmp_path, text, text.replace("1", "4").replace(", lambda: did(2)", "")
    )
    kinds = [one.kind for one in found.rows if one.qualname == "<lambda>"]
    assert sorted(kinds) == ["same", "stale", "stale"]
    found = compared(
        tmp_path, text, text.replace("1", "4").replace("[", "[abs, lambda: 0, ")
    )
    kinds = [one.kind for one in found.rows if one.qualname == "<lambda>"]
    assert sorted(kinds) == ["new", "same", "same", "stale"]


class TestMoves:
    def test_the_line_answers_old_pages(self, tmp_path: Path) -> None:
        old, text = Release(tmp_path, ADD), ADD.replace("add", "buy")
        found = one_row(diff(old.manifest(), Release(tmp_path, text).manifest()))
        assert found.line == '@registry.handler(moved_from="shop:add")'
        (handler_id,) = old.ids().values()
        assert Release(tmp_path, text).click(handler_id) == "unknown handler"
        pasted = Release(tmp_path, f"{found.line}\n{text}")
        assert pasted.click(handler_id) == 1
        followed = diff(old.manifest(), pasted.manifest()).rows[0]
        assert said(followed) == (
            "same",
            "add",
            "answered by shop.buy, which is moved_from there",
        )

    def test_in_a_function(self, tmp_path: Path) -> None:
        old, text = Release(tmp_path, ROWS), ROWS.replace("add", "buy")
        found = one_row(diff(old.manifest(), Release(tmp_path, text).manifest()))
        assert found.line == '@registry.handler(moved_from="shop:page.<locals>.add")'
        pasted = text.replace("    def buy", f"    {found.line}\n    def buy")
        (handler_id,) = old.ids().values()
        assert Release(tmp_path, pasted).click(handler_id) == 1

    def test_a_method(self, tmp_path: Path) -> None:
        text = """
class Cart:
    def add(self, event: ClickEvent): return did(1)
    def page(self, scope):
        scope.offer(self.add)

page = Cart().page
"""
        old, new = Release(tmp_path, text), text.replace("add", "buy")
        rows = diff(old.manifest(), Release(tmp_path, new).manifest()).rows
        (found,) = (one for one in rows if one.kind == "moved")
        assert found.line == 'registry.handler(moved_from="shop:Cart.add")(self.buy)'
        pasted = new.replace("        scope", f"        {found.line}\n        scope")
        (handler_id,) = old.ids().values()
        assert Release(tmp_path, pasted).click(handler_id) == 1

    def test_for_several_events(self, tmp_path: Path) -> None:
        text = ADD.replace("ClickEvent", "ClickEvent | InputEvent")
        old, new = Release(tmp_path, text), text.replace("add", "buy")
        found = one_row(diff(old.manifest(), Release(tmp_path, new).manifest()))
        pasted = Release(tmp_path, f"{found.line}\n{new}")
        for name, handler_id in old.ids().items():
            fields = {"value": "text"} if name == "add.input" else {}
            assert pasted.click(handler_id, fields) == 1

    def test_what_it_says_already_stays(self, tmp_path: Path) -> None:
        before = '@registry.handler(name="cart.add")\n'
        after = '@registry.handler(name="add", moved_from="shop:sum")\n'
        old = Release(tmp_path, before + ADD)
        found = one_row(diff(old.manifest(), Release(tmp_path, after + ADD).manifest()))
        assert said(found) == ("moved", "add", "renamed to shop.add")
        assert found.line == (
            '@registry.handler(name="add", moved_from=("cart.add", "shop:sum"))'
        )
        (handler_id,) = old.ids().values()
        assert Release(tmp_path, f"{found.line}\n{ADD}").click(handler_id) == 1

    def test_with_an_explicit_name_it_is_followed(self, tmp_path: Path) -> None:
        text = f'@registry.handler(name="cart.add")\n{ADD}'
        found = compared(tmp_path, text, text.replace("def add", "def buy"))
        assert [one.kind for one in found.rows] == ["same", "same"]
        # A name that is new takes the place along.
        found = compared(tmp_path, ADD, text)
        assert [one.kind for one in found.rows] == ["same", "same"]

    def test_other_code_that_moved_is_stale(self, tmp_path: Path) -> None:
        new = '@registry.handler(moved_from="shop:add")\n'
        new += ADD.replace("add", "buy").replace("1", "2")
        old = Release(tmp_path, ADD)
        release = Release(tmp_path, new)
        found = [x for x in diff(old.manifest(), release.manifest()).rows if x.handler]
        assert [said(one) for one in found] == [("stale", "add", "its code changed")]
        (handler_id,) = old.ids().values()
        assert release.click(handler_id) == "stale"

    @pytest.mark.parametrize(
        ("old", "new", "candidates"),
        [
            # Twice in the new release, or in the old one.
            (ADD, "\n".join(ADD.replace("add", x) for x in "ab"), ("shop.a", "shop.b")),
            (ADD + ADD.replace("add", "sum"), ADD.replace("add", "buy"), ("shop.buy",)),
            # Many functions do nothing.
            (ADD.replace("did(1)", "None"), ADD.replace("add", "b"), ()),
            # Another event, so that no line helps.
            (
                ADD,
                ADD.replace("add", "buy").replace("Click", "Input"),
                ("shop.buy",),
            ),
            # It moved, and changed.
            (ADD, f"class Cart:\n    {ADD.replace('1', '2')}", ("shop.Cart.add",)),
        ],
    )
    def test_a_guess_is_a_candidate(
        self, tmp_path: Path, old: str, new: str, candidates: tuple[str, ...]
    ) -> None:
        rows = [x for x in compared(tmp_path, old, new).rows if x.kind == "gone"]
        assert rows[0].candidates == candidates
        assert {one.why for one in rows} == {"removed"}
        assert {one.line for one in rows} == {None}


class TestUnknown:
    def test_a_module_that_failed(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ADD).manifest()
        new = dataclasses.replace(old, functions={}, failed={"shop": "ImportError"})
        assert {(x.kind, x.why) for x in diff(old, new).rows} == {
            ("unknown", "shop could not be imported: ImportError")
        }

    def test_a_module_that_is_compiled_now(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ADD).manifest()
        new = dataclasses.replace(old, functions={}, not_seen={"shop": "is compiled"})
        assert {(x.kind, x.why) for x in diff(old, new).rows} == {
            ("unknown", "shop is compiled")
        }

    def test_a_function_without_id(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ADD).manifest()
        new = dataclasses.replace(
            old, functions={}, not_seen={"shop.add": "has no id: because"}
        )
        rows = [(one.kind, one.why) for one in diff(old, new).rows]
        assert rows == [("unknown", "it has no id: because"), ("gone", "removed")]

    @pytest.mark.parametrize("changed", [ROWS, ROWS.replace("1", "2")])
    def test_what_is_decorated_at_run_time(self, tmp_path: Path, changed: str) -> None:
        old, new = [
            one.replace("    def add", "    @did\n    def add")
            for one in (ROWS, changed)
        ]
        found = row(tmp_path, old, new)
        assert found.kind == "unknown"
        assert found.why.startswith("it is decorated where it is made;")

    def test_an_event_that_was_not_understood(self, tmp_path: Path) -> None:
        text = ROWS.replace("ClickEvent", "'Missing'")
        found = row(tmp_path, text, text)
        assert (found.kind, found.handler) == ("unknown", True)
        assert found.why == "its event is not known in the old release"

    def test_fields_that_are_not_in_the_manifest(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ADD).manifest()
        found = diff(old, dataclasses.replace(old, events={})).rows[0]
        assert found.why == "the fields of click are not in the manifest"


class TestComparable:
    def test_other_pythons_are_refused(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ADD).manifest()
        new = dataclasses.replace(old, python="cpython 3.9.1")
        with pytest.raises(ValueError, match=r"bytecode of .* and the new one of cpy"):
            diff(old, new)

    def test_sources_of_any_python_are_compared(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ADD, fingerprint="source").manifest()
        new = Release(tmp_path, f"\n# Text.\n{ADD}", fingerprint="source").manifest()
        assert {one.kind for one in diff(old, new).rows} == {"same"}

    def test_bytecode_and_sources_are_not(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ADD).manifest()
        new = Release(tmp_path, ADD, fingerprint="source").manifest()
        with pytest.raises(
            ValueError, match="of the bytecode and the new one of the s"
        ):
            diff(old, new)

    def test_a_file_name_is_no_manifest(self) -> None:
        with pytest.raises(TypeError, match="old must be a Manifest"):
            diff("old.json", "new.json")  # type: ignore[arg-type]


class TestWeights:
    TEXT = ADD + ADD.replace("add", "buy").replace("1", "2") + ROWS

    def weighed(self, folder: Path, new: str, counts: dict[str, int]) -> Diff:
        old = Release(folder, self.TEXT)
        ids = old.ids()
        seen = Seen({ids.get(one, one): n for one, n in counts.items()})
        return diff(old.manifest(), Release(folder, new).manifest(), seen=seen)

    def test_clicks_come_first(self, tmp_path: Path) -> None:
        new = self.TEXT.replace("(1)", "(3)").replace("(2)", "(4)")
        other = "h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click"
        counts = {"buy.click": 60, "page.<locals>.add.click": 30, other: 10}
        found = self.weighed(tmp_path, new, counts)
        assert [(x.qualname, x.kind, x.clicks) for x in found.rows[:3]] == [
            ("buy", "stale", 60),
            ("page.<locals>.add", "stale", 30),
            ("add", "stale", 0),
        ]
        assert (found.clicks, found.unknown_clicks) == (100, 10)

    def test_what_was_clicked_is_a_handler(self, tmp_path: Path) -> None:
        old = Release(tmp_path, "def add(): return did(1)\n")
        clicked = Identity().handler_id(old.module.add)
        # It was offered for an event that it does not name.
        seen = Seen({f"{clicked}.click": 2, clicked: 1})
        found = diff(old.manifest(), old.manifest(), seen=seen)
        assert [(x.qualname, x.handler, x.clicks) for x in found.rows] == [
            ("add", True, 3),
            ("did", False, 0),
        ]

    def test_each_event_has_its_own_clicks(self, tmp_path: Path) -> None:
        both = Release(tmp_path, ADD.replace("ClickEvent", "ClickEvent | InputEvent"))
        ids = both.ids()
        seen = Seen({ids["add.click"]: 3, ids["add.input"]: 4})
        new = Release(tmp_path, ADD).manifest()
        found = diff(both.manifest(), new, seen=seen).rows
        assert [(x.kind, x.clicks) for x in found] == [
            ("gone", 4),
            ("same", 3),
            ("same", 0),
        ]

    def test_keyed_ids_need_the_keys(self, tmp_path: Path) -> None:
        identity = Identity(keys=[b"new", b"old"])
        old = Release(tmp_path, ADD)
        ids = [
            Identity(keys=key).handler_id(old.module.add, "click")
            for key in (b"new", b"old")
        ]
        seen = Seen(dict.fromkeys(ids, 5))
        manifest = old.manifest()
        assert diff(manifest, manifest, seen=seen).unknown_clicks == 10
        found = diff(manifest, manifest, seen=seen, identity=identity)
        assert (found.rows[0].clicks, found.unknown_clicks) == (10, 0)

    def test_an_explicit_name(self, tmp_path: Path) -> None:
        old = Release(tmp_path, f'@registry.handler(name="cart.add")\n{ADD}')
        (handler_id,) = old.ids().values()
        seen = Seen({handler_id: 1})
        found = diff(old.manifest(), old.manifest(), seen=seen)
        assert (found.rows[0].name, found.rows[0].clicks) == ("shop.add", 1)

    def test_wrappers_that_are_not_seen(self, tmp_path: Path) -> None:
        old = Release(tmp_path, ROWS.replace("    def", "    @did\n    def"))
        # The wrapper is part of the fingerprint, which is another one then.
        clicked = next(iter(old.ids().values()))
        seen = Seen({clicked.replace(clicked.fingerprint, "a" * 20): 7})
        found = diff(old.manifest(), old.manifest(), seen=seen)
        assert (found.rows[0].qualname, found.rows[0].clicks) == (
            "page.<locals>.add",
            7,
        )
        assert found.unknown_clicks == 0


def test_json(tmp_path: Path) -> None:
    old = Release(tmp_path, ADD, name="r1").manifest()
    new = Release(tmp_path, ADD.replace("add", "buy"), name="r2").manifest()
    document = json.loads(json.dumps(diff(old, new).as_dict()))
    (moved,) = document.pop("rows")
    none = dict.fromkeys(["stale", "gone", "moved", "refused", "unknown", "new"], 0)
    assert document == {
        "format": "handlerid diff 1",
        "old": "r1",
        "new": "r2",
        "clicks": None,
        "unknown_clicks": None,
        "handlers": {**none, "moved": 1, "same": 0},
        "other_functions": {**none, "same": 1},
    }
    assert moved == {
        "kind": "moved",
        "module": "shop",
        "qualname": "add",
        "code": old.functions["shop", "add"][0].code,
        "why": "renamed to shop.buy",
        "events": ["click"],
        "handler": True,
        "line": '@registry.handler(moved_from="shop:add")',
        "candidates": [],
        "clicks": None,
    }


def test_an_empty_release() -> None:
    nothing = Manifest(fingerprint="source")
    found = diff(nothing, nothing, seen=Seen({}))
    assert (found.rows, found.clicks) == ((), 0)
