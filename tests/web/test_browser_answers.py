"""What the page becomes by an answer, and what of the user's it keeps."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.web.visit import Site, raised

GO = '<button {{ on("click", "go") }}>Go</button>'


def click(page: Page) -> None:
    """Click, and wait for the whole answer."""
    go = page.get_by_role("button", name="Go")
    go.click()
    expect(go).not_to_have_attribute("aria-busy", "true")


def test_elements_take_the_place_of_those_with_their_ids(
    page: Page, site: Site
) -> None:
    room = site.room(
        '<p id="a">old</p><p id="b">same</p><ul id="c"><li>old</ul>' + GO,
        does={
            "go": {"html": '<p id="a" class="x">{{ n }}</p>text<ul id="c"><li>new</ul>'}
        },
    )
    room.visit(page)
    page.evaluate("window.b = document.querySelector('#b')")
    click(page)
    expect(page.locator("#a")).to_have_text("1")
    expect(page.locator("#a")).to_have_class("x")
    expect(page.locator("#c li")).to_have_text(["new"])
    assert page.evaluate("document.querySelector('#b') === b")
    click(page)
    expect(page.locator("#a")).to_have_text("2")


def test_a_row_of_a_table_is_replaced(page: Page, site: Site) -> None:
    room = site.room(
        '<table><tr id="r"><td>old</table>' + GO,
        does={"go": {"html": '<tr id="r"><td>new'}},
    )
    room.visit(page)
    click(page)
    expect(page.locator("table tr#r td")).to_have_text("new")


def test_handlers_of_an_answer_work(page: Page, site: Site) -> None:
    row = '<p id="a"><button {{ on("click", "go", key=n|string) }}>Go</button></p>'
    room = site.room(row, does={"go": {"html": row}})
    room.visit(page)
    click(page)
    room.events(1)
    click(page)
    assert [event.key for event in room.events(2)] == ["0", "1"]


FORM = """<form id="form" {{ on("submit", "go") }}>
<label>Name <input id="name" name="name" value="{{ "server" if n else "" }}"></label>
<label>City <input id="city" name="city" value="{{ "server" if n else "" }}"></label>
<label>Text <textarea name="text">{{ "server" if n else "" }}</textarea></label>
<label>Tea <input type="checkbox" name="tea"></label>
<button>Send</button></form>"""


def test_a_focused_field_keeps_its_value_and_selection(page: Page, site: Site) -> None:
    keys = '<div {{ on("key_down", "go", keys="Escape") }}>FORM</div>'
    room = site.room(keys.replace("FORM", FORM), does={"go": {"html": FORM}})
    room.visit(page)
    name = page.get_by_label("Name")
    name.fill("hello")
    name.evaluate("field => field.setSelectionRange(1, 3, 'backward')")
    name.press("Escape")
    expect(page.get_by_label("City")).to_have_value("server")
    expect(name).to_be_focused()
    expect(name).to_have_value("hello")
    assert name.evaluate(
        "f => [f.selectionStart, f.selectionEnd, f.selectionDirection]"
    ) == [1, 3, "backward"]


@pytest.mark.parametrize("form", ['id="f"', 'name="f"', ""])
def test_a_part_of_a_form_is_replaced(page: Page, site: Site, form: str) -> None:
    part = (
        '<div id="part"><input name="a" {{ on("input", "go") }}>'
        '<input name="b" value="{{ n }}"></div>'
    )
    room = site.room(f"<form {form}>{part}</form>", does={"go": {"html": part}})
    room.visit(page)
    field = page.locator("[name=a]")
    field.press_sequentially("hi")
    expect(page.locator("[name=b]")).to_have_value("2")
    expect(field).to_have_value("hi")
    expect(field).to_be_focused()


def test_the_field_of_a_sent_message_may_be_emptied(page: Page, site: Site) -> None:
    form = FORM.replace('"server" if n', '"" if n')
    room = site.room(form, does={"go": {"html": form}})
    room.visit(page)
    name = page.get_by_label("Name")
    name.fill("hello")
    name.press("Enter")
    expect(name).to_have_value("")
    expect(name).to_be_focused()


def test_the_focus_of_an_element_without_an_id_is_kept(page: Page, site: Site) -> None:
    room = site.room(FORM, does={"go": {"html": FORM}})
    room.visit(page)
    page.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_have_value("server")
    expect(page.get_by_role("button", name="Send")).to_be_focused()


def test_fields_that_changed_meanwhile_keep_their_values(
    page: Page, site: Site
) -> None:
    room = site.room(FORM, does={"go": {"wait": "go", "html": FORM}})
    room.visit(page)
    page.get_by_role("button", name="Send").click()
    room.runs(1)
    page.get_by_label("Name").press_sequentially("typed")
    page.get_by_label("Tea").check()
    page.get_by_label("Text").press_sequentially("being typed")
    room.open("go")
    expect(page.get_by_label("City")).to_have_value("server")
    expect(page.get_by_label("Name")).to_have_value("typed")
    expect(page.get_by_label("Tea")).to_be_checked()
    expect(page.get_by_label("Text")).to_have_value("being typed")
    expect(page.get_by_label("Text")).to_be_focused()


def test_what_was_sent_gives_way_to_the_answer(page: Page, site: Site) -> None:
    room = site.room(FORM, does={"go": {"html": FORM}})
    room.visit(page)
    page.get_by_label("Name").fill("typed")
    page.get_by_label("Tea").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Name")).to_have_value("server")
    expect(page.get_by_label("Tea")).not_to_be_checked()


def test_scroll_positions_are_kept(page: Page, site: Site) -> None:
    box = (
        '<div id="box"><p>{{ n }}</p><div style="height: 100px; overflow: auto"'
        ' class="scrolled"><div style="height: 900px"></div></div></div>'
    )
    tall = '<div style="height: 2000px"></div>'
    room = site.room(GO + box + tall, does={"go": {"html": box}})
    room.visit(page)
    page.evaluate("document.querySelector('.scrolled').scrollTop = 250")
    page.evaluate("scrollTo(0, 40)")
    page.get_by_role("button").evaluate("button => button.click()")
    expect(page.locator("#box p")).to_have_text("1")
    assert page.evaluate("document.querySelector('.scrolled').scrollTop") == 250
    assert page.evaluate("scrollY") == 40


def test_an_answer_older_than_the_shown_one_is_dropped(page: Page, site: Site) -> None:
    room = site.room(
        '<p id="a">0</p><button {{ on("click", "go", key="1") }}>First</button>'
        '<button {{ on("click", "go", key="2") }}>Second</button>',
        does={"go": {"wait": "go{n}", "html": '<p id="a">{{ n }}</p>'}},
    )
    room.visit(page)
    first = page.get_by_role("button", name="First")
    second = page.get_by_role("button", name="Second")
    first.click()
    room.runs(1)
    second.click()
    room.runs(2)
    room.open("go2")
    expect(page.locator("#a")).to_have_text("2")
    room.open("go1")
    expect(first).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#a")).to_have_text("2")


def test_scripts_of_an_answer_never_run(page: Page, site: Site) -> None:
    room = site.room(
        '<p id="a">old</p><script id="s"></script><svg id="v"></svg>' + GO,
        does={
            "go": {
                "html": '<p id="a">new<script>window.ran = 1</script></p>'
                '<script id="s">window.ran = 2</script>'
                '<svg id="v"><script>window.ran = 3</script></svg>'
            }
        },
    )
    room.visit(page)
    click(page)
    expect(page.locator("#a")).to_contain_text("new")
    assert page.evaluate("window.ran") is None


def test_an_id_that_the_page_lacks_is_told(page: Page, site: Site) -> None:
    room = site.room(
        '<p id="a">old</p>' + GO,
        does={"go": {"html": '<p id="gone">x</p><p id="a">new</p>'}},
    )
    room.visit(page)
    click(page)
    assert raised(page, "missing") == [{"id": "gone"}]
    expect(page.locator("#a")).to_have_text("new")


STEPS = [{"html": '<p id="a">1 of 2</p>'}, {"wait": "go"}, {"json": {"done": 1}}]


def test_steps_are_shown_as_they_arrive(page: Page, site: Site) -> None:
    last = {"html": '<p id="a">2 of 2</p>\n<p id="b">done</p>'}
    room = site.room(
        '<p id="a">0</p><p id="b"></p>' + GO, does={"go": {"steps": [*STEPS, last]}}
    )
    room.visit(page)
    go = page.get_by_role("button")
    go.click()
    expect(page.locator("#a")).to_have_text("1 of 2")
    expect(go).to_have_attribute("aria-busy", "true")
    room.open("go")
    expect(page.locator("#a")).to_have_text("2 of 2")
    expect(page.locator("#b")).to_have_text("done")
    expect(go).not_to_have_attribute("aria-busy", "true")
    answers = [answer["data"] for answer in raised(page, "answer", 3)]
    assert answers[1] == {"done": 1}
    assert page.evaluate("raised.filter(one => one.name === 'failed')") == []
    expect(page.get_by_role("status")).to_be_empty()


def test_a_step_is_shown_although_a_newer_answer_was(page: Page, site: Site) -> None:
    room = site.room(
        '<div id="all"><p id="a">0</p><p id="b">0</p></div>'
        + GO
        + '<button {{ on("click", "other") }}>Other</button>',
        does={
            "go": {"steps": [*STEPS, {"html": '<p id="a">2 of 2</p>'}]},
            "other": {"html": '<div id="all"><p id="a">1</p><p id="b">new</p></div>'},
        },
    )
    room.visit(page)
    page.get_by_role("button", name="Go").click()
    expect(page.locator("#a")).to_have_text("1 of 2")
    page.get_by_role("button", name="Other").click()
    expect(page.locator("#b")).to_have_text("new")
    room.open("go")
    expect(page.locator("#a")).to_have_text("2 of 2")
    expect(page.locator("#b")).to_have_text("new")


@pytest.mark.parametrize("last", [{"cut": True}, {"json": 2, "unfinished": True}])
def test_a_stream_without_its_end_is_told(
    page: Page, site: Site, last: dict[str, object], complaints: list[str]
) -> None:
    room = site.room('<p id="a">0</p>' + GO, does={"go": {"steps": [*STEPS, last]}})
    room.visit(page)
    go = page.get_by_role("button")
    go.click()
    expect(page.locator("#a")).to_have_text("1 of 2")
    assert page.evaluate("raised.filter(one => one.name === 'failed')") == []
    room.open("go")
    expect(page.get_by_role("status")).not_to_be_empty()
    expect(go).not_to_have_attribute("aria-busy", "true")
    assert raised(page, "failed") == [{"status": 0}]
    complaints.clear()


def test_a_refused_step_is_told(page: Page, site: Site) -> None:
    steps = [{"html": '<p id="a">1 of 2</p>'}, {"fail": True}]
    room = site.room('<p id="a">0</p>' + GO, does={"go": {"steps": steps}})
    room.visit(page)
    click(page)
    expect(page.locator("#a")).to_have_text("1 of 2")
    expect(page.get_by_role("status")).to_have_text("This action failed on the server.")
    (refusal,) = raised(page, "refused")
    assert refusal["error"] == "HandlerFailed"
    assert page.evaluate("raised.filter(one => one.name === 'failed')") == []


def test_json_is_for_the_pages_own_code(page: Page, site: Site) -> None:
    room = site.room(
        f'<div id="around">{GO}</div>', does={"go": {"json": {"price": [1, None]}}}
    )
    room.visit(page)
    page.evaluate(
        """document.querySelector("#around").addEventListener("handlerid:answer",
            (event) => { window.price = event.detail.data.price[0]; });"""
    )
    click(page)
    (answer,) = raised(page, "answer")
    assert answer == {"type": "json", "data": {"price": [1, None]}}
    assert page.evaluate("window.price") == 1


def test_nothing_is_an_answer(page: Page, site: Site) -> None:
    room = site.room(GO, does={"go": {}})
    room.visit(page)
    click(page)
    room.runs(1)
    assert page.evaluate("raised.filter(one => one.name === 'failed')") == []
    expect(page.get_by_role("status")).to_be_empty()


def test_a_redirect_is_followed(page: Page, site: Site) -> None:
    room = site.room(
        '<p id="a">{{ path }}</p>' + GO, does={"go": {"redirect": "/elsewhere"}}
    )
    room.visit(page)
    page.get_by_role("button").click()
    expect(page.locator("#a")).to_have_text("/elsewhere")
    assert page.url == f"{room.url}elsewhere"


def test_an_unreachable_server_is_told(
    page: Page, context: BrowserContext, site: Site, complaints: list[str]
) -> None:
    room = site.room(
        '<p id="a">0</p>' + GO, does={"go": {"html": '<p id="a">{{ n }}</p>'}}
    )
    room.visit(page)
    context.set_offline(True)
    click(page)
    assert raised(page, "failed") == [{"status": 0}]
    expect(page.get_by_role("status")).not_to_be_empty()
    context.set_offline(False)
    click(page)
    expect(page.locator("#a")).to_have_text("1")
    expect(page.get_by_role("status")).to_be_empty()
    assert len(room.pages()) == len(room.posts()) == 1
    complaints.clear()


def test_the_page_may_add_headers_and_keep_an_event_back(
    page: Page, site: Site
) -> None:
    room = site.room(GO + '<button {{ on("click", key="kept") }}>Kept</button>')
    room.visit(page)
    page.evaluate(
        """document.addEventListener("handlerid:send", (event) => {
            event.detail.headers["X-Token"] = "t";
            if (event.detail.payload.key === "kept") event.preventDefault();
        })"""
    )
    page.get_by_role("button", name="Kept").click()
    click(page)
    (post,) = room.posts(1)
    assert post.headers["x-token"] == "t"
    assert post.headers["handlerid-wire"] == "1"
    assert post.headers["handlerid-release"] == "r1"
    assert post.path == "r1"
    expect(page.get_by_text("Kept")).not_to_have_attribute("aria-busy", "true")
