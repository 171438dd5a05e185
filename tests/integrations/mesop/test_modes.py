"""Ways of running Mesop: each of them works with handlerid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integrations.mesop.running import INSTALLED, Address, release, running_mesop
from tests.support.pages import save

DOCS = Path(__file__).parents[3] / "docs" / "start" / "mesop.md"
SERVE_WSGI = """
from werkzeug.serving import run_simple
from wsgi import application
run_simple("127.0.0.1", 0, application, threaded=True)
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page() as opened:
        yield opened


def click(page: Page, name: str, shown: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    section = name.partition(" ")[0]
    expect(page.get_by_text(f"{section}=").first).to_have_text(f"{section}={shown}")


def test_servers_take_turns(page: Page, tmp_path: Path) -> None:
    app = release(tmp_path)
    command = (*INSTALLED, "--prod")
    with (
        running_mesop(app, *command) as first,
        running_mesop(app, *command, name="second", hash_seed=2) as second,
        Address([first, second]) as address,
    ):
        address.turns = True
        page.goto(address.url)
        for count in ("1", "2", "3", "4"):
            click(page, "counter", count)
        click(page, "async_generator", "two")


def test_the_state_session_in_memory(page: Page, tmp_path: Path) -> None:
    app = release(tmp_path)
    command = (*INSTALLED, "--prod")
    backend = {"MESOP_STATE_SESSION_BACKEND": "memory"}
    with (
        running_mesop(app, *command, variables=backend) as first,
        running_mesop(
            app, *command, name="second", hash_seed=2, variables=backend
        ) as second,
        Address([first, second]) as address,
    ):
        page.goto(address.url)
        click(page, "counter", "1")
        click(page, "counter", "2")
        address.turn = 1  # which has no such session: Mesop sends the state again
        click(page, "counter", "3")
        click(page, "method", "added")


def test_websockets(page: Page, tmp_path: Path) -> None:
    app = release(tmp_path)
    environment = {"MESOP_WEBSOCKETS_ENABLED": "true"}
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    with running_mesop(app, *INSTALLED, "--prod", variables=environment) as server:
        page.goto(server.url)
        click(page, "counter", "1")
        click(page, "counter", "2")
        click(page, "generator", "two")
        click(page, "async_generator", "two")
        click(page, "lambdas first", "first")
        page.goto("about:blank")  # which closes the socket
    assert len(sockets) == 1


def test_hot_reload_in_debug_mode(page: Page, tmp_path: Path) -> None:
    app = release(tmp_path)
    with running_mesop(app, *INSTALLED) as server:
        page.goto(server.url)
        click(page, "code", "old")
        with (app / "edited.py").open("r+") as file:
            text = file.read().replace('"old"', '"new"')
            file.seek(0)
            file.write(text)  # as many characters: one change of the file
        expect(page.get_by_text("release=")).to_have_text("release=new")
        click(page, "code", "new")
        assert server.process.read("(Hot reload #1: finished!)")


@pytest.mark.parametrize("command", [("-c", SERVE_WSGI), (*INSTALLED, "--prod")])
def test_the_application_of_the_docs(
    page: Page, tmp_path: Path, command: tuple[str, ...]
) -> None:
    app = tmp_path / "app"
    save(DOCS, app)
    with running_mesop(app, *command) as server:
        page.goto(server.url)
        page.get_by_role("button", name="/tea").click()
        expect(page.get_by_text("A pot of tea")).to_be_visible()
