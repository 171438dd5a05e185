"""The page in a real browser, over both processes, and through an edit of a handler."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.demo.running import Demo, copy_demo, edit, running_demo


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console says is wrong; a test that expects it clears it."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    opened = context.new_page()
    opened.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


def processes(page: Page, section: str) -> list[int]:
    """Which process rendered a section, and which one answered in it."""
    trace = page.locator(f"#{section} .trace").inner_text()
    return [int(pid) for pid in re.findall(r"\d+", trace)]


def reload_until_rendered_by(page: Page, server: int) -> None:
    """Reloads: the servers take turns, but at a page's other files, too."""
    for attempt in range(8):
        if processes(page, "counter") == [server]:
            return
        if attempt % 2:  # an even number of files would bring the same server again
            page.request.get(page.url)
        page.reload()
    raise AssertionError(f"{server} never rendered the page")


EVENTS = "**/_handlerid/*"
DOCS, NEWS = "https://example.org/docs", "https://example.org/news"


def follow_links(page: Page, mode: str) -> None:
    """Chooses a mode, and sees where its links lead."""
    section = page.locator("#links")
    radio = page.get_by_role("group", name="Mode").get_by_label(mode, exact=True)
    with page.expect_response(EVENTS):
        radio.check()
    mistaken = mode == "Last write wins"
    warning = section.locator(".warning")
    expect(warning).to_have_count(int(mistaken))
    if mistaken:
        expect(warning).to_contain_text("differ in what they captured (url)")
    expect(section.locator("output")).to_have_count(0)
    expect(radio).to_be_checked()
    expect(radio).to_be_focused()

    links = page.get_by_role("group", name="Links")
    tokens = links.locator("button[data-h-click^='t1.']")
    expect(tokens).to_have_count(2 if mode == "carry" else 0)
    for name, url in {"docs": NEWS if mistaken else DOCS, "news": NEWS}.items():
        with page.expect_response(EVENTS):
            links.get_by_role("button", name=name).click()
        expect(section.locator("output")).to_have_text(url)
        rendered_by, answered_by = processes(page, "links")
        assert rendered_by != answered_by


def play_every_section(page: Page) -> None:
    result = page.locator("#counter .result")
    for count in ("1", "2"):
        page.get_by_role("button", name="Add one").click()
        expect(result).to_have_text(count)

    message = page.get_by_label("Message")
    messages = page.locator("#send li")
    message.fill("by Enter")
    message.press("Enter")
    expect(messages).to_have_text(["by Enter"])
    expect(message).to_have_value("")
    expect(message).to_be_focused()
    message.fill("by button")
    page.get_by_role("button", name="Send").click()
    expect(messages).to_have_text(["by Enter", "by button"])
    expect(message).to_have_value("")

    values = {"Name": "Ada", "Email": "ada@example.org", "City": "London"}
    for label, value in values.items():
        field = page.get_by_label(label)
        field.fill(value)
        field.press("Tab")
    expect(page.locator("#form dd")).to_have_text(list(values.values()))

    for mode in ("event.key", "distinct", "carry", "Last write wins"):
        follow_links(page, mode)

    # Collected as the page changes: a look from outside could miss a step.
    page.evaluate(
        """() => {
            const section = document.querySelector("#brew");
            const look = () => {
                const count = section.querySelectorAll("li").length;
                if (count !== window.counts.at(-1)) window.counts.push(count);
            };
            window.counts = [];
            const changes = {childList: true, subtree: true};
            new MutationObserver(look).observe(section, changes);
        }"""
    )
    page.get_by_role("button", name="Make coffee").click()
    steps = ["Grind the beans", "Pour the water", "Serve"]
    expect(page.locator("#brew li")).to_have_text(steps)
    counts = page.evaluate("window.counts")
    assert counts[0] < counts[-1] == 3, "the steps arrived all at once"

    page.get_by_role("button", name="Ask both").click()
    greetings = ["Hello from Ada", "Hello from Grace"]
    expect(page.locator("#greet li")).to_have_text(greetings)

    expect(page.locator("#notice")).to_be_empty()


@pytest.mark.parametrize("rendering", [0, 1])
def test_every_section_works_over_both_processes(
    page: Page, shared_demo: Demo, rendering: int
) -> None:
    renderer = shared_demo.servers[rendering]
    answerer = shared_demo.servers[1 - rendering]
    page.goto(shared_demo.address)
    reload_until_rendered_by(page, renderer)
    play_every_section(page)
    for section in ("counter", "send", "form", "links", "brew", "greet"):
        assert processes(page, section) == [renderer, answerer]


def test_clicks_in_quick_succession_are_all_counted(
    page: Page, shared_demo: Demo
) -> None:
    page.goto(shared_demo.address)
    page.evaluate(
        "() => { for (let i = 0; i < 10; i++)"
        " document.querySelector('#counter button').click(); }"
    )
    expect(page.locator("#counter .result")).to_have_text("10")


