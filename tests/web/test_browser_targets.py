"""Which element gets an event, and what is left to the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from handlerid import (
    ClickEvent,
    InputEnterEvent,
    InputEvent,
)
from handlerid.events import (
    KeyDownEvent,
    LoadEvent,
)
from tests.web.visit import Site


def test_a_click_on_a_label_counts_once(page: Page, site: Site) -> None:
    room = site.room(
        '<div {{ on("click", key="around", busy="queue") }}>'
        '<label for="x">Outside</label><input type="checkbox" id="x"></div>'
        '<label {{ on("click", key="label", busy="queue") }}>'
        'Inside<input type="checkbox"></label>'
    )
    room.visit(page)
    page.get_by_text("Outside").click()
    page.get_by_text("Inside").click()
    page.get_by_text("Outside").click()
    room.events(3)
    assert [event.key for event in room.settled(page)] == ["around", "label", "around"]
    expect(page.locator("#x")).not_to_be_checked()


def test_text_is_not_sent_while_it_is_composed(
    page: Page, context: BrowserContext, site: Site
) -> None:
    room = site.room(
        '<input autofocus {{ on("input") }}'
        ' data-h-input_enter="{{ reference("input_enter") }}"'
        ' data-h-key_down="{{ reference("key_down") }}">'
    )
    room.visit(page)
    devtools = context.new_cdp_session(page)
    composed = {"selectionStart": 2, "selectionEnd": 2, "text": "にほ"}
    devtools.send("Input.imeSetComposition", composed)
    expect(page.get_by_role("textbox")).to_have_value("にほ")
    page.keyboard.press("Enter")
    assert room.settled(page) == []
    devtools.send("Input.insertText", {"text": "日本"})
    assert room.events(1) == [InputEvent(value="日本")]
    page.get_by_role("textbox").press("Enter")
    room.events(3)
    assert {type(event) for event in room.settled(page)} == {
        InputEvent,
        InputEnterEvent,
        KeyDownEvent,
    }


def test_a_link_sends_its_click_and_goes_nowhere(page: Page, site: Site) -> None:
    room = site.room('<a href="other" {{ on("click", key="link") }}>Link</a>')
    room.visit(page)
    page.get_by_role("link").click()
    assert [event.key for event in room.events(1)] == ["link"]
    assert len(room.settled(page)) == 1
    assert page.url == room.url


@pytest.mark.parametrize(
    ("button", "modifier"), [("left", "Control"), ("left", "Shift"), ("middle", None)]
)
def test_a_link_opened_elsewhere_is_the_browsers(
    page: Page, context: BrowserContext, site: Site, button: str, modifier: str | None
) -> None:
    room = site.room('<a href="other" {{ on("click") }}>Link</a>')
    room.visit(page)
    with context.expect_page() as opened:
        page.get_by_role("link").click(
            button=button,  # type: ignore[arg-type]
            modifiers=[modifier] if modifier else None,  # type: ignore[list-item]
        )
    opened.value.wait_for_url("**/other")
    assert room.settled(page) == []


def test_enter_and_a_button_do_not_send_a_form_that_has_no_handler(
    page: Page, site: Site
) -> None:
    room = site.room(
        '<form action="other"><input name="a" {{ on("input_enter", key="field") }}>'
        '<button {{ on("click", key="button") }}>OK</button></form>'
    )
    room.visit(page)
    page.get_by_role("textbox").press("Enter")
    page.get_by_role("button").click()
    assert [event.key for event in room.events(2)] == ["field", "button"]
    assert room.settled(page) == room.events()
    assert page.url == room.url


NESTED = """
<div {{ on("click", key="1") }}><div {{ on("click", key="2", bubble=BUBBLE2) }}>
<div {{ on("click", key="3", bubble=BUBBLE3) }}><p>text</p></div></div></div>"""


@pytest.mark.parametrize(
    ("third", "second", "wanted"),
    [(False, True, ["3"]), (True, False, ["3", "2"]), (True, True, ["3", "2", "1"])],
)
def test_ancestors_get_an_event_only_with_bubble(
    page: Page, site: Site, third: bool, second: bool, wanted: list[str]
) -> None:
    room = site.room(
        NESTED.replace("BUBBLE2", str(second)).replace("BUBBLE3", str(third))
    )
    room.visit(page)
    page.get_by_text("text").click()
    room.events(len(wanted))
    keys = [event.key for event in room.settled(page)]
    assert sorted(keys, reverse=True) == wanted


def test_the_nearest_element_may_be_in_a_shadow_tree(page: Page, site: Site) -> None:
    room = site.room(
        '<div {{ on("click", key="light") }}><div id="host">'
        '<template shadowrootmode="open">'
        '<button {{ on("click", key="shadow") }}><b>inner</b></button><i>bare</i>'
        "</template></div></div>"
    )
    room.visit(page)
    page.get_by_text("inner").click()
    room.events(1)
    page.get_by_text("bare").click()
    assert [event.key for event in room.events(2)] == ["shadow", "light"]
    inner, bare = room.events()
    assert isinstance(inner, ClickEvent)
    assert isinstance(bare, ClickEvent)
    assert not inner.is_target
    assert not bare.is_target


@pytest.mark.parametrize("kind", ["defer", "", "type='module'"])
def test_the_client_is_a_module_and_a_plain_script(
    page: Page, site: Site, kind: str
) -> None:
    script = f'{{{{ script()|replace("defer", "{kind}")|safe }}}}'
    room = site.room(
        '<button {{ on("click", key="click") }} '
        'data-h-load="{{ reference("load") }}">OK</button>',
        head=script,
    )
    room.visit(page)
    assert list(map(type, room.events(1))) == [LoadEvent]
    page.get_by_role("button").click()
    assert list(map(type, room.events(2))) == [LoadEvent, ClickEvent]
    assert len(room.settled(page)) == 2


def test_the_attributes_may_have_another_prefix(page: Page, site: Site) -> None:
    room = site.room(
        '<button {{ on("click", key="k", busy="queue") }}>OK</button>',
        endpoint={"prefix": "data-x-"},
    )
    room.visit(page)
    expect(page.locator("button[data-x-h-click][data-x-key]")).to_have_count(1)
    page.get_by_role("button").click()
    assert [event.key for event in room.events(1)] == ["k"]
