"""Two server processes, two releases: one renders a page, the other answers its clicks.

With ``"carry"`` the other one never runs an enclosing function.
"""

from __future__ import annotations

import asyncio
import inspect
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from handlerid import ClickEvent
from tests.promises.servers import shop
from tests.support.fresh import environment
from tests.support.servers import running

HERE = Path(__file__).parent

Post = Callable[..., tuple[int, Any, list[str]]]


@contextmanager
def server(release: Path, mode: str, seed: str) -> Iterator[Post]:
    """Run a server on a release; give what posts to it."""
    script = str(release / "server.py")
    with running(script, mode, env=environment(release, seed=seed)) as process:
        port = process.read(r"port: (\d+)")
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=address, trust_env=False) as client:

            def post(path: str, audience: str, **asked: object) -> tuple[int, Any, Any]:
                reply = client.post(path, json={"audience": audience, **asked})
                return (reply.status_code, *reply.json())

            yield post


def release(folder: Path, old: str = "", new: str = "") -> Path:
    """A directory with the application, perhaps changed."""
    folder.mkdir()
    for name in ("shop.py", "server.py"):
        shutil.copy(HERE / name, folder)
    if old:
        file = folder / "shop.py"
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
    return folder


def click(handler: str) -> dict[str, str]:
    return {"handler": handler, "key": "k"}


def directly(handler: Callable[..., Any]) -> object:
    """What a handler returns when it is called without any of this."""
    result = handler(ClickEvent(key="k"))
    return asyncio.run(result) if inspect.iscoroutine(result) else result


@pytest.mark.parametrize("mode", ["carry", "distinct"])
def test_each_click_reaches_its_own_handler(mode: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        a = stack.enter_context(server(release(tmp_path / "a"), mode, "1"))
        b = stack.enter_context(server(release(tmp_path / "b"), mode, "2"))
        status, page, _ = a("/page", "alice")
        assert status == 200
        assert len(set(page.values())) == len(page) == 36
        expected = {name: directly(fn) for name, fn in shop.page().items()}
        answers = {}
        for name, handler in page.items():
            status, answers[name], rendered = b(
                "/click", "alice", payload=click(handler)
            )
            assert status == 200, (name, answers[name])
            assert bool(rendered) == (mode == "distinct")
        assert answers == expected


CHANGED = ("{name} {event.key}", "now {name} {event.key}")


@pytest.mark.parametrize(
    ("mode", "old", "new", "status", "error"),
    [
        ("carry", *CHANGED, 409, "StaleHandler"),
        ("distinct", *CHANGED, 409, "StaleHandler"),
        # A token was offered once, by this application; an id may be made up.
        ("carry", "plain", "renamed", 410, "GoneHandler"),
        ("distinct", "plain", "renamed", 404, "UnknownHandler"),
    ],
)
def test_another_release_says_that_it_is_one(
    mode: str, old: str, new: str, status: int, error: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        a = stack.enter_context(server(release(tmp_path / "a"), mode, "1"))
        b = stack.enter_context(server(release(tmp_path / "b", old, new), mode, "2"))
        _, page, _ = a("/page", "alice")
        payload = click(page["tea: plain"])
        assert b("/click", "alice", payload=payload)[:2] == (status, error)
        payload = click(page["tea: nested"])
        assert b("/click", "alice", payload=payload)[:2] == (200, "tea 0")


def test_a_token_serves_only_whom_it_was_offered_to(tmp_path: Path) -> None:
    with ExitStack() as stack:
        a = stack.enter_context(server(release(tmp_path / "a"), "carry", "1"))
        b = stack.enter_context(server(release(tmp_path / "b"), "carry", "2"))
        _, page, _ = a("/page", "alice")
        payload = click(page["tea: plain"])
        assert b("/click", "bob", payload=payload)[:2] == (403, "OtherAudience")
        assert b("/click", "alice", payload=payload)[:2] == (200, "tea k")
