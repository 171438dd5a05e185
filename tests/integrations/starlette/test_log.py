"""What an application with a dispatcher of its own finds in the log."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from handlerid import (
    Captures,
    Dispatcher,
    LoggingObserver,
    Observer,
    Registry,
    Tokens,
    handler_id,
)
from handlerid.integrations.starlette import Handlers

KEY = b"only for these tests"
SAME = {"sec-fetch-site": "same-origin"}


def save() -> str:
    return "saved"


def clicks(
    observer: Observer | None = None,
    *,
    captures: Captures = "carry",
    known: bool = False,
) -> list[tuple[int, str]]:
    """Click what a page offers, an id that is no token, and from another site.

    Returns each answer's status, and the reference.
    """
    registry = Registry(captures=captures)
    if known:
        registry.handler(save)
    dispatcher = Dispatcher(registry, tokens=Tokens(KEY), observer=observer)
    handlers = Handlers(__name__, dispatcher=dispatcher)

    def page(request: Request) -> PlainTextResponse:
        with handlers.scope(request) as scope:
            return PlainTextResponse(scope.offer(save))

    app = Starlette(
        routes=[Route("/", page), *handlers.routes],
        middleware=[Middleware(SessionMiddleware, secret_key="for these tests")],
    )

    async def click() -> list[tuple[int, str]]:
        where: Any = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=where, base_url="http://shop") as client:
            offered, answers = (await client.get("/")).text, []
            for reference, headers in (
                (offered, SAME),
                ("no token", SAME),
                (offered, {"sec-fetch-site": "cross-site"}),
            ):
                sent = {"handler": reference}
                answer = await client.post("/_handlerid", json=sent, headers=headers)
                answers.append((answer.status_code, reference))
            return answers

    return asyncio.run(click())


@pytest.mark.parametrize("observer", [None, LoggingObserver(), Observer()])
def test_each_refusal_is_one_line(
    caplog: pytest.LogCaptureFixture, observer: Observer | None
) -> None:
    assert [status for status, _ in clicks(observer)] == [200, 403, 403]
    lines = [one.getMessage() for one in caplog.records if one.name == "handlerid"]
    refused = "refused, " if type(observer) is LoggingObserver else ""
    assert lines[0] == f"{refused}InvalidToken: not a token: a token begins with t1."
    assert [line.partition(":")[0] for line in lines[1:]] == ["CrossOrigin"]


def test_a_refusal_is_in_the_log_that_the_host_chose(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clicks(LoggingObserver(logging.getLogger("audit")))
    assert [one.name for one in caplog.records] == ["audit", "handlerid"]


def test_without_carry_a_registry_answers_what_it_was_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert clicks(captures="distinct", known=True)[0][0] == 200
    caplog.clear()
    assert clicks(captures="distinct")[0][0] == 410
    assert caplog.records[0].getMessage() == (
        f"GoneHandler: no handler is registered at the location of {handler_id(save)}; "
        "is the module that defines it imported, under one name: "
        "Identity(module_name=...)? The handlers of a scope end with it: for those "
        'that a page makes, use captures="carry" or rerender=; for others, '
        "@registry.handler"
    )
