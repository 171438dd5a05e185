"""Events that meet others: double clicks, queues, debounce and throttle."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from handlerid import ClickEvent, InputEvent
from tests.web.visit import Room, Site, raised

SAVE = '<button {{ on("click", "save" MORE) }}>Save</button>'
COUNTER = SAVE + '<output id="count">{{ n }}</output>'
FIELD = '<input {{ on("input", "save" MORE) }}>'
HELD = {"save": {"wait": "go", "html": '<output id="count">{{ n }}</output>'}}


def texts(room: Room, least: int = 0) -> list[str]:
    events = room.events(least)
    return [event.value for event in events if isinstance(event, InputEvent)]


def stop_the_clock(page: Page, room: Room) -> None:
    """Open the page; from here on its time stands still."""
    page.clock.install(time=0)
    room.visit(page)
    page.clock.pause_at(60)


def test_a_second_click_is_dropped_while_the_first_is_in_flight(
    page: Page, site: Site
) -> None:
    room = site.room(COUNTER.replace("MORE", ""), does=HELD)
    room.visit(page)
    save = page.get_by_role("button")
    save.dblclick()
    room.runs(1)
    expect(save).to_have_attribute("aria-busy", "true")
    expect(save).to_be_enabled()
    save.click()
    room.open("go")
    expect(page.locator("#count")).to_have_text("1")
    expect(save).not_to_have_attribute("aria-busy", "true")
    assert len(room.settled(page)) == 1
    save.click()
    expect(page.locator("#count")).to_have_text("2")


def test_a_form_is_submitted_once_while_it_is_in_flight(page: Page, site: Site) -> None:
    room = site.room(
        '<form {{ on("submit", "save") }}><input name="a"><button>OK</button></form>',
        does={"save": {"wait": "go"}},
    )
    room.visit(page)
    page.get_by_role("textbox").press("Enter")
    room.runs(1)
    expect(page.locator("form")).to_have_attribute("aria-busy", "true")
    page.get_by_role("button").click()
    room.open("go")
    expect(page.locator("form")).not_to_have_attribute("aria-busy", "true")
    assert len(room.settled(page)) == 1


def test_a_double_click_counts_once_although_the_first_was_answered(
    page: Page, site: Site
) -> None:
    room = site.room(
        COUNTER.replace("MORE", ', double="ignore"'),
        does={"save": {"html": '<output id="count">{{ n }}</output>'}},
    )
    stop_the_clock(page, room)
    save = page.get_by_role("button")
    save.click()
    room.runs(1)
    page.clock.run_for(200)
    expect(page.locator("#count")).to_have_text("1")
    expect(save).not_to_have_attribute("aria-busy", "true")
    save.click()
    assert len(room.settled(page)) == 1
    page.clock.run_for(1_000)
    save.click()
    assert len(room.runs(2)) == 2


def test_clicks_wait_in_a_queue(page: Page, site: Site) -> None:
    room = site.room(COUNTER.replace("MORE", ', busy="queue"'), does=HELD)
    room.visit(page)
    for _ in range(5):
        page.get_by_role("button").click()
    room.runs(1)
    assert len(room.settled(page)) == 1
    room.open("go")
    expect(page.locator("#count")).to_have_text("5")
    expect(page.get_by_role("button")).not_to_have_attribute("aria-busy", "true")
    assert len(room.settled(page)) == 5


@pytest.mark.parametrize(
    ("busy", "wanted"),
    [
        ("", ["a", "abc"]),
        (', busy="queue"', ["a", "ab", "abc"]),
        (', busy="drop"', ["a"]),
    ],
)
def test_text_waits_for_the_answer_to_earlier_text(
    page: Page, site: Site, busy: str, wanted: list[str]
) -> None:
    room = site.room(FIELD.replace("MORE", busy), does={"save": {"wait": "go"}})
    room.visit(page)
    field = page.get_by_role("textbox")
    field.press("a")
    room.runs(1)
    field.press("b")
    field.press("c")
    assert len(room.settled(page)) == 1
    room.open("go")
    expect(field).not_to_have_attribute("aria-busy", "true")
    room.settled(page)
    assert texts(room) == wanted


def test_an_event_that_waits_belongs_to_what_took_the_place_of_its_element(
    page: Page, site: Site
) -> None:
    part = (
        '<div id="part">'
        '<button {{ on("click", "save", key="one") }}>One {{ n }}</button>'
        '<button {{ on("click", "save", key="two") }}>Two</button></div>'
    )
    room = site.room(
        part,
        head='{{ script(busy="queue") }}',
        does={"save": {"wait": "go{n}", "html": part}},
    )
    room.visit(page)
    page.evaluate(
        """() => {
            window.targets = [];
            for (const name of ["handlerid:send", "handlerid:answer"])
                document.addEventListener(name, ({target}) => {
                    window.targets.push(target.dataset?.key);
                });
        }"""
    )
    one = page.get_by_role("button", name="One")
    two = page.get_by_role("button", name="Two")
    one.click()
    two.click()
    room.open("go1")
    room.runs(2)
    expect(one).to_have_text("One 1")
    expect(one).not_to_have_attribute("aria-busy", "true")
    expect(two).to_have_attribute("aria-busy", "true")
    room.open("go2")
    expect(one).to_have_text("One 2")
    expect(two).not_to_have_attribute("aria-busy", "true")
    assert page.evaluate("window.targets") == ["one", "one", "two", "two"]


@pytest.mark.parametrize("queue", [False, True])
def test_a_page_may_have_one_queue_for_all(page: Page, site: Site, queue: bool) -> None:
    room = site.room(
        SAVE.replace("MORE", "") + '<button {{ on("click") }}>Other</button>',
        head='{{ script(busy="queue") }}' if queue else "{{ script() }}",
        does={"save": {"wait": "go"}},
    )
    room.visit(page)
    page.get_by_role("button", name="Save").click()
    room.runs(1)
    page.get_by_role("button", name="Other").click()
    if queue:
        assert len(room.settled(page)) == 1
        room.open("go")
    assert [run.handler for run in room.runs(2)] == ["save", "note"]
    room.open("go")


def test_text_is_sent_when_the_user_pauses(page: Page, site: Site) -> None:
    room = site.room(FIELD.replace("MORE", ", debounce=300"))
    stop_the_clock(page, room)
    field = page.get_by_role("textbox")
    field.press("a")
    page.clock.run_for(250)
    field.press("b")
    page.clock.run_for(250)
    assert room.settled(page) == []
    page.clock.run_for(100)
    assert texts(room, 1) == ["ab"]


def test_text_is_sent_before_a_click_that_follows_it(page: Page, site: Site) -> None:
    room = site.room(
        FIELD.replace("MORE", ", debounce=300")
        + '<button {{ on("click") }}>OK</button>'
    )
    stop_the_clock(page, room)
    page.get_by_role("textbox").press_sequentially("abc")
    assert room.settled(page) == []
    page.get_by_role("button").click()
    sent = raised(page, "send", 2)
    assert sent[0]["payload"]["value"] == "abc"
    assert list(map(type, room.events(2))) == [InputEvent, ClickEvent]
    page.clock.run_for(1_000)
    assert len(room.settled(page)) == 2


def test_at_most_one_event_is_sent_in_a_while(page: Page, site: Site) -> None:
    room = site.room(FIELD.replace("MORE", ", throttle=1000"))
    stop_the_clock(page, room)
    field = page.get_by_role("textbox")
    field.press_sequentially("abcd")
    assert texts(room, 1) == ["a"]
    page.clock.run_for(900)
    room.settled(page)
    assert texts(room) == ["a"]
    page.clock.run_for(200)
    assert texts(room, 2) == ["a", "abcd"]
    page.clock.run_for(5_000)
    room.settled(page)
    assert texts(room) == ["a", "abcd"]
    field.press("e")
    assert texts(room, 3) == ["a", "abcd", "abcde"]


def test_an_answer_waits_while_the_mouse_is_pressed(page: Page, site: Site) -> None:
    part = (
        '<div id="part"><input {{ on("change", "save", key="field") }}>'
        '<button {{ on("click", "save", key="button") }}>{{ n }}</button></div>'
    )
    room = site.room(part, does={"save": {"html": part}})
    stop_the_clock(page, room)
    page.get_by_role("textbox").fill("a")
    page.get_by_role("button").hover()
    with page.expect_response("**/_handlerid/**"):
        page.mouse.down()
    assert [event.key for event in room.settled(page)] == ["field"]
    page.mouse.up()
    page.clock.run_for(200)
    assert [event.key for event in room.events(2)] == ["field", "button"]
    expect(page.get_by_role("button")).to_have_text("2")
