"""Who sits at the page: other users of a tab, policies, no JavaScript, no mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from handlerid import SubmitEvent
from tests.web.visit import Room, Site, forgive, raised

SAVE = '<p>{{ user }}</p><button {{ on("click", "save") }}>Save</button>'
CACHED = {"Cache-Control": "private, max-age=600"}


def click_is_told_and_runs_nothing(page: Page, room: Room, user: str) -> None:
    """The page is loaded again, for who is here now, whose own click runs."""
    loads = len(room.pages())
    page.get_by_role("button").click()
    expect(page.locator("p")).to_have_text(user)
    expect(page.get_by_role("status")).not_to_be_empty()
    assert room.runs() == []
    assert len(room.posts()) == 1
    assert len(room.pages()) == loads + 1
    page.get_by_role("button").click()
    assert [run.user for run in room.runs(1)] == [user]


def test_a_tab_from_before_the_login(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = site.room(SAVE)
    room.visit(page)
    other = page.context.new_page()
    other.goto(f"{room.url}login/ada")
    click_is_told_and_runs_nothing(page, room, "ada")
    forgive(complaints, 403)


def test_a_tab_whose_user_logged_out_in_another(
    page: Page, site: Site, complaints: list[str]
) -> None:
    room = site.room(SAVE)
    page.goto(f"{room.url}login/ada")
    other = page.context.new_page()
    other.goto(f"{room.url}logout")
    click_is_told_and_runs_nothing(page, room, "guest")
    forgive(complaints, 403)


@pytest.mark.parametrize("after", ["logout", "login/eve"])
def test_back_after_the_logout(
    page: Page, site: Site, complaints: list[str], after: str
) -> None:
    # A page that the browser may keep, so that Back shows the old one.
    room = site.room(SAVE, headers=CACHED)
    page.goto(f"{room.url}login/ada")
    page.goto(f"{room.url}logout")
    page.goto(f"{room.url}{after}?")
    page.goto("about:blank")
    while page.locator("p", has_text="ada").count() == 0:
        page.go_back()
    click_is_told_and_runs_nothing(page, room, "guest" if after == "logout" else "eve")
    forgive(complaints, 403)


POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "require-trusted-types-for 'script'; trusted-types handlerid"
    )
}


@pytest.mark.parametrize("kind", ["defer", 'type="module"'])
def test_a_strict_policy_holds(
    page: Page, site: Site, complaints: list[str], kind: str
) -> None:
    steps = [{"html": '<p id="b">1</p>'}, {"html": '<p id="b">2</p>'}]
    room = site.room(
        '<p id="a">old</p><p id="b"></p><form {{ on("submit", "go") }}>'
        '<input name="x"><button>Go</button></form>'
        '<button {{ on("click", "steps") }}>Steps</button>'
        '<button {{ on("click", "save") }}>Save {{ release }}</button>',
        head=f"{{{{ script(nonce=nonce)|replace('defer', '{kind}')|safe }}}}",
        does={"go": {"html": '<p id="a">new</p>'}, "steps": {"steps": steps}},
        edited=("save",),
        headers=POLICY,
    )
    room.visit(page)
    page.get_by_role("textbox").fill("typed")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("#a")).to_have_text("new")
    page.get_by_role("button", name="Steps").click()
    expect(page.locator("#b")).to_have_text("2")
    assert complaints == []
    room.serve("r2")
    page.get_by_role("button", name="Save r1").click()
    expect(page.get_by_role("button", name="Save r2")).to_be_focused()
    expect(page.get_by_role("status")).not_to_be_empty()
    expect(page.get_by_role("textbox")).to_have_value("typed")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("#a")).to_have_text("new")
    forgive(complaints, 409)


PLAIN = """<form method="post" action="{{ url }}">
{{ inputs("submit", "save", key="k") }}
<label>Name <input name="name"></label><button>Send</button></form>"""


@pytest.fixture
def plain(browser: Browser) -> Page:
    """A page of a browser without JavaScript."""
    return browser.new_context(java_script_enabled=False).new_page()


def test_a_form_works_without_javascript(plain: Page, site: Site) -> None:
    with plain.context:
        room = site.room(PLAIN)
        plain.goto(f"{room.url}cart?q=1")
        plain.get_by_label("Name").fill("Ada")
        plain.get_by_role("button").click()
        assert room.events(1) == [SubmitEvent(key="k", fields={"name": ["Ada"]})]
        room.pages(2)
        expect(plain.get_by_label("Name")).to_have_value("")
        assert plain.url == f"{room.url}cart?q=1"


def test_a_refusal_without_javascript_is_a_small_page(plain: Page, site: Site) -> None:
    with plain.context:
        room = site.room(PLAIN, edited=("save",), events=("r2",))
        room.visit(plain)
        with plain.expect_navigation() as answer:
            plain.get_by_role("button").click()
        assert answer.value is not None
        assert answer.value.status == 409
        expect(plain.get_by_role("heading")).to_have_text(
            "This page is out of date. Reload it."
        )
        plain.get_by_role("link", name="Back to the page").click()
        expect(plain.get_by_role("button", name="Send")).to_be_visible()
        assert plain.url == room.url
        assert room.runs() == []


def test_a_page_is_used_with_the_keyboard_alone(page: Page, site: Site) -> None:
    part = (
        '<div id="part"><button {{ on("click", "go", key="button") }}>'
        "Count {{ n }}</button>"
        '<a href="#" {{ on("click", "go", key="link") }}>Link</a>'
        '<label>Tea<input type="checkbox" {{ on("checkbox_change", "go", key="tea") }}>'
        "</label>"
        '<form {{ on("submit", "go", key="form") }}><label>Name<input name="name">'
        "</label></form></div>"
    )
    room = site.room(part, does={"go": {"html": part}})
    room.visit(page)

    def press(key: str, n: int) -> None:
        page.keyboard.press(key)
        expect(page.get_by_role("button", name=f"Count {n}")).to_be_visible()

    page.keyboard.press("Tab")
    press("Enter", 1)
    expect(page.get_by_role("button")).to_be_focused()
    press("Space", 2)
    page.keyboard.press("Tab")
    press("Enter", 3)
    expect(page.get_by_role("link")).to_be_focused()
    page.keyboard.press("Tab")
    press("Space", 4)
    expect(page.get_by_role("checkbox", name="Tea")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Ada")
    press("Enter", 5)
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    keys = [event.key for event in room.events()]
    assert keys == ["button", "button", "link", "tea", "form"]


@pytest.mark.parametrize("own", [False, True])
def test_what_the_user_has_to_know_is_a_status(
    page: Page, site: Site, complaints: list[str], own: bool
) -> None:
    notice = '<p role="status" data-handlerid-notice></p>' if own else ""
    room = site.room(SAVE + notice, does={"save": {"fail": True, "wait": "go"}})
    room.visit(page)
    save = page.get_by_role("button", name="Save")
    save.click()
    expect(save).to_have_attribute("aria-busy", "true")
    expect(save).to_be_enabled()
    room.open("go")
    expect(page.get_by_role("status")).to_have_text("This action failed on the server.")
    assert page.get_by_role("status").evaluate("e => e.tagName") == (
        "P" if own else "DIV"
    )
    assert len(raised(page, "refused")) == 1
    forgive(complaints, 500)
