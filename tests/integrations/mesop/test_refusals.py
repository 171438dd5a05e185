"""Events that cannot be answered, sent to Mesop's server without a browser."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import mesop as me
import mesop.protos.ui_pb2 as pb
import pytest
from mesop.components.button import button_pb2
from mesop.runtime import reset_runtime
from mesop.server.server import configure_flask_app

from handlerid.integrations.mesop import install, seams, uninstall

UNKNOWN = "h1-aaaaaaaaaaaaa-aaaaaaaaaaaaaaaaaaaa.mesop_click"
MESOPS = "5f:mesop.events.events.ClickEvent"

called: list[str] = []


def on_click(event: me.ClickEvent) -> None:
    called.append(event.key)


def fails(event: me.ClickEvent) -> None:
    raise LookupError("the handler's own")


def needs_two(event: me.ClickEvent, other: object) -> None:
    called.append(str(other))


def closes() -> Any:
    """A generator without an argument, whose ``finally`` leaves a mark."""
    try:
        yield
        yield
    finally:
        called.append("closed")


class Browser:
    """Sends what Mesop's page sends."""

    def __init__(self) -> None:
        self._client = configure_flask_app(prod_mode=True).test_client()
        _, state = self._ask(pb.UiRequest(path="/", init=pb.InitRequest()))
        self._states = state.update_state_event.full_states

    def _ask(self, request: Any) -> list[Any]:
        answer = self._client.post(
            "/__ui__",
            data=base64.urlsafe_b64encode(request.SerializeToString()),
            headers={"Origin": "http://localhost"},
        )
        said = []
        for line in answer.get_data(as_text=True).split("\n\n"):
            if line.startswith("data: ") and "<stream_end>" not in line:
                said.append(pb.UiResponse())
                said[-1].ParseFromString(base64.b64decode(line.removeprefix("data: ")))
        return said

    def render(self) -> Any:
        return self._ask(pb.UiRequest(path="/", init=pb.InitRequest()))[0]

    def click(self, handler_id: str) -> list[Any]:
        event = pb.UserEvent(
            handler_id=handler_id,
            key=pb.Key(key="secret"),
            click=pb.ClickEvent(),
            states=self._states,
            query_params=[pb.QueryParam(key="q", values=["a b", "c"])],
        )
        return self._ask(pb.UiRequest(path="/", user_event=event))


def ids(answer: Any) -> list[str]:
    """Return the ids of the buttons of a page."""
    found = []

    def walk(node: Any) -> None:
        if node.type.name.fn_name == "content_button":
            found.append(
                button_pb2.ButtonType.FromString(node.type.value).on_click_handler_id
            )
        for child in node.children:
            walk(child)

    walk(answer.render.root_component)
    return found


def texts(answer: Any) -> bytes:
    found: bytes = answer.render.SerializeToString()
    return found


def page() -> None:
    for handler in (on_click, fails, needs_two, closes):
        me.button(handler.__name__, on_click=handler)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setattr(seams, "SECONDS", 0)
    called.clear()
    reset_runtime(without_hot_reload=True)
    install()
    me.page(path="/")(page)
    yield Browser()
    uninstall()
    reset_runtime(without_hot_reload=True)


def test_an_event_reaches_its_handler(browser: Browser) -> None:
    browser.click(ids(browser.render())[0])
    assert called == ["secret"]


@pytest.mark.parametrize("stale", [MESOPS, "changed"])
def test_a_page_that_is_out_of_date_says_so_and_loads_its_url_again(
    browser: Browser, stale: str
) -> None:
    if stale == "changed":
        known = ids(browser.render())[0]
        stale = f"{known[:17]}{'a' * 20}{known[37:]}"
    said, navigated = browser.click(stale)
    assert seams.NOTICE.encode() in texts(said)
    (command,) = navigated.render.commands
    assert command.navigate.url == "http://localhost/?q=a+b&q=c"
    # Not a difference from a page that this server never sent.
    assert said.render.HasField("root_component")
    assert navigated.render.HasField("root_component")
    assert called == []


def test_only_a_few_threads_wait_before_a_page_reloads(browser: Browser) -> None:
    waiting = [seams._may_wait.acquire(blocking=False) for _ in range(2)]
    try:
        (navigated,) = browser.click(MESOPS)
    finally:
        for _ in waiting:
            seams._may_wait.release()
    assert waiting == [True, True]
    assert navigated.render.commands[0].HasField("navigate")
    assert len(browser.click(MESOPS)) == 2


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (UNKNOWN, "**User Error:** This action does not exist here."),
        ("nonsense", "**User Error:** The request could not be read."),
    ],
)
def test_what_is_unknown_is_an_error_that_the_user_sees(
    browser: Browser, sent: str, told: str
) -> None:
    (answer,) = browser.click(sent)
    assert answer.error.exception == told


def test_the_log_names_the_id_and_no_value_of_the_event(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        browser.click(UNKNOWN)
    (said,) = [
        one.getMessage() for one in caplog.records if UNKNOWN in one.getMessage()
    ]
    assert "no handler is registered at the location of" in said
    assert "secret" not in caplog.text


def test_a_handlers_own_error_passes_through(browser: Browser) -> None:
    (answer,) = browser.click(ids(browser.render())[1])
    assert answer.error.exception == "the handler's own"


def test_a_handler_that_cannot_be_called_warns_and_breaks_its_own_click_alone(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    known = ids(browser.render())
    assert f"{__name__}.needs_two needs event, other" in caplog.text
    caplog.clear()
    (answer,) = browser.click(known[2])
    assert "not set up correctly" in answer.error.exception
    assert f"{__name__}.needs_two needs event, other" in caplog.text
    browser.click(known[0])
    assert called == ["secret"]


def test_a_generator_is_run_to_its_end(browser: Browser) -> None:
    *steps, _ = browser.click(ids(browser.render())[3])
    assert len(steps) == 2
    assert called == ["closed"]


def test_rendering_again_replaces_nothing() -> None:
    """Warnings are errors here: a warning would fail the test."""
    reset_runtime(without_hot_reload=True)
    install(captures="warn")
    renders = 0

    def changing() -> None:
        nonlocal renders
        renders += 1
        number = renders

        def add(event: me.ClickEvent) -> None:
            called.append(str(number))

        me.button("add", on_click=add)

    try:
        me.page(path="/")(changing)
        client = Browser()
        answers = client.click(ids(client.render())[0])
    finally:
        uninstall()
        reset_runtime(without_hot_reload=True)
    assert [answer.WhichOneof("type") for answer in answers] == [
        "render",
        "update_state_event",
    ]
    assert renders >= 3


def test_a_mode_that_omits_nothing_names_handler_and_bound_argument(
    browser: Browser,
) -> None:
    reset_runtime(without_hot_reload=True)
    install(captures="warn")
    me.page(path="/")(
        lambda: me.button("x", on_click=partial(needs_two, other=object()))
    )
    answer = browser.render()
    assert f"{__name__}.needs_two: keywords[other] " in answer.error.exception
    assert "Pass a key instead" in answer.error.exception
