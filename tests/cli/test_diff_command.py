"""``handlerid diff``: one screen, a comment for GitHub, JSON, and the exit code."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from handlerid import Identity
from handlerid._cli.summary import percent
from handlerid.manifest import EventShape, Function, Manifest, read_seen
from handlerid.manifest.lookup import Found
from tests.cli.conftest import Run

CLICK = {"click": EventShape({"key": "str"}, "ignore")}


def function(number: int, *, handler: bool = True) -> Function:
    code = f"{number:019}".translate(str.maketrans("0123456789", "abcdefghij")) + "a"
    return Function(code, f"{code[1:-1]}ba", ("click",) if handler else ())


def manifest(path: str, functions: Mapping[str, Function], **more: object) -> Manifest:
    found = Manifest(
        fingerprint="source",
        functions={("shop", name): (one,) for name, one in functions.items()},
        events=CLICK,
        **more,  # type: ignore[arg-type]
    )
    found.write(path)
    return found


def clicks(path: str, old: Manifest, counts: Mapping[str, int]) -> None:
    """Write clicks as ``count`` does; those of ``?`` are of another release."""
    identity = Identity(fingerprint="source")
    ids = {
        name: Found((module, name), several[0]).ids(identity)[0]
        for (module, name), several in old.functions.items()
    }
    other = "h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click"
    found = {ids.get(name, other): number for name, number in counts.items()}
    Path(path).write_text(json.dumps({"handlerid clicks": found}) + "\n")


@pytest.fixture(autouse=True)
def releases(folder: Path) -> None:
    """Two releases, and the clicks of a day."""
    shop = {name: function(at) for at, name in enumerate(["add", "sum", "old", "buy"])}
    before = {**shop, "help": function(20, handler=False), "drop": function(4)}
    after = {
        **{name: one for name, one in before.items() if name not in ("old", "drop")},
        "add": function(10),
        "help": function(21, handler=False),
        "remove": function(4),
        "more": function(30),
    }
    old = manifest("old.json", before, release="r41")
    manifest("new.json", after, release="r42")
    clicks("clicks.jsonl", old, {"add": 380, "buy": 520, "drop": 29, "old": 1, "?": 70})


SCREEN = """\
old.json (r41) to new.json (r42), source
1 of 5 handlers goes stale, 1 is gone and 1 moved; they had 41 % of 1,000 clicks.

   38 %  stale    shop.add   its code changed
  2.9 %  moved    shop.drop  renamed to shop.remove
                  @registry.handler(moved_from="shop:drop")
  0.1 %  gone     shop.old   removed

