"""The rows of a diff are the outcomes of the clicks of a deploy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from handlerid import HandlerId, Identity
from handlerid.manifest import Manifest, diff
from handlerid.manifest.lookup import Ids
from tests.promises.deploy.changes import CHANGES, write_release
from tests.promises.deploy.fleet import Server, Settings, judge
from tests.support.fresh import run_fresh

# What the application does at its start is done before: names and moves are the
# registry's, and a manifest has those of the registries that modules hold.
BUILD = """
import sys
from handlerid import Identity, Registry
from handlerid.manifest import build
from store import journal, pages
identity = Identity(fingerprint=sys.argv[1])
journal.registry = Registry(identity=identity)
for fn, how in journal.NAMED:
    journal.registry.handler(**how)(fn)
build("store", identity=identity).write(sys.argv[2])
"""

OUTCOMES = {
    # Of values a manifest has no word; with captures="warn", neither has an id.
    "same": {"right", "WRONG"},
    "stale": {"reload"},
    "gone": {"unknown"},
    "moved": {"unknown"},
    "refused": {"refused by field"},
}

# A value that is part of the id, and a wrapper that an expression in a page adds.
NOT_SEEN = ("bound argument", "guard added to a closure")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("releases")
    first = write_release(folder / "1")
    return [first, write_release(folder / "2", *CHANGES)]


@pytest.mark.parametrize("fingerprint", ["bytecode", "source"])
def test_a_row_is_what_becomes_of_a_click(
    folders: list[Path], tmp_path: Path, fingerprint: Any
) -> None:
    settings: Settings = ("warn", fingerprint, "rerender")
    manifests = []
    for folder in folders:
        file = tmp_path / f"{folder.name}.json"
        run_fresh("-c", BUILD, fingerprint, str(file), path=folder)
        manifests.append(Manifest.read(file))
    found: dict[str, set[str]] = {}
    for old, new in ((0, 1), (1, 0)):
        rows = diff(manifests[old], manifests[new]).rows
        ids = Ids(manifests[old], Identity(fingerprint=fingerprint))
        for control, outcome in clicks(folders[old], folders[new], settings):
            change = control["change"]
            function = ids.find(HandlerId(control["handler"]))
            if function is None:
                assert change in NOT_SEEN
                continue
            (row,) = (
                one
                for one in rows
                if (one.name, one.code) == (function.name, function.function.code)
            )
            if change in NOT_SEEN:
                assert (row.kind, outcome) == ("same", "reload")
            else:
                assert outcome in OUTCOMES[row.kind], (change, row)
                found.setdefault(row.kind, set()).add(change)
    assert set(found) == set(OUTCOMES)
    assert {"renamed", "moved to a module"} <= found["moved"]
    assert {"event class renamed", "removed"} <= found["gone"]
    assert {"renamed, with moved_from", "renamed, with name"} <= found["same"]
    assert "new captured variable" in found["stale"]


def clicks(
    old: Path, new: Path, settings: Settings
) -> Iterator[tuple[dict[str, Any], str]]:
    """Click the page of a release at a server of another."""
    with ExitStack() as stack:
        servers = [Server(folder, 1, sys.executable) for folder in (old, new)]
        for one in servers:
            stack.callback(one.stop)
        page = servers[0].ask(settings)
        payloads = [{"handler": one["handler"], **one["sent"]} for one in page]
        answers = servers[1].ask(settings, clicks=payloads, page="1")
    for control, answer in zip(page, answers, strict=True):
        yield control, judge(control, answer)
