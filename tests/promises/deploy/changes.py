"""The second release: what is changed in the first, a change of each kind."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.support.fresh import run_fresh

__all__ = ["CHANGES", "write_manifests", "write_release"]

FIRST = Path(__file__).with_name("release")
ROOT = FIRST.parents[3]
SERVER = Path(__file__).with_name("server.py")

NEW = """
def on_new(event: ClickEvent) -> None:
    did("new")


def page("""

EMPTY = '"""Where the second release moves handlers to."""\n'

MOVED = """from handlerid import ClickEvent
from store.journal import did, named


def on_away(event: ClickEvent) -> None:
    did("away")


@named(moved_from="store.old_place:on_back")
def on_back(event: ClickEvent) -> None:
    did("back")
"""


def swapped(one: str, other: str) -> list[tuple[str, str, str]]:
    """Swap two texts of the page."""
    return [("pages", one, "<1>"), ("pages", other, one), ("pages", "<1>", other)]


# By change: file, old text, new text.
CHANGES: dict[str, list[tuple[str, str, str]]] = {
    # Nothing.
    "comment": [
        ("pages", '    did("comment"', '    # Now with a comment.\n    did("comment"')
    ],
    "layout": [
        ("pages", 'did("layout", event.key)', 'did(\n        "layout",\n event.key)')
    ],
    "annotation": [("pages", 'note: str = "n"', 'note: object = "n"')],
    "docstring": [("pages", '"""Do it."""', '"""Do it, and return nothing."""')],
    "body of a function it calls": [
        ("helpers", "return text.upper()", 'return "".join(map(str.upper, text))')
    ],
    "order of closures": swapped(
        'on_first(event: ClickEvent) -> None:\n        did("first")',
        'on_second(event: ClickEvent) -> None:\n        did("second")',
    ),
    "order of lambdas": swapped(
        'lambda event: did("third"), "third"', 'lambda event: did("fourth"), "fourth"'
    ),
    # The handler is elsewhere.
    "renamed": [("pages", "on_rename", "on_renamed")],
    "renamed, with moved_from": [
        ("pages", "on_moved", "on_moved_on"),
        (
            "pages",
            "def on_moved_on",
            '@named(moved_from="store.pages:on_moved")\ndef on_moved_on',
        ),
    ],
    "renamed, with name": [("pages", "on_keep", "on_kept")],
    "moved to a module": [
        ("old_place", "on_away", "on_another"),
        ("old_place", 'did("away")', 'did("another")'),
        ("new_place", EMPTY, f"{EMPTY}{MOVED}"),
        ("pages", "old_place.on_away", "new_place.on_away"),
        ("pages", "import old_place", "import new_place, old_place"),
    ],
    "moved to a module, with moved_from": [
        ("old_place", "on_back", "on_forth"),
        ("old_place", 'did("back")', 'did("forth")'),
        ("pages", "old_place.on_back", "new_place.on_back"),
    ],
    "removed": [
        ("pages", 'def on_removed(event: ClickEvent) -> None:\n    did("removed")', ""),
        ("pages", '    show("removed", on_removed, "removed")\n', ""),
    ],
    "new handler": [
        ("pages", "\ndef page(", NEW),
        (
            "pages",
            "    closures(show)\n",
            '    show("new handler", on_new, "new")\n    closures(show)\n',
        ),
    ],
    # It does something else.
    "body": [
        ("pages", 'did("body")', 'did("other body")'),
        ("pages", 'on_body, "body"', 'on_body, "other body"'),
    ],
    "names swapped": [
        *swapped("def on_save(", "def on_delete("),
        ("pages", 'on_save, "save"', 'on_delete, "save"'),
        ("pages", 'on_delete, "delete"', 'on_save, "delete"'),
    ],
    "decorator added": [("pages", "def on_plain", "@logged\ndef on_plain")],
    "decorator removed": [("pages", "@logged\ndef on_logged", "def on_logged")],
    "guard added": [
        ("pages", "def on_admin", "@admin_only\ndef on_admin"),
        ("pages", "import Row, logged", "import Row, admin_only, logged"),
        (
            "journal",
            "GUARDED: set[str] = set()",
            'GUARDED: set[str] = {"admin", "nested admin"}',
        ),
    ],
    "guard added to a closure": [
        ("pages", 'closure", on_nested_admin', 'closure", admin_only(on_nested_admin)')
    ],
    # It has something else.
    "default": [
        ("pages", "count: int = 1", "count: int = 2"),
        ("pages", '"default", 1)', '"default", 2)'),
    ],
    "bound argument": [
        ("pages", 'partial(on_step, 3), "step", 3', 'partial(on_step, 4), "step", 4')
    ],
    "new captured variable": [
        ("pages", "did(word)", "did(word, price)"),
        ("pages", "on_captured, word)", "on_captured, word, price)"),
    ],
    "captured value": [("pages", '"captured", 10', '"captured", 12')],
    "field of a captured dataclass": [
        ("helpers", "    name: str\n", "    name: str\n    size: int = 0\n")
    ],
    "closures of a loop": [("pages", '("tea", "milk")', '("cake", "tea", "milk")')],
    "unit of a value": [
        ("pages", 'UNIT = "grams"', 'UNIT = "kilograms"'),
        ("pages", '"250"', '"0.25"'),
    ],
    # It gets something else.
    "event field renamed": [
        ("events", "    title: str", "    label: str"),
        ("pages", 'title="new"', 'label="new"'),
    ],
    "event field required": [
        ("events", "amount: int = 1", "amount: int"),
        ("pages", '"order", 1)', '"order", 2, amount=2)'),
    ],
    "event field of another type": [
        ("events", "    size: str", "    size: int"),
        ("pages", '"size", "large", size="large"', '"size", 3, size=3'),
    ],
    "event class renamed": [
        ("events", "class Buy", "class Purchase"),
        ("pages", "Buy", "Purchase"),
    ],
    "handler of another event": [
        (
            "pages",
            "on_other_event(event: ClickEvent)",
            "on_other_event(event: InputEvent)",
        ),
        (
            "pages",
            'on_other_event, "other event")',
            'on_other_event, "other event", value="v")',
        ),
    ],
}


def write_release(folder: Path, *changes: str) -> Path:
    """Write the application with these changes into a new directory."""
    shutil.copytree(FIRST, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for change in changes:
        for name, old, new in CHANGES[change]:
            file = folder / "store" / f"{name}.py"
            text = file.read_text("utf-8")
            assert old in text, (change, old)
            file.write_text(text.replace(old, new), "utf-8")
    return folder


BUILD = """
import sys
from handlerid.manifest import build
for fingerprint in ("bytecode", "source"):
    manifest = build("store", fingerprint=fingerprint, release=sys.argv[1])
    manifest.write(f"{sys.argv[2]}/{fingerprint}/{sys.argv[1]}.json")
"""


def write_manifests(folders: Sequence[Path]) -> None:
    """Give each release its manifests and those of the releases before it."""
    for release, folder in enumerate(folders, 1):
        manifests = folder / "manifests"
        if release == 1:
            (manifests / "bytecode").mkdir(parents=True)
            (manifests / "source").mkdir()
        else:
            shutil.copytree(folders[release - 2] / "manifests", manifests)
        run_fresh("-c", BUILD, str(release), str(manifests), path=folder)