2 answer as before; 1 is new.
1 of 1 other functions, which name no event type, changed: pages that offer them \
break, too (--all).
7.0 % of the clicks have ids that the old release does not know: those of pages of \
other releases, or of other packages.
"""


def test_one_screen(run: Run) -> None:
    done = run("diff", "old.json", "new.json", "--seen", "clicks.jsonl")
    assert (done.code, done.out, done.err) == (0, SCREEN, "")


def test_without_clicks(run: Run) -> None:
    done = run("diff", "old.json", "new.json")
    lines = done.out.splitlines()
    assert lines[1] == "1 of 5 handlers goes stale, 1 is gone and 1 moved."
    assert lines[3:7] == [
        "  stale    shop.add   its code changed",
        "  gone     shop.old   removed",
        "  moved    shop.drop  renamed to shop.remove",
        '           @registry.handler(moved_from="shop:drop")',
    ]
    assert "clicks" not in done.out


def test_nothing_breaks(run: Run) -> None:
    done = run("diff", "old.json", "old.json", "--fail-on", "stale,gone")
    assert done.code == 0
    assert done.out.splitlines()[1:] == [
        "No open page breaks: the 5 handlers answer.",
        "",
        "5 answer as before; 0 are new.",
    ]


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        ("stale,gone", "--fail-on stale,gone is met: 1 stale, 1 gone."),
        ("moved", "--fail-on moved is met: 1 moved."),
        ("refused,unknown", ""),
    ],
)
def test_fail_on(run: Run, kinds: str, text: str) -> None:
    done = run("diff", "old.json", "new.json", "--fail-on", kinds)
    assert done.code == int(bool(text))
    assert ("--fail-on" in done.out, text in done.out) == (bool(text), True)


def test_every_function(run: Run) -> None:
    done = run("diff", "old.json", "new.json", "--all", "--fail-on", "stale")
    assert done.out.splitlines()[1].startswith("2 of 6 functions go stale, 1 is gone")
    assert "--fail-on stale is met: 2 stale." in done.out
    assert "other functions" not in done.out


def test_without_event_types_every_function_counts(run: Run) -> None:
    for name, at in (("a.json", 1), ("b.json", 2)):
        manifest(name, {"f": function(at, handler=False)})
    done = run("diff", "a.json", "b.json", "--fail-on", "stale")
    assert done.code == 1
    assert done.out.splitlines()[1] == "1 of 1 function goes stale."


def test_unknown_is_said(run: Run) -> None:
    manifest("a.json", {"f": function(1), "g": function(2)})
    manifest("b.json", {"g": function(2)}, failed={"shop": "ImportError"})
    done = run("diff", "a.json", "b.json", "--fail-on", "unknown")
    assert done.code == 1
    assert done.out.splitlines()[1:4] == [
        "No open page breaks: the 2 handlers answer, but for 1 that cannot be told.",
        "",
        "  unknown  shop.f  shop could not be imported: ImportError",
    ]
    assert "\nNot imported for the new manifest: shop (ImportError).\n" in done.out


def test_what_is_unknown_for_one_reason_is_one_row(run: Run) -> None:
    manifest("a.json", {"f": function(1), "g": function(2), "h": function(3)})
    manifest("b.json", {"h": function(4)}, failed={"shop": "ImportError"})
    rows = run("diff", "a.json", "b.json").out.splitlines()[3:5]
    assert rows == [
        "  stale    shop.h             its code changed",
        "  unknown  shop.f and 1 more  shop could not be imported: ImportError",
    ]


def test_nothing_to_compare(run: Run) -> None:
    manifest("a.json", {}, failed={"shop": "ImportError"})
    manifest("b.json", {"h": function(4)}, failed={"shop": "ImportError"})
    assert run("diff", "a.json", "b.json").out.splitlines()[1:] == [
        "There is nothing to compare: the old manifest has no functions.",
        "",
        "0 answer as before; 1 is new.",
        "Not imported for either manifest: shop (ImportError).",
    ]


def test_an_event_that_is_not_known_makes_no_handlers(run: Run) -> None:
    odd = function(1)._replace(events=("unknown",))
    manifest("a.json", {"f": odd, "g": function(2, handler=False)})
    manifest("b.json", {"f": odd, "g": function(3, handler=False)})
    done = run("diff", "a.json", "b.json")
    assert done.out.splitlines()[1] == "1 of 2 functions goes stale."


def test_clicks_of_a_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = read_seen("clicks.jsonl").counts
    log = "".join(f"GET /{one} 200\n" * number for one, number in counts.items())
    Path("app.log").write_text(log)
    arguments = ("diff", "old.json", "new.json", "--seen")
    assert run(*arguments, "app.log").out == SCREEN
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(log.encode())))
    assert run(*arguments, "-").out == SCREEN


def test_damaged_clicks(run: Run) -> None:
    with Path("clicks.jsonl").open("a") as file:
        file.write('{"handlerid clicks": {"h1-')
    done = run("diff", "old.json", "new.json", "--seen", "clicks.jsonl")
    text = "1 line of the clicks was cut off, and does not count.\n"
    assert done.out == SCREEN + text


def test_what_cannot_be_compared(run: Run) -> None:
    manifest("a.json", {"f": function(1)})
    found = Manifest(fingerprint="bytecode", python="cpython 3.11.7")
    found.write("b.json")
    done = run("diff", "a.json", "b.json")
    assert (done.code, done.out) == (2, "")
    text = "the old manifest is of the source and the new one of the bytecode"
    assert done.err.startswith(f"handlerid diff: {text}")
    done = run("diff", "a.json", "a.json", "--seen", "nowhere.log")
    assert (done.code, done.out) == (2, "")
    text = "nowhere.log cannot be read: No such file or directory"
    assert done.err == f"handlerid diff: {text}\n"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0, "0 %"),
        (1, "<0.1 %"),
        (10, "0.1 %"),
        (994, "9.9 %"),
        (1_000, "10 %"),
        (9_960, "100 %"),
        (10_000, "100 %"),
    ],
)
def test_shares(part: int, text: str) -> None:
    assert percent(part, 10_000) == text


def test_clicks_on_keyed_ids(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed = Identity(keys=b"secret", fingerprint="source")
    old = Manifest.read("old.json")
    found = Found(("shop", "add"), old.functions["shop", "add"][0])
    Path("clicks.log").write_text(found.ids(keyed)[0])
    arguments = ("diff", "old.json", "new.json", "--seen", "clicks.log")
    done = run(*arguments)
    text = "The old release has none of the clicked ids"
    assert f"{text}; are they keyed (--key-env)?\n" in done.out
    assert "%" not in done.out
    monkeypatch.setenv("KEY", "secret")
    done = run(*arguments, "--key-env", "KEY")
    assert "they had 100 % of 1 click" in done.out
    monkeypatch.setenv("KEY", "another")
    done = run(*arguments, "--key-env", "KEY")
    assert f"{text} with these keys.\n" in done.out


class TestLarge:
    """Two large releases, in which much changed."""

    @pytest.fixture(autouse=True)
    def large(self, releases: None) -> None:
        order = random.Random(1)
        names = [f"pages.page_{x}.render.<locals>.on_click_{x}" for x in range(400)]
        before = {name: function(at) for at, name in enumerate(names)}
        after = {}
        for at, (name, one) in enumerate(before.items()):
            kind = order.choice(["same", "stale", "gone", "moved"])
            if kind in ("same", "stale"):
                after[name] = one if kind == "same" else function(at + 1_000)
            elif kind == "moved":
                after[f"{name}_moved"] = one
        more = {"failed": {f"shop.bad_{x}": "ImportError" for x in range(9)}}
        manifest("large.json", before, **more)
        manifest("larger.json", after)

    def test_it_is_one_screen(self, run: Run) -> None:
        done = run("diff", "large.json", "larger.json", "--fail-on", "stale")
        lines = done.out.splitlines()
        assert len(lines) <= 30
        more = re.search(
            r"^  (\d+) more: (\d+) stale, (\d+) gone, (\d+) moved; ",
            done.out,
            re.MULTILINE,
        )
        assert more is not None
        shown = sum(one.startswith("  stale") for one in lines)
        assert int(more[1]) + shown == sum(map(int, more.groups()[1:])) + shown > 250
        assert "shop.bad_2 (ImportError), 6 more." in done.out

    def test_full(self, run: Run) -> None:
        done = run("diff", "large.json", "larger.json", "--full")
        assert len(re.findall("^  (?:stale|gone|moved) ", done.out, re.MULTILINE)) > 270

    def test_a_comment_fits(self, run: Run) -> None:
        done = run("diff", "large.json", "larger.json", "--format", "github")
        assert 5_000 < len(done.out) < 65_536
        assert "\nAnd " in done.out
        assert done.err.count("\n") == 10


COMMENT = """\
### Open pages after this deploy

