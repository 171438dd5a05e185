"""Events of the pointer and of the page, made by a browser's own input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from handlerid import (
    ClickEvent,
    Event,
)
from handlerid.events import (
    CustomEvent,
    DropEvent,
    ExpansionPanelToggleEvent,
    LoadEvent,
    ResizeEvent,
    RightClickEvent,
    ScrollEvent,
    Shortcut,
    SlideToggleChangeEvent,
    TableClickEvent,
    TextareaShortcutEvent,
    UploadedFile,
    WebEvent,
)
from tests.web.conftest import ROOT
from tests.web.visit import Room, Site

# The page is scrolled by 1,400, so the box is at 100, 200 of the window. It has a
# border of 7; its child begins at 50, 30 inside of that, and is 40 wide and high.
BOX = """<body style="margin: 0; height: 4000px">
<div id="box" style="position: absolute; left: 100px; top: 1600px; width: 200px;
    height: 100px; padding: 20px; border: 7px solid"
    {{ on(EVENT, key="box", busy="queue") }}>
  <span style="position: absolute; left: 50px; top: 30px; width: 40px; height: 40px">
  </span>
</div></body>"""
ON_BOX: dict[str, Any] = {
    "client_x": 150.0,
    "client_y": 220.0,
    "page_x": 150.0,
    "page_y": 1620.0,
    "offset_x": 43.0,
    "offset_y": 13.0,
}
ON_CHILD: dict[str, Any] = {
    "client_x": 170.0,
    "client_y": 250.0,
    "page_x": 170.0,
    "page_y": 1650.0,
    "offset_x": 63.0,
    "offset_y": 43.0,
}


def open_box(site: Site, page: Page, event: str) -> Room:
    room = site.room(BOX.replace("EVENT", repr(event)))
    room.visit(page)
    page.evaluate("scrollTo(0, 1400)")
    return room


def wait_for_last(room: Room, wanted: Event) -> None:
    """Wait until the newest event is this one: a browser may send some before it."""
    events = room.events(1)
    while events[-1] != wanted:
        events = room.events(len(events) + 1)


def test_a_click_says_where_it_hit_the_component(page: Page, site: Site) -> None:
    room = open_box(site, page, "click")
    page.mouse.click(150, 220)
    page.mouse.click(170, 250)
    assert room.events(2) == [
        ClickEvent(key="box", is_target=True, **ON_BOX),
        ClickEvent(key="box", is_target=False, **ON_CHILD),
    ]


def test_a_tap_is_a_click(browser: Browser, site: Site) -> None:
    context = browser.new_context(
        viewport={"width": 800, "height": 600}, has_touch=True
    )
    with context:
        page = context.new_page()
        room = open_box(site, page, "click")
        page.touchscreen.tap(170, 250)
        assert room.events(1) == [ClickEvent(key="box", is_target=False, **ON_CHILD)]


def test_a_key_that_acts_as_a_click_is_one(page: Page, site: Site) -> None:
    room = site.room('<button {{ on("click", key="ok") }}>OK</button>')
    room.visit(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    (event,) = room.events(1)
    assert isinstance(event, ClickEvent)
    assert event.key == "ok"
    assert event.is_target


def test_a_right_click_keeps_the_browsers_menu_closed(page: Page, site: Site) -> None:
    room = open_box(site, page, "right_click")
    page.evaluate(
        "addEventListener('contextmenu', (e) => { window.kept = e.defaultPrevented; })"
    )
    page.mouse.click(170, 250, button="right")
    assert room.events(1) == [RightClickEvent(key="box", is_target=False, **ON_CHILD)]
    assert page.evaluate("window.kept") is True
    page.mouse.click(10, 10, button="right")
    assert page.evaluate("window.kept") is False


def example(name: str) -> str:
    """Return the JavaScript of wire.md that sends a ``CustomEvent`` of that name."""
    wire = (ROOT / "docs" / "reference" / "wire.md").read_text("utf-8")
    (found,) = (
        block.partition("```")[0]
        for block in wire.split("```js\n")[1:]
        if f'CustomEvent("handlerid:{name}"' in block.partition("```")[0]
    )
    return found


def test_files_are_dropped(
    page: Page, context: BrowserContext, site: Site, tmp_path: Path
) -> None:
    room = open_box(site, page, "drop")
    page.evaluate(example("drop"))
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for file in files:
        file.write_text(f"text of {file.name}")
    devtools = context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": 170,
                "y": 250,
                "data": {
                    "items": [],
                    "files": [str(file) for file in files],
                    "dragOperationsMask": 1,
                },
            },
        )
    assert room.events(1) == [
        DropEvent(
            key="box",
            files=[
                UploadedFile(name=n, mime_type="text/plain", contents=b"text of " + t)
                for n, t in (("a.txt", b"a.txt"), ("b.txt", b"b.txt"))
            ],
        )
    ]
    (post,) = room.posts()
    assert post.headers["content-type"].startswith("multipart/form-data")


# Pages and their parts.


def test_a_component_is_scrolled(page: Page, site: Site) -> None:
    room = site.room(
        '<div {{ on("scroll", key="k") }} style="width: 200px; height: 100px;'
        ' overflow: scroll; scrollbar-width: none">'
        '<div style="width: 500px; height: 900px"></div></div>'
    )
    room.visit(page)
    page.mouse.move(50, 50)
    page.mouse.wheel(30, 0)
    page.mouse.wheel(0, 120)
    wait_for_last(
        room,
        ScrollEvent(
            key="k",
            scroll_left=30,
            scroll_top=120,
            scroll_width=500,
            scroll_height=900,
            client_width=200,
            client_height=100,
        ),
    )


def test_the_page_is_scrolled(page: Page, site: Site) -> None:
    room = site.room(
        '<body style="margin: 0; width: 1600px; height: 3000px;'
        ' scrollbar-width: none" {{ on("scroll") }}></body>',
        head=HEAD,
    )
    room.visit(page)
    page.keyboard.press("End")
    wait_for_last(
        room,
        ScrollEvent(
            scroll_top=2400,
            scroll_width=1600,
            scroll_height=3000,
            client_width=800,
            client_height=600,
        ),
    )


HEAD = "{{ script() }}<style>html { scrollbar-width: none }</style>"


def test_a_component_is_resized(page: Page, site: Site) -> None:
    room = site.room(
        '<body style="margin: 0"><div style="height: 50px; width: 50vw"'
        ' {{ on("resize", key="k") }}></div></body>'
    )
    room.visit(page)
    page.set_viewport_size({"width": 500, "height": 600})
    wait_for_last(room, ResizeEvent(key="k", width=250, height=50))
    assert ResizeEvent(key="k", width=400, height=50) not in room.events()


def test_what_an_answer_shows_has_a_first_size_again(page: Page, site: Site) -> None:
    part = (
        '<div id="part"><button {{ on("click", "go") }}>Go {{ n }}</button>'
        '<p style="width: 50vw" {{ on("resize", key="k") }}></p></div>'
    )
    room = site.room(part, does={"go": {"html": part}})
    room.visit(page)
    page.get_by_role("button").click()
    expect(page.get_by_role("button")).to_have_text("Go 1")
    page.evaluate("new Promise(requestAnimationFrame)")
    page.set_viewport_size({"width": 500, "height": 600})
    events = room.events(2)
    assert events[1] == ResizeEvent(key="k", width=250, height=0)


def test_the_window_is_resized(page: Page, site: Site) -> None:
    room = site.room('<body {{ on("resize") }}></body>')
    room.visit(page)
    page.set_viewport_size({"width": 500, "height": 400})
    wait_for_last(room, ResizeEvent(width=500, height=400))


def test_the_page_is_loaded_once(page: Page, site: Site) -> None:
    room = site.room('<p {{ on("load", key="a") }}></p><p {{ on("load", key="b") }}>')
    room.visit(page, "cart?q=1#top")
    path = room.url.partition("//")[2].partition("/")[2]
    events = room.events(2)
    assert sorted(events, key=lambda event: event.key) == [
        LoadEvent(key="a", path=f"/{path}cart"),
        LoadEvent(key="b", path=f"/{path}cart"),
    ]
    assert room.settled(page) == events


def test_what_an_answer_shows_is_not_loaded_or_toggled_again(
    page: Page, site: Site
) -> None:
    part = (
        '<div id="part"><p {{ on("load", key="load") }}></p>'
        '<button {{ on("click", "go", key="go") }}>Go {{ n }}</button>'
        '<details {{ "open" if n }} {{ on("expansion_panel_toggle", key="d") }}>'
        "<summary>More</summary></details></div>"
    )
    room = site.room(part, does={"go": {"html": part}})
    room.visit(page)
    page.get_by_role("button", name="Go 0").click()
    expect(page.get_by_role("button", name="Go 1")).to_be_visible()
    page.get_by_text("More").click()
    assert [event.key for event in room.events(3)] == ["load", "go", "d"]
    assert room.settled(page)[2:] == [ExpansionPanelToggleEvent(key="d", opened=False)]


def test_a_prerendered_page_is_loaded_when_it_is_activated(
    page: Page, site: Site
) -> None:
    page.add_init_script(
        """
        let prerendering = true;
        Object.defineProperty(document, "prerendering", {get: () => prerendering});
        window.activate = () => {
            prerendering = false;
            document.dispatchEvent(new Event("prerenderingchange"));
        };
        """
    )
    room = site.room('<p {{ on("load", key="a") }}></p>')
    room.visit(page)
    assert room.settled(page) == []
    page.evaluate("activate()")
    assert len(room.events(1)) == 1


CUSTOM: list[tuple[str, str, Event]] = [
    (
        "table_click",
        "{row_index: 1, col_index: 2}",
        TableClickEvent(key="k", row_index=1, col_index=2),
    ),
    ("web", "{value: [1, {a: null}]}", WebEvent(key="k", value=[1, {"a": None}])),
    (
        "custom",
        '{name: "x", detail: 3}',
        CustomEvent(key="k", name="x", detail=3),
    ),
    ("slide_toggle_change", "undefined", SlideToggleChangeEvent(key="k")),
    (
        "textarea_shortcut",
        '{value: "hi", shortcut: {key: "Enter", ctrl: true}}',
        TextareaShortcutEvent(
            key="k", value="hi", shortcut=Shortcut(key="Enter", ctrl=True)
        ),
    ),
    (
        "drop",
        '{source_key: "card-7", data: {"text/plain": "hello"}}',
        DropEvent(key="k", source_key="card-7", data={"text/plain": "hello"}),
    ),
]


@pytest.mark.parametrize(
    ("name", "detail", "wanted"), CUSTOM, ids=[one[0] for one in CUSTOM]
)
def test_the_pages_own_code_sends_what_no_dom_event_is(
    page: Page, site: Site, name: str, detail: str, wanted: Event
) -> None:
    room = site.room(f'<div {{{{ on("{name}", key="k") }}}}><p>inner</p></div>')
    room.visit(page)
    page.evaluate(
        f'document.querySelector("p").dispatchEvent('
        f'new CustomEvent("handlerid:{name}", {{detail: {detail}}}))'
    )
    assert room.events(1) == [wanted]
