"""Which element takes the place of which, and what the user typed into it."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from handlerid import ClickEvent
from tests.web.visit import Room, Site, forgive

GO = '<button {{ on("click", "go") }}>Go</button>'


def open_room(page: Page, site: Site, part: str, more: str = GO) -> Room:
    """Open a page whose button answers with the same part of it."""
    room = site.room(part + more, does={"go": {"html": part}})
    room.visit(page)
    return room


def go(page: Page) -> None:
    """Click without taking the focus, and wait for the whole answer."""
    button = page.get_by_role("button", name="Go", include_hidden=True)
    button.evaluate("button => button.click()")
    expect(button).not_to_have_attribute("aria-busy", "true")


def reference(captured: str, event: str = "submit") -> str:
    """The attribute of a handler that captured something; nothing answers it."""
    place, code = "a" * 13, "a" * 20
    return f'data-h-{event}="h1-{place}-{code}-{captured}.{event}"'


ROW = f"""<form {reference("{{ row }}")}>
<input name="amount" aria-label="{{{{ row }}}}"><button>Save</button></form>"""
ROWS = f"""<div id="rows">{{% if n %}}{{% set row = "new" %}}{ROW}{{% endif %}}
{{% for row in ["tea", "milk"] %}}{ROW}{{% endfor %}}</div>"""


@pytest.mark.parametrize("focused", [True, False])
def test_text_never_goes_to_another_row(page: Page, site: Site, focused: bool) -> None:
    open_room(page, site, ROWS)
    tea = page.get_by_label("tea")
    tea.press_sequentially("77")
    if not focused:
        page.get_by_label("milk").focus()
    go(page)
    expect(page.get_by_label("new")).to_have_value("")
    expect(tea).to_have_value("77")
    expect(page.get_by_label("milk")).to_have_value("")
    expect(tea if focused else page.get_by_label("milk")).to_be_focused()


@pytest.mark.parametrize("more", ["", 'id="amount"'])
@pytest.mark.parametrize("focused", [True, False])
def test_text_does_not_stay_in_a_form_that_shows_another_row(
    page: Page, site: Site, more: str, focused: bool
) -> None:
    form = f"""<form id="form" {reference("{{ n }}")}>
    <input name="amount" aria-label="Amount" {more}></form>"""
    open_room(page, site, form)
    amount = page.get_by_label("Amount")
    amount.press_sequentially("77")
    if not focused:
        page.get_by_role("button").focus()
    go(page)
    # What has an id is the same field for as long as the user is in it.
    kept = focused and bool(more)
    expect(amount).to_have_value("77" if kept else "")
    assert amount.evaluate("e => e === document.activeElement") is kept


FORM = """<form id="form" {{ on("submit", "save") }}>
<label>Text <input name="text"></label>
<label>Long <textarea name="long">default</textarea></label>
<label>Tea <input type="checkbox" name="tea"></label>
<label>Milk <input type="checkbox" name="milk" checked></label>
<label>Small <input type="radio" name="size" value="s" checked></label>
<label>Large <input type="radio" name="size" value="l"></label>
<label>Choice <select name="choice"><option>a<option>b</select></label>
<label>File <input type="file" name="file"></label>
<label>New <input name="new" value="{{ n }}"></label>
<button>Send</button></form>"""


def fill(page: Page) -> None:
    page.get_by_label("Text").fill("half a sen")
    page.get_by_label("Long").fill("two\nlines")
    page.get_by_label("Tea").check()
    page.get_by_label("Milk").uncheck()
    page.get_by_label("Large").check()
    page.get_by_label("Choice").select_option("b")
    page.get_by_label("New").fill("typed")
    page.get_by_label("File").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
    )


def test_what_the_user_typed_is_kept_when_another_event_is_answered(
    page: Page, site: Site
) -> None:
    open_room(page, site, FORM)
    fill(page)
    button = page.get_by_role("button", name="Go")
    for _ in range(2):
        button.click()
        expect(button).not_to_have_attribute("aria-busy", "true")
        expect(page.get_by_label("Text")).to_have_value("half a sen")
        expect(page.get_by_label("Long")).to_have_value("two\nlines")
        expect(page.get_by_label("Tea")).to_be_checked()
        expect(page.get_by_label("Milk")).not_to_be_checked()
        expect(page.get_by_label("Large")).to_be_checked()
        expect(page.get_by_label("Small")).not_to_be_checked()
        expect(page.get_by_label("Choice")).to_have_value("b")
        expect(page.get_by_label("File")).to_have_value("C:\\fakepath\\a.txt")
    # The server gives it another value.
    expect(page.get_by_label("New")).to_have_value("2")


def test_what_was_sent_is_not_kept(page: Page, site: Site) -> None:
    part = FORM.replace("Text <input", 'Text <input {{ on("change", "save") }}')
    room = site.room(part, does={"save": {"html": part}})
    room.visit(page)
    text, tea = page.get_by_label("Text"), page.get_by_label("Tea")
    large, small = page.get_by_label("Large"), page.get_by_label("Small")
    tea.check()
    large.check()
    text.fill("typed")
    text.press("Tab")
    expect(page.get_by_label("New")).to_have_value("1")
    expect(text).to_have_value("")
    expect(tea).to_be_checked()
    expect(large).to_be_checked()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("New")).to_have_value("2")
    expect(tea).not_to_be_checked()
    expect(small).to_be_checked()


def test_a_file_that_was_uploaded_is_not_kept(page: Page, site: Site) -> None:
    part = '<p id="part">{{ n }}<input type="file" {{ on("upload", "save") }}></p>'
    room = site.room(part, does={"save": {"html": part}})
    room.visit(page)
    page.locator("input").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
    )
    expect(page.locator("#part")).to_contain_text("1")
    expect(page.locator("input")).to_have_value("")


def test_an_element_that_is_edited_stays_as_it_is(page: Page, site: Site) -> None:
    part = '<div id="part">{{ n }}<p contenteditable role="textbox">a</p></div>'
    open_room(page, site, part)
    text = page.get_by_role("textbox")
    text.press_sequentially("b")
    go(page)
    expect(page.locator("#part")).to_contain_text("1")
    expect(text).to_have_text("ba")
    expect(text).to_be_focused()
    expect(text).not_to_have_attribute("tabindex", "-1")


LIST = """<ul id="list">{% for row in ["a", "b", "c"] if n == 0 or row != "b" %}
<li><button {{ on("click", "go", key=row) }} data-h-blur="{{ reference("blur") }}">
{{ row }}</button>{% endfor %}</ul>"""


def test_the_focus_goes_to_a_neighbour_of_what_is_gone(page: Page, site: Site) -> None:
    room = open_room(page, site, LIST, more='<p style="height: 2000px"></p>')
    page.get_by_role("button", name="b").focus()
    page.evaluate("scrollTo(0, 500)")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("listitem").nth(1)).to_be_focused()
    # The user has done nothing else.
    assert page.evaluate("scrollY") > 400
    assert [type(event) for event in room.settled(page)] == [ClickEvent]
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="c")).to_be_focused()


SCROLLED = f"""<div id="part">{{{{ n }}}}
{{% for row in ["a", "b", "c"] if row != "b" or n == 0 %}}
<p {reference("{{ row }}", "focus")} style="height: 30px; overflow: auto">{{{{ row }}}}
<b style="display: block; height: 99px"></b></p>{{% endfor %}}</div>"""


def test_a_row_is_scrolled_as_it_was_not_as_the_one_that_is_gone(
    page: Page, site: Site
) -> None:
    open_room(page, site, SCROLLED)
    gone, row = (page.locator("p", has_text=name) for name in ("b", "c"))
    gone.evaluate("row => { row.scrollTop = 50; }")
    row.evaluate("row => { row.scrollTop = 20; }")
    page.evaluate("new Promise(requestAnimationFrame)")
    go(page)
    expect(page.locator("#part")).to_contain_text("1")
    assert row.evaluate("row => row.scrollTop") == 20


def test_an_element_is_loaded_once_although_its_handler_captured_something_else(
    page: Page, site: Site, complaints: list[str]
) -> None:
    loaded = f"<p {reference('{{ n }}', 'load')}></p>"
    part = f'<div id="part">{{{{ n }}}}{loaded}{loaded}</div>'
    room = open_room(page, site, part)
    room.posts(2)
    go(page)
    expect(page.locator("#part")).to_contain_text("1")
    room.settled(page)
    assert len(room.posts()) == 3  # two that were loaded, and the click
    forgive(complaints, 403)


OPENED = """<div id="part">{{ n }}
<details><summary>More</summary><p>Text</p></details>
<dialog><label>Name <input></label><button>OK</button></dialog></div>"""


def test_what_was_opened_stays_open(page: Page, site: Site) -> None:
    open_room(page, site, OPENED)
    page.get_by_text("More").click()
    go(page)
    expect(page.locator("#part")).to_contain_text("1")
    expect(page.get_by_text("Text")).to_be_visible()
    page.evaluate("document.querySelector('dialog').showModal()")
    name = page.get_by_label("Name")
    name.press_sequentially("Ada")
    go(page)
    expect(page.locator("#part")).to_contain_text("2")
    expect(name).to_be_focused()
    expect(name).to_have_value("Ada")
    assert page.evaluate("document.querySelectorAll('dialog:modal').length") == 1


def test_many_elements_are_laid_out_once(
    page: Page, context: BrowserContext, site: Site
) -> None:
    rows = """{% for row in range(300) %}<p id="r{{ row }}">{{ n }}
    <b style="overflow: auto"><input name="a"><button>x</button></b></p>{% endfor %}"""
    open_room(page, site, rows)
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def layouts() -> int:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        (count,) = (one["value"] for one in metrics if one["name"] == "LayoutCount")
        return int(count)

    before = layouts()
    go(page)
    expect(page.locator("#r299")).to_contain_text("1")
    assert layouts() - before < 100


def hidden_points(element: Locator) -> list[list[float]]:
    """Return which corners, and whether the middle, lie below something else."""
    points: list[list[float]] = element.evaluate(
        """element => {
            const {left, top, right, bottom} = element.getBoundingClientRect();
            const points = [
                [left + 1, top + 1], [right - 1, top + 1], [left + 1, bottom - 1],
                [right - 1, bottom - 1], [(left + right) / 2, (top + bottom) / 2],
            ];
            return points.filter(at => document.elementFromPoint(...at) !== element);
        }"""
    )
    return points


@pytest.mark.parametrize("width", [360, 1280])
def test_the_notice_is_readable_above_the_page(
    page: Page, site: Site, complaints: list[str], width: int
) -> None:
    text = '<p style="position: relative; z-index: 99">Text</p>' * 99
    room = site.room(GO + text, does={"go": {"fail": True}})
    page.set_viewport_size({"width": width, "height": 600})
    room.visit(page)
    notice = page.locator("[data-handlerid-notice]")
    assert notice.evaluate("e => e.offsetHeight") == 0
    page.get_by_role("button").click()
    expect(notice).to_have_text("This action failed on the server.")
    expect(page.get_by_role("button")).to_be_focused()
    page.evaluate("scrollTo(0, 500)")
    box = notice.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == 600
    assert hidden_points(notice) == []
    colors = notice.evaluate(
        "e => (s => [s.color, s.backgroundColor])(getComputedStyle(e))"
    )
    assert colors == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    forgive(complaints, 500)