def test_a_click_is_answered_after_an_answer_replaced_its_element(
    page: Page, shared_demo: Demo
) -> None:
    page.goto(shared_demo.address)
    follow_links(page, "event.key")
    page.evaluate(
        """() => {
            const [docs, news] = document.querySelectorAll("#links button");
            const carry = document.querySelector("#links [data-key='carry']");
            for (const element of [carry, news, docs]) element.click();
        }"""
    )
    expect(page.locator("#links output")).to_have_text(DOCS)
    expect(page.locator("#links button[data-h-click^='t1.']")).to_have_count(2)
    expect(page.locator("#notice")).to_be_empty()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_window_does_not_scroll_sideways(
    page: Page, shared_demo: Demo, scheme: str
) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(shared_demo.address)
    play_every_section(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_page_goes_on_when_a_process_is_killed(page: Page, tmp_path: Path) -> None:
    with running_demo(tmp_path / "log") as demo:
        page.goto(demo.address)
        add_one = page.get_by_role("button", name="Add one")
        count = page.locator("#counter .result")
        add_one.click()
        expect(count).to_have_text("1")
        rendered_by, answered_by = processes(page, "counter")

        os.kill(answered_by, signal.SIGKILL)
        add_one.click()
        expect(count).to_have_text("2")
        assert processes(page, "counter")[1] != answered_by

        demo.replaced()
        os.kill(rendered_by, signal.SIGKILL)
        add_one.click()
        expect(count).to_have_text("3")
        assert processes(page, "counter")[1] not in (rendered_by, answered_by)


def test_a_page_that_is_out_of_date_reloads_itself_and_finds_the_click_again(
    page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    own = copy_demo(tmp_path)
    with running_demo(tmp_path / "log", own) as demo:
        page.goto(demo.address)
        add_one = page.get_by_role("button", name="Add one")
        count = page.locator("#counter .result")
        add_one.click()
        expect(count).to_have_text("1")

        edit(own / "page.py", "count += 1", "count += 10")
        for server in demo.servers:
            os.kill(server, signal.SIGTERM)
        new = [demo.replaced(), demo.replaced()]

        loads: list[str] = []
        page.on("load", lambda loaded: loads.append(loaded.url))
        add_one.click()
        notice = page.locator("#notice")
        expect(notice).to_have_text("This page was updated.")
        expect(add_one).to_be_focused()
        expect(count).to_have_text("1")
        assert page.url == demo.address
        assert processes(page, "counter")[0] in new

        add_one.click()
        expect(count).to_have_text("11")
        expect(notice).to_be_empty()
        assert sorted(processes(page, "counter")) == sorted(new)
        assert len(loads) == 1

    # A browser reports every answer that is an error: the 409s, and nothing else.
    assert complaints
    assert all("409" in said for said in complaints)
    complaints.clear()


def test_a_refusal_is_shown_and_the_page_goes_on(
    page: Page, shared_demo: Demo, complaints: list[str]
) -> None:
    page.goto(shared_demo.address)
    name = page.get_by_label("Name")
    name.evaluate("field => { field.dataset.key = 'count'; }")
    name.fill("1000")
    name.press("Tab")
    notice = page.locator("#notice")
    expect(notice).to_have_text("This action is not allowed.")
    assert complaints
    assert all("403" in said for said in complaints)
    complaints.clear()

    page.get_by_role("button", name="Add one").click()
    expect(page.locator("#counter .result")).to_have_text("1")
    expect(notice).to_be_empty()


def colors(element: Locator) -> list[str]:
    """Text and background; neither lets anything through."""
    style = element.evaluate(
        "e => (s => [s.color, s.backgroundColor, s.opacity])(getComputedStyle(e))"
    )
    assert style.pop() == "1"
    assert all(color.startswith("rgb(") for color in style)
    return [*style]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(color: str) -> float:
        channels = [int(part) / 255 for part in re.findall(r"\d+", color)]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in channels
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_notice_on_a_phone_lies_over_the_page(
    page: Page, shared_demo: Demo, complaints: list[str], scheme: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(shared_demo.address)
    city = page.get_by_label("City")
    city.evaluate("field => { field.dataset.key = 'count'; }")
    city.fill("London")
    city.press("Tab")
    notice = page.locator("#notice")
    expect(notice).not_to_be_empty()
    complaints.clear()  # the 403

    page.locator("#brew").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 0
    hidden = notice.evaluate(
        """notice => {
            const {left, top, right, bottom} = notice.getBoundingClientRect();
            const inside = 4;  // pixels; the corners are round
            const points = [
                [left + inside, top + inside], [right - inside, top + inside],
                [left + inside, bottom - inside], [right - inside, bottom - inside],
                [(left + right) / 2, (top + bottom) / 2],
            ];
            return points.filter(at => document.elementFromPoint(...at) !== notice);
        }"""
    )
    assert hidden == []
    text, background = colors(notice)
    _, card = colors(page.locator("#brew"))
    assert contrast(text, background) >= 4.5
    assert contrast(background, card) >= 3, "it cannot be told from what lies under it"


def test_the_modes_are_chosen_with_the_keyboard(page: Page, shared_demo: Demo) -> None:
    page.goto(shared_demo.address)
    modes = page.get_by_role("group", name="Mode")
    modes.get_by_label("Last write wins").focus()
    for mode in ("event.key", "distinct", "carry"):
        with page.expect_response(EVENTS):
            page.keyboard.press("ArrowDown")
        expect(modes.get_by_label(mode)).to_be_checked()
    expect(page.locator("#links button[data-h-click^='t1.']")).to_have_count(2)
    expect(page.locator("#notice")).to_be_empty()
