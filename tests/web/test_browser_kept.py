"""What the user typed, over a reload that the user did not ask for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from handlerid import SubmitEvent
from tests.web.visit import Room, Site, forgive, raised

STALE = '<button {{ on("click", "save") }}>Save {{ release }}</button>'
# Another address of the form in each release: otherwise the browser itself restores
# fields of a page that it loads again.
FORM = """<form name="order" action="/{{ release }}">
<label>Text <input name="text" value="default"></label>
<label>Untouched <input name="untouched" value="{{ release }}"></label>
<label>Long <textarea name="long"></textarea></label>
<label>Choice <select name="choice"><option>a<option>b<option>c</select></label>
<label>Several <select name="several" multiple><option>x<option>y<option>z</select>
</label>
<label>Tea <input type="checkbox" name="tea"></label>
<label>Milk <input type="checkbox" name="milk" checked></label>
<label>Small <input type="radio" name="size" value="s" checked></label>
<label>Large <input type="radio" name="size" value="l"></label>
<label>Date <input type="date" name="day"></label>
</form>"""


# What the client wrote for the page that comes is written into another storage, too.
WATCHED = """addEventListener("pagehide", () => {
    localStorage.setItem("stored", JSON.stringify({...sessionStorage}));
});"""


def stored(page: Page) -> str:
    """Return what the client had stored when it loaded the page again."""
    text: str = page.evaluate("localStorage.getItem('stored')")
    return text


def stale_room(site: Site, form: str) -> Room:
    return site.room(STALE + form, edited=("save",), serve=("r1",), events=("r2",))


def load_again(page: Page, room: Room) -> None:
    """Click what is stale, and wait for the page of the next release."""
    room.serve("r2")
    page.get_by_role("button", name="Save r1").click()
    expect(page.get_by_role("button", name="Save r2")).to_be_visible()
    expect(page.get_by_role("status")).not_to_be_empty()
    assert room.pages() == ["r1", "r2"]


def test_a_half_filled_form_is_as_it_was(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site, FORM)
    room.visit(page)
    page.get_by_label("Text").fill("half a sen")
    page.get_by_label("Long").fill("two\nlines")
    page.get_by_label("Choice").select_option("c")
    page.get_by_label("Several").select_option(["x", "z"])
    page.get_by_label("Tea").check()
    page.get_by_label("Milk").uncheck()
    page.get_by_label("Large").check()
    page.get_by_label("Date").fill("2024-02-29")
    load_again(page, room)
    expect(page.get_by_label("Text")).to_have_value("half a sen")
    expect(page.get_by_label("Long")).to_have_value("two\nlines")
    expect(page.get_by_label("Choice")).to_have_value("c")
    expect(page.get_by_label("Several")).to_have_values(["x", "z"])
    expect(page.get_by_label("Tea")).to_be_checked()
    expect(page.get_by_label("Milk")).not_to_be_checked()
    expect(page.get_by_label("Large")).to_be_checked()
    expect(page.get_by_label("Date")).to_have_value("2024-02-29")
    expect(page.get_by_label("Untouched")).to_have_value("r2")
    assert page.evaluate("raised.filter(one => one.name === 'conflict')") == []
    left = page.evaluate("JSON.stringify(Object.values(sessionStorage))")
    assert "half" not in left
    forgive(complaints, 409)


SECRET = "s3cret"
NEVER = [
    'type="password"',
    'type="hidden"',
    'autocomplete="off"',
    'autocomplete="one-time-code"',
    'autocomplete="cc-number"',
    'autocomplete="section-a billing cc-csc"',
    'autocomplete="current-password"',
    'autocomplete="new-password"',
]


def test_secrets_are_never_kept(page: Page, site: Site, complaints: list[str]) -> None:
    page.add_init_script(WATCHED)
    fields = "".join(f'<input name="f{n}" {more}>' for n, more in enumerate(NEVER))
    off = f'<form autocomplete="off" name="f"><input name="in_off"></form>{fields}'
    other = '<label>Known<input name="known" class="known"></label>'
    room = stale_room(
        site, f'<form name="o" action="/{{{{ release }}}}">{other}</form>{off}'
    )
    room.visit(page)
    page.evaluate(
        """secret => {
            for (const field of document.querySelectorAll("input")) {
                if (field.className === "known") continue;
                field.value = secret;
                field.dispatchEvent(new InputEvent("input", {bubbles: true}));
            }
        }""",
        SECRET,
    )
    page.get_by_label("Known").fill("not a secret")
    load_again(page, room)
    expect(page.get_by_label("Known")).to_have_value("not a secret")
    assert "not a secret" in stored(page)
    assert SECRET not in stored(page)
    forgive(complaints, 409)


def test_a_file_is_never_kept(page: Page, site: Site, complaints: list[str]) -> None:
    page.add_init_script(WATCHED)
    room = stale_room(site, '<form name="o"><input type="file" name="file"></form>')
    room.visit(page)
    page.locator("input").set_input_files(
        {"name": "s3cret.txt", "mimeType": "text/plain", "buffer": b"s3cret"}
    )
    load_again(page, room)
    expect(page.locator("input")).to_have_value("")
    assert SECRET not in stored(page)
    forgive(complaints, 409)


TEXT = '<form action="/{{ release }}"><input name="text" MORE></form>'


def test_another_user_of_the_tab_gets_nothing(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = stale_room(site, TEXT + "<p>{{ user }}</p>")
    page.goto(f"{room.url}login/ada")
    page.get_by_role("textbox").fill("dear diary")
    other = page.context.new_page()
    other.goto(f"{room.url}login/eve")
    room.serve("r2")
    page.get_by_role("button").click()
    expect(page.locator("p")).to_have_text("eve")
    expect(page.get_by_role("status")).not_to_be_empty()
    expect(page.get_by_role("textbox")).to_have_value("")
    left = page.evaluate("JSON.stringify(Object.values(sessionStorage))")
    assert "diary" not in left
    assert room.runs() == []
    forgive(complaints, 403)


@pytest.mark.parametrize(("seconds", "kept"), [(290, True), (310, False)])
def test_text_is_kept_for_five_minutes(
    page: Page, site: Site, complaints: list[str], seconds: int, kept: bool
) -> None:
    # The page of r2 has no client, as if it did not load: the text waits.
    room = site.room(
        STALE + TEXT,
        head='{% if release != "r2" %}{{ script() }}{% endif %}',
        edited=("save",),
        serve=("r1",),
        events=("r2",),
    )
    page.clock.set_fixed_time(43_200)
    room.visit(page)
    page.get_by_role("textbox").fill("typed")
    room.serve("r2")
    page.get_by_role("button").click()
    expect(page.get_by_role("button", name="Save r2")).to_be_visible()
    page.clock.set_fixed_time(43_200 + seconds)
    room.serve("r3")
    room.visit(page)
    expect(page.get_by_role("status")).to_have_text(
        "This page was updated." if kept else ""
    )
    expect(page.get_by_role("textbox")).to_have_value("typed" if kept else "")
    left = page.evaluate("JSON.stringify(Object.values(sessionStorage))")
    assert "typed" not in left
    forgive(complaints, 409)


@pytest.mark.parametrize(
    "changed",
    ["value='{{ release }}'", "{% if release == 'r2' %}type='number'{% endif %}"],
    ids=["default", "type"],
)
def test_a_field_that_became_another_is_a_conflict(
    page: Page, site: Site, complaints: list[str], changed: str
) -> None:
    room = stale_room(site, TEXT.replace("MORE", changed))
    room.visit(page)
    page.locator("input").fill("12")
    load_again(page, room)
    assert raised(page, "conflict") == [{"name": "text", "value": "12"}]
    expect(page.locator("input")).to_have_value("r2" if "value" in changed else "")
    forgive(complaints, 409)


def test_a_lost_form_is_submitted_again_with_what_was_typed(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = site.room(
        '<form action="/{{ release }}" {{ on("submit", "save", stale="resend") }}>'
        '<input name="text"><button>Send {{ release }}</button></form>',
        edited=("save",),
        serve=("r1",),
        events=("r2",),
    )
    room.visit(page)
    room.serve("r2")
    page.get_by_role("textbox").fill("typed")
    page.get_by_role("textbox").press("Enter")
    (run,) = room.runs(1)
    assert run.event == SubmitEvent(fields={"text": ["typed"]})
    assert run.edition == "r2"
    expect(page.get_by_role("button", name="Send r2")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value("typed")
    assert len(room.settled(page)) == 1
    forgive(complaints, 409)


FORMS = {
    "id": '<form id="NAME">FIELD</form>',
    "name": '<form name="NAME">FIELD</form>',
    "name beside an input called so": (
        '<form name="NAME">FIELD<input name="name"><input name="id"></form>'
    ),
    "key": '<form {{ on("submit", key="NAME") }}>FIELD</form>',
    "row": '<p {{ on("focus", key="NAME") }}>FIELD</p>',
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_field_of_another_form_is_another_one(
    page: Page, site: Site, complaints: list[str], form: str
) -> None:
    form = form.replace("FIELD", '<label>NAME <input name="text"></label>')
    one, two, new = (form.replace("NAME", name) for name in ("one", "two", "new"))
    room = stale_room(site, f'{{% if release == "r2" %}}{new}{{% endif %}}{one}{two}')
    room.visit(page)
    page.get_by_label("one").fill("first")
    page.get_by_label("two").fill("second")
    load_again(page, room)
    expect(page.get_by_label("two")).to_have_value("second")
    expect(page.get_by_label("one")).to_have_value("first")
    expect(page.get_by_label("new")).to_have_value("")
    forgive(complaints, 409)


def test_a_long_text_does_not_keep_the_page_from_loading(
    page: Page, site: Site, complaints: list[str]
) -> None:
    page.add_init_script(WATCHED)
    room = stale_room(site, TEXT)
    room.visit(page)
    page.get_by_role("textbox").fill("x" * 40_000)
    load_again(page, room)
    assert 0 < len(stored(page)) <= 32 * 1024
    forgive(complaints, 409)
