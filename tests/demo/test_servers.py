"""What the demo's servers answer: refusals, and a fleet that loses a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.demo.check import altered
from tests.demo.running import Demo, running_demo
from tests.demo.visit import Control, Visit


def visit(demo: Demo, play: Callable[[Visit], Awaitable[None]]) -> None:
    """Opens the demo's page and plays something on it."""

    async def run() -> None:
        async with httpx.AsyncClient(base_url=demo.address) as client:
            opened = Visit(client)
            await opened.open()
            await play(opened)

    asyncio.run(run())


def button(visit: Visit) -> Control:
    (found,) = visit.page.controls_of("counter", "click")
    return found


def not_json(visit: Visit) -> str:
    return "{not json"


def unknown_id(visit: Visit) -> str:
    return json.dumps({"handler": altered(button(visit).handler, at=3)})


def stale_id(visit: Visit) -> str:
    return json.dumps({"handler": altered(button(visit).handler, at=17)})


def wrong_field_type(visit: Visit) -> str:
    return json.dumps({"handler": button(visit).handler, "client_x": "secret"})


@pytest.mark.parametrize(
    ("payload", "status", "error"),
    [
        (not_json, 400, "MalformedPayload"),
        (unknown_id, 404, "UnknownHandler"),
        (stale_id, 409, "StaleHandler"),
        (wrong_field_type, 422, "InvalidEvent"),
    ],
)
def test_a_refusal_is_safe_to_show_and_the_server_goes_on(
    shared_demo: Demo,
    payload: Callable[[Visit], str],
    status: int,
    error: str,
) -> None:
    async def play(opened: Visit) -> None:
        answer = await opened.post(payload(opened), button(opened))
        assert answer.refusal == (status, error, False)
        assert "secret" not in answer.text
        server = opened.answered_by
        page = await opened.act(button(opened))
        assert page.result("counter") == "1"
        assert opened.answered_by == server

    before = len(shared_demo.log)
    visit(shared_demo, play)
    new = shared_demo.log[before:]
    assert f"refused, {error}: " in new
    assert "secret" not in new
    assert "Traceback" not in new


@pytest.mark.parametrize("lost", [0, 1])
def test_nothing_is_lost_with_a_process(tmp_path: Path, lost: int) -> None:
    with running_demo(tmp_path / "log") as demo:
        killed = demo.servers[lost]

        async def play(opened: Visit) -> None:
            page = await opened.act(button(opened))
            assert page.result("counter") == "1"
            os.kill(killed, signal.SIGKILL)
            # As a page that neither rendered: the front asks the first server first,
            # and has to pass it over when that is the one that is lost.
            opened.rendered_by = "0"
            page = await opened.act(button(opened))
            assert page.result("counter") == "2"
            assert opened.answered_by != str(killed)

        visit(demo, play)
        assert demo.replaced() not in demo.servers
        assert "Traceback" not in demo.log
