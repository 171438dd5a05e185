"""Refusals: what is told, what is sent once more, and what loads the page again."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.web.visit import Room, Site, forgive, raised

SAVE = '<button {{ on("click", "save") }}>Save {{ release }}</button>'
UPDATED = "updated"
NOON = 43_200  # seconds; timers go on while a page has this time


def click(page: Page) -> None:
    """Click, and wait for the whole answer; the page may be another one then."""
    save = page.get_by_role("button")
    save.click()
    expect(save).not_to_have_attribute("aria-busy", "true")


def expect_told(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(text)


# Refusals that are not stale.


@pytest.mark.parametrize("status", [403, 409, 410, 502])
def test_a_proxys_answer_never_loads_the_page_again(
    page: Page, site: Site, complaints: list[str], status: int
) -> None:
    room = site.room(SAVE)
    room.visit(page)
    body = '<h1>Bad</h1><button id="x">{"reload": true}</button>'
    room.answer_instead(status, body)
    click(page)
    assert raised(page, "failed") == [{"status": status}]
    expect(page.get_by_role("status")).not_to_be_empty()
    assert room.settled(page) == []
    assert room.pages() == ["r1"]
    forgive(complaints, status)


REFUSAL = {
    "type": "urn:handlerid:error:stale-handler",
    "title": "Do not reload.",
    "status": 409,
    "error": "StaleHandler",
    "reload": False,
}


def test_a_refusal_without_reload_is_told(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = site.room(SAVE)
    room.visit(page)
    problem = json.dumps(REFUSAL)
    room.answer_instead(409, problem, "application/problem+json; charset=utf-8")
    click(page)
    expect_told(page, "Do not reload.")
    assert raised(page, "refused") == [REFUSAL]
    assert (len(room.posts()), room.pages()) == (1, ["r1"])
    forgive(complaints, 409)


def test_the_page_may_tell_a_refusal_itself(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = site.room(SAVE)
    room.visit(page)
    page.evaluate(
        "addEventListener('handlerid:refused', (event) => event.preventDefault())"
    )
    room.answer_instead(409, json.dumps(REFUSAL), "application/problem+json")
    click(page)
    assert raised(page, "refused") == [REFUSAL]
    expect(page.get_by_role("status")).to_be_empty()
    forgive(complaints, 409)


def test_json_of_another_media_type_is_no_refusal(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = site.room(SAVE)
    room.visit(page)
    body = json.dumps({**REFUSAL, "reload": True})
    room.answer_instead(409, body, "application/json")
    click(page)
    assert raised(page, "failed") == [{"status": 409}]
    assert (len(room.posts()), room.pages()) == (1, ["r1"])
    forgive(complaints, 409)


def test_a_failed_handler_is_told_and_the_page_goes_on(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = site.room(
        '<p id="a"></p><button {{ on("click", "ok") }}>OK</button>'
        '<b role="button" {{ on("click", "save") }}>Save</b>',
        does={"save": {"fail": True}, "ok": {"html": '<p id="a">fine</p>'}},
    )
    room.visit(page)
    page.get_by_role("button", name="Save").click()
    expect_told(page, "This action failed on the server.")
    page.get_by_role("button", name="OK").click()
    expect(page.locator("#a")).to_have_text("fine")
    expect(page.get_by_role("status")).to_be_empty()
    assert room.pages() == ["r1"]
    forgive(complaints, 500)


# Stale pages.


def stale_room(site: Site, body: str = SAVE, **more: object) -> Room:
    """A room whose page is of r1, and whose events r2 answers from the start."""
    settings = {"edited": ("save",), "serve": ("r1",), "events": ("r2",), **more}
    return site.room(body, **settings)  # type: ignore[arg-type]


def test_a_stale_event_is_sent_once_more_and_meets_its_release(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site, events=("r2", "r1"))
    room.visit(page)
    click(page)
    assert [run.edition for run in room.runs(1)] == ["r1"]
    room.settled(page)
    assert [post.release for post in room.posts()] == ["r2", "r1"]
    assert room.posts()[0].body == room.posts()[1].body
    assert room.pages() == ["r1"]
    expect(page.get_by_role("status")).to_be_empty()
    forgive(complaints, 409)


def test_a_stale_page_is_loaded_again_and_the_click_is_found(
    page: Page, site: Site, complaints: list[str]
) -> None:
    body = SAVE + '<button {{ on("click", "other") }}>Other</button>'
    room = stale_room(site, body, edited=("save", "other"))
    room.visit(page)
    room.serve("r2")
    page.get_by_role("button", name="Save").click()
    save = page.get_by_role("button", name="Save r2")
    expect(save).to_be_focused()
    expect_told(page, UPDATED)
    room.settled(page)
    assert [post.release for post in room.posts()] == ["r2", "r2"]
    assert (room.runs(), room.pages()) == ([], ["r1", "r2"])
    page.keyboard.press("Enter")
    assert [run.edition for run in room.runs(1)] == ["r2"]
    forgive(complaints, 409)


ROWS = """<ul>{% for row in "abc" %}
<li><button {{ on("click", "save", key=row, stale="resend") }}>{{ row }}</button>
{% endfor %}</ul>"""


def test_the_lost_click_is_made_again_where_the_page_allows_it(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site, ROWS, does={"save": {"html": ""}})
    room.visit(page)
    room.serve("r2")
    page.get_by_role("button", name="b").click()
    (run,) = room.runs(1)
    assert (run.event.key, run.edition) == ("b", "r2")
    expect(page.get_by_role("button", name="b")).to_be_focused()
    assert len(room.settled(page)) == 1
    assert room.pages() == ["r1", "r2"]
    forgive(complaints, 409)


def test_a_lost_click_that_two_elements_match_is_not_made_again(
    page: Page, site: Site, complaints: list[str]
) -> None:
    row = '<button {{ on("click", "save", key="a", stale="resend") }}>a</button>'
    room = stale_room(site, row + '{% if release == "r2" %}' + row + "{% endif %}")
    room.visit(page)
    room.serve("r2")
    page.get_by_role("button").click()
    room.pages(2)
    expect_told(page, UPDATED)
    expect(page.get_by_role("button")).to_have_count(2)
    assert room.settled(page) == []
    forgive(complaints, 409)


def test_the_element_of_another_key_is_not_the_lost_one(
    page: Page, site: Site, complaints: list[str]
) -> None:
    key = '{{ on("click", "save", key="at " + release, stale="resend") }}'
    room = stale_room(site, f"<button {key}>Save</button>")
    room.visit(page)
    room.serve("r2")
    page.get_by_role("button").click()
    room.pages(2)
    expect_told(page, UPDATED)
    expect(page.get_by_role("button")).not_to_be_focused()
    assert room.settled(page) == []
    forgive(complaints, 409)


def test_a_handler_that_is_gone_loads_the_page_again(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site, '{% if release == "r1" %}' + SAVE + "{% endif %}Text")
    room.visit(page)
    room.serve("r2")
    page.get_by_role("button").click()
    expect(page.get_by_role("button")).to_have_count(0)
    expect_told(page, UPDATED)
    assert room.pages() == ["r1", "r2"]
    forgive(complaints, 410)


def test_without_names_of_releases_the_page_is_loaded_again_at_once(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site, serve=("",), events=("r2",))
    room.visit(page)
    room.serve("r2")
    page.get_by_role("button").click()
    expect(page.get_by_role("button", name="Save r2")).to_be_focused()
    assert len(room.posts()) == 1
    assert room.pages() == ["", "r2"]
    forgive(complaints, 409)


def test_a_page_that_stays_stale_is_loaded_again_once(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site)
    room.visit(page)
    click(page)
    assert room.pages(2) == ["r1", "r1"]
    expect_told(page, UPDATED)
    for _ in range(3):
        click(page)
    raised(page, "refused", 3)
    expect(page.get_by_role("status")).not_to_be_empty()
    assert room.pages() == ["r1", "r1"]
    assert room.runs() == []
    forgive(complaints, 409)


def test_a_page_is_loaded_again_twice_a_minute_at_most(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site)
    page.clock.set_fixed_time(NOON)
    room.visit(page)
    for loads, release in ((2, "r2"), (3, "r3")):
        room.serve("r1", events=(release,))
        click(page)
        room.pages(loads)
        expect_told(page, UPDATED)
    for refusals, release in ((1, "r4"), (2, "r5")):
        room.serve("r1", events=(release,))
        click(page)
        raised(page, "refused", refusals)
        expect_told(page, "out of date")
    page.clock.set_fixed_time(NOON + 61)
    assert len(room.pages()) == 3
    room.serve("r1", events=("r6",))
    click(page)
    assert len(room.pages(4)) == 4
    expect_told(page, UPDATED)
    forgive(complaints, 409)


def test_without_session_storage_the_page_never_loads_itself(
    page: Page, site: Site, complaints: list[str]
) -> None:
    page.add_init_script(
        """Object.defineProperty(window, "sessionStorage", {
            get() { throw new DOMException("no", "SecurityError"); }});"""
    )
    room = stale_room(site)
    room.visit(page)
    click(page)
    expect(page.get_by_role("status")).not_to_be_empty()
    assert len(raised(page, "refused")) == 1
    assert len(room.posts()) == 2
    assert room.pages() == ["r1"]
    room.serve("r1")
    click(page)
    assert len(room.runs(1)) == 1
    forgive(complaints, 409)


PASSIVE = """<body {{ on("resize", "save", key="size") }}>
<p {{ on("load", "save", key="load") }}></p>
<div style="height: 99px; overflow: auto" {{ on("scroll", "save", key="scroll") }}>
  <div style="height: 999px"></div></div>