**1 of 5 handlers goes stale, 1 is gone and 1 moved; they had 41 % of 1,000 clicks.**

| clicks | | handler | why |
|---:|---|---|---|
| 38 % | stale | `shop.add` | its code changed |
| 2.9 % | moved | `shop.drop` | renamed to shop.remove |
| 0.1 % | gone | `shop.old` | removed |

<details><summary>What answers the pages of those that moved</summary>

```python
# shop.drop: renamed to shop.remove
@registry.handler(moved_from="shop:drop")
```

</details>

"""
ANNOTATIONS = """\
::{} title=Open pages after this deploy::1 of 5 handlers goes stale, 1 is gone and 1 \
moved; they had 41 %25 of 1,000 clicks.
::warning title=shop.add::stale: its code changed (38 %25 of the clicks)
::warning title=shop.drop::moved: renamed to shop.remove (2.9 %25 of the clicks)
::warning title=shop.old::gone: removed (0.1 %25 of the clicks)
"""


class TestGitHub:
    COMMAND = ("diff", "old.json", "new.json", "--format", "github", "--seen")

    def test_a_comment_and_annotations(self, run: Run) -> None:
        done = run(*self.COMMAND, "clicks.jsonl")
        assert done.out.startswith(COMMENT)
        assert done.out.endswith(
            "<sub>old.json (r41) to new.json (r42), source</sub>\n"
        )
        assert done.err == ANNOTATIONS.format("warning")

    def test_fail_on_is_an_error(self, run: Run) -> None:
        done = run(*self.COMMAND, "clicks.jsonl", "--fail-on", "gone")
        assert done.code == 1
        assert done.err == ANNOTATIONS.format("error")
        assert "\n**--fail-on gone is met: 1 gone.**\n" in done.out

    def test_nothing_breaks(self, run: Run) -> None:
        done = run("diff", "old.json", "old.json", "--format", "github")
        text = "No open page breaks: the 5 handlers answer."
        assert done.out.startswith(
            f"### Open pages after this deploy\n\n**{text}**\n\n5"
        )
        assert done.err == f"::notice title=Open pages after this deploy::{text}\n"

    def test_signs_of_markdown(self, run: Run) -> None:
        for name, hint in (("a.json", "str"), ("b.json", "int | None")):
            shape = {"click": EventShape({"a_b": hint}, "refuse")}
            Manifest(
                fingerprint="source",
                functions={("shop", "f.<locals>.<lambda>"): (function(1),)},
                events=shape,
            ).write(name)
        done = run("diff", "a.json", "b.json", "--format", "github")
        row = (
            "| refused | `shop.f.<locals>.<lambda>` "
            "| click: a\\_b was str and is int \\| None |\n"
        )
        assert row in done.out
        assert (
            "::warning title=shop.f.<locals>.<lambda>::refused: click: a_b" in done.err
        )


def test_json(run: Run) -> None:
    arguments = ("diff", "old.json", "new.json", "--format", "json")
    done = run(*arguments, "--seen", "clicks.jsonl", "--fail-on", "stale,refused")
    document = json.loads(done.out)
    assert (done.code, document["failed_on"]) == (1, ["stale"])
    assert document["clicks"] == 1_000
    assert document["unknown_clicks"] == 70
    rows = [(x["qualname"], x["kind"], x["clicks"]) for x in document["rows"]]
    assert rows[:3] == [
        ("add", "stale", 380),
        ("drop", "moved", 29),
        ("old", "gone", 1),
    ]
    assert json.loads(run(*arguments).out)["failed_on"] == []
