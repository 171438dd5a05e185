"""Events of fields, keys and forms, made by a browser's own input."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page

from handlerid import (
    ChangeEvent,
    Event,
    InputBlurEvent,
    InputEnterEvent,
    InputEvent,
    SubmitEvent,
)
from handlerid.events import (
    BlurEvent,
    CheckboxChangeEvent,
    DatePickerChangeEvent,
    ExpansionPanelToggleEvent,
    FocusEvent,
    KeyDownEvent,
    RadioChangeEvent,
    SelectSelectionChangeEvent,
    SliderValueChangeEvent,
    UploadedFile,
    UploadEvent,
)
from tests.web.rooms import SnapEvent
from tests.web.visit import Site

Act = Callable[[Page], object]

# Fields, the keyboard, choosing: a page, what the user does, and what arrives.

BOXES = """
<fieldset {{ on("radio_change", key="size") }}>
  <label><input type="radio" name="size" value="s">Small</label>
  <label><input type="radio" name="size" value="l">Large</label>
</fieldset>"""
SELECT = """<label>Colours <select {{ on("select_selection_change", key="c") }} MORE>
  <option value="r">Red<option value="g">Green<option value="b">Blue
</select></label>"""


def typing(text: str, then: str = "") -> Act:
    def act(page: Page) -> None:
        page.get_by_role("textbox").focus()
        page.keyboard.type(text)
        if then:
            page.keyboard.press(then)

    return act


def pressing(*keys: str) -> Act:
    """Press keys; the first Tab goes to the only field of the page."""

    def act(page: Page) -> None:
        for key in keys:
            page.keyboard.press(key)

    return act


def clicking(*names: str) -> Act:
    def act(page: Page) -> None:
        for name in names:
            page.get_by_text(name, exact=True).click()

    return act


def choose_two(page: Page) -> None:
    page.get_by_role("option", name="Red").click()
    page.get_by_role("option", name="Blue").click(modifiers=["Control"])


def hold_a_key(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.down("Shift")
    page.keyboard.down("KeyA")
    page.keyboard.down("KeyA")


DONE: list[tuple[str, str, Act, list[Event]]] = [
    (
        "input",
        '<input {{ on("input", key="k") }}>',
        typing("hé"),
        [InputEvent(key="k", value="h"), InputEvent(key="k", value="hé")],
    ),
    (
        "change",
        '<input {{ on("change", key="k") }}>',
        typing("hi", "Tab"),
        [ChangeEvent(key="k", value="hi")],
    ),
    (
        "input_blur",
        '<input value="x" {{ on("input_blur", key="k") }}>',
        typing("hi", "Tab"),
        [InputBlurEvent(key="k", value="hix")],
    ),
    (
        "input_enter",
        '<input {{ on("input_enter", key="k") }}>',
        typing("hi", "Enter"),
        [InputEnterEvent(key="k", value="hi")],
    ),
    (
        "focus",
        '<div {{ on("focus", key="k") }}><button>x</button><button>y</button></div>',
        pressing("Tab", "Tab", "Tab", "Shift+Tab"),
        [FocusEvent(key="k"), FocusEvent(key="k")],
    ),
    (
        "blur",
        '<div {{ on("blur", key="k") }}><button>x</button><button>y</button></div>',
        pressing("Tab", "Tab", "Shift+Tab", "Tab", "Tab"),
        [BlurEvent(key="k")],
    ),
    (
        "key_down of some keys",
        '<div tabindex="0" {{ on("key_down", key="k", keys="Escape Space") }}>x</div>',
        pressing("Tab", "x", "Space", "Enter", "Control+Escape"),
        [
            KeyDownEvent(key="k", pressed=" ", code="Space"),
            KeyDownEvent(key="k", pressed="Escape", code="Escape", ctrl=True),
        ],
    ),
    (
        "key_down of all keys",
        '<div tabindex="0" {{ on("key_down") }}>x</div>',
        hold_a_key,
        [
            KeyDownEvent(pressed="Shift", code="ShiftLeft", shift=True),
            KeyDownEvent(pressed="A", code="KeyA", shift=True),
            KeyDownEvent(pressed="A", code="KeyA", shift=True, repeat=True),
        ],
    ),
    (
        "checkbox_change",
        (
            '<label>Tea <input type="checkbox" {{ on("checkbox_change", key="k") }}>'
            "</label>"
        ),
        clicking("Tea", "Tea"),
        [
            CheckboxChangeEvent(key="k", checked=True),
            CheckboxChangeEvent(key="k", checked=False),
        ],
    ),
    (
        "radio_change around a group",
        BOXES,
        clicking("Small", "Large"),
        [
            RadioChangeEvent(key="size", value="s"),
            RadioChangeEvent(key="size", value="l"),
        ],
    ),
    (
        "radio_change on a button",
        '<label>One<input type="radio" value="1" {{ on("radio_change") }}></label>',
        clicking("One"),
        [RadioChangeEvent(value="1")],
    ),
    (
        "select_selection_change of one",
        SELECT.replace("MORE", ""),
        pressing("Tab", "ArrowDown"),
        [SelectSelectionChangeEvent(key="c", values=["g"])],
    ),
    (
        "select_selection_change of several",
        SELECT.replace("MORE", "multiple"),
        choose_two,
        [
            SelectSelectionChangeEvent(key="c", values=["r"]),
            SelectSelectionChangeEvent(key="c", values=["r", "b"]),
        ],
    ),
    (
        "slider_value_change",
        '<input type="range" step="0.5" {{ on("slider_value_change", key="k") }}>',
        pressing("Tab", "ArrowRight"),
        [SliderValueChangeEvent(key="k", value=50.5)],
    ),
    (
        "date_picker_change",
        '<input type="date" value="2024-02-28" {{ on("date_picker_change") }}>',
        pressing("Tab", "Tab", "ArrowUp", "Backspace"),
        [
            DatePickerChangeEvent(date=dt.date(2024, 2, 29)),
            DatePickerChangeEvent(date=None),
        ],
    ),
    (
        "expansion_panel_toggle",
        (
            '<details open {{ on("expansion_panel_toggle", key="k") }}>'
            "<summary>More</summary>text</details>"
        ),
        clicking("More", "More"),
        [
            ExpansionPanelToggleEvent(key="k", opened=False),
            ExpansionPanelToggleEvent(key="k", opened=True),
        ],
    ),
]


@pytest.mark.parametrize(
    ("body", "act", "wanted"),
    [one[1:] for one in DONE],
    ids=[one[0] for one in DONE],
)
def test_the_user_acts_and_the_event_arrives(
    page: Page, site: Site, body: str, act: Act, wanted: list[Event]
) -> None:
    room = site.room(body)
    room.visit(page)
    act(page)
    room.events(len(wanted))
    assert room.settled(page) == wanted


# Forms and files.

FORM = """
<form {{ on("submit", key="form", busy="queue") }} MORE>
  <input name="title" value="Tea">
  <input type="checkbox" name="tag" value="a" checked>
  <input type="checkbox" name="tag" value="b" checked>
  <input type="checkbox" name="tag" value="c">
  <input name="key" value="AIza">
  <button name="do" value="save">Save</button>
  <button name="do" value="print">Print</button>