<input {{ on("input", "save", key="late", debounce=1) }}>
</body>"""


def test_what_is_no_act_of_the_user_never_loads_the_page_again(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site, PASSIVE)
    room.visit(page)
    page.set_viewport_size({"width": 500, "height": 500})
    page.evaluate("document.querySelector('div').scrollTop = 50")
    page.get_by_role("textbox").press("a")
    sent: list[str] = []
    while set(sent) != {"size", "load", "scroll", "late"}:
        posts = room.posts(len(sent) + 1)
        sent = [json.loads(post.body)["key"] for post in posts]
    expect(page.locator("[aria-busy]")).to_have_count(0)
    assert len(raised(page, "refused", 4)) * 2 == len(room.posts())
    assert room.pages() == ["r1"]
    forgive(complaints, 409)


def test_behind_a_round_robin_a_page_is_loaded_again_once_at_most(
    page: Page, site: Site, complaints: list[str]
) -> None:
    body = SAVE + '<p {{ on("load", "save") }}></p><p {{ on("load", "other") }}></p>'
    room = stale_room(
        site, body, edited=("save", "other"), serve=("r1", "r2"), events=None
    )
    room.visit(page)
    for _ in range(12):
        click(page)
    assert len(room.pages()) <= 2
    assert len(room.settled(page)) >= 10
    forgive(complaints, 409)


def test_a_newer_release_is_told_to_the_page(page: Page, site: Site) -> None:
    room = stale_room(site, edited=())
    room.visit(page)
    click(page)
    assert raised(page, "newer")[0] == {"release": "r2"}
    assert len(room.runs(1)) == 1
    assert room.pages() == ["r1"]