</form>"""
SENT = {"title": ["Tea"], "tag": ["a", "b"], "key": ["AIza"]}


@pytest.mark.parametrize(
    ("more", "media_type"),
    [
        ("", "application/json"),
        ('enctype="multipart/form-data"', "multipart/form-data"),
    ],
)
def test_a_form_is_submitted(
    page: Page, site: Site, more: str, media_type: str
) -> None:
    room = site.room(FORM.replace("MORE", more))
    room.visit(page)
    page.get_by_role("button", name="Print").click()
    room.events(1)
    page.get_by_role("textbox").first.press("Enter")
    assert room.events(2) == [
        SubmitEvent(key="form", fields={**SENT, "do": ["print"]}),
        SubmitEvent(key="form", fields={**SENT, "do": ["save"]}),
    ]
    assert page.url == room.url
    assert room.posts()[0].headers["content-type"].startswith(media_type)


NOTE = FilePayload(name="note.txt", mimeType="text/plain", buffer=b"hello")
PHOTO = FilePayload(name="é.png", mimeType="image/png", buffer=b"\x89PNG")


def test_a_form_with_a_file_is_sent_as_a_form(page: Page, site: Site) -> None:
    on = '{{ on("snap", key="p")|replace("data-h-snap", "data-h-submit")|safe }}'
    room = site.room(
        f'<form {on}><input name="title"><input type="file" name="photo"></form>'
    )
    room.visit(page)
    page.locator("input[type=file]").set_input_files([PHOTO])
    page.get_by_role("textbox").fill("A")
    page.get_by_role("textbox").press("Enter")
    photo = UploadedFile(name="é.png", mime_type="image/png", contents=b"\x89PNG")
    assert room.events(1) == [SnapEvent(key="p", title="A", photo=photo)]


def test_files_are_uploaded(page: Page, site: Site) -> None:
    room = site.room('<input type="file" multiple {{ on("upload", key="k") }}>')
    room.visit(page)
    with page.expect_file_chooser() as chooser:
        page.locator("input").click()
    chooser.value.set_files([NOTE, PHOTO])
    assert room.events(1) == [
        UploadEvent(
            key="k",
            files=[
                UploadedFile(
                    name="note.txt", mime_type="text/plain", contents=b"hello"
                ),
                UploadedFile(name="é.png", mime_type="image/png", contents=b"\x89PNG"),
            ],
        )
    ]
