"""The list of things to do: over two servers that share nothing, and in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Locator, Page, Route, expect

from tests.integrations.starlette.running import (
    KEY,
    ROOT,
    Site,
    Visitor,
    events_in,
    serving,
)

FOLDER = ROOT / "docs" / "examples" / "todo_starlette"


@contextmanager
def todo(folder: Path, name: str, *options: str, key: str = KEY) -> Iterator[Site]:
    variables = {"TODO_DATABASE": str(folder / "todo.sqlite"), "APP_KEY": key}
    with serving("app:app", folder / name, *options, cwd=FOLDER, **variables) as site:
        yield site


class Caller(Visitor):
    """Knows a page's handlers by their labels; what it sends goes to another server."""

    def __init__(self, shows: Site, answers: Site) -> None:
        super().__init__(shows.url)
        self.answers = answers

    def visit(self, path: str = "/") -> str:
        text = super().visit(path)
        return self.read(text)

    def read(self, text: str) -> str:
        """Keep what the handlers of a page are called by; the last of equal labels."""
        pairs = re.findall(r'aria-label="([^"]+)"[^>]*? data-h-\w+="([^"]+)"', text)
        self.references = dict(pairs)
        for name in ("submit", "upload"):
            self.references[name] = re.findall(f'data-h-{name}="([^"]+)"', text)[0]
        return text

    def call(self, label: str, **fields: object) -> httpx.Response:
        """Send an event to the other server, and read its answer."""
        self.action = f"{self.answers.url}/_handlerid"
        answer = self.fire(label, **fields)
        if "text/html" in answer.headers["content-type"]:
            self.read(answer.text)
        return answer

    def rows(self, text: str) -> list[tuple[str, bool]]:
        """Return the texts of a page's rows, and whether they are done."""
        found = re.findall(r'class="row( done)?".*? value="([^"]*)"', text, re.DOTALL)
        return [(text, bool(done)) for done, text in found]


def test_a_server_that_never_rendered_the_page_answers(tmp_path: Path) -> None:
    with (
        todo(tmp_path, "one") as one,
        todo(tmp_path, "two") as two,
        Caller(one, two) as caller,
    ):
        caller.visit()
        for text in ("tea", "milk"):
            caller.call("submit", fields={"text": [text]})
        answer = caller.call("submit", fields={"text": ["tea"]})
        assert caller.rows(answer.text) == [
            *(("tea", False), ("milk", False), ("tea", False)),
        ]
        before = dict(caller.references)

        # Equal rows are two rows: of equal labels, the last is meant here.
        answer = caller.call("tea is done", checked=True)
        assert caller.rows(answer.text)[2] == ("tea", True)
        answer = caller.call("Text of tea", value=" black tea ")
        assert caller.rows(answer.text)[2] == ("black tea", True)
        answer = caller.call("Move black tea up")
        answer = caller.call("Move black tea up")
        answer = caller.call("Move black tea up")  # it is the first already
        names = [text for text, _ in caller.rows(answer.text)]
        assert names == ["black tea", "tea", "milk"]

        # A page that was rendered before sends what it meant then, or nothing.
        answer = caller.call("Remove black tea")
        caller.references = before
        answer = caller.call("Text of tea", value="of a row that is gone")
        assert caller.rows(answer.text) == [("tea", False), ("milk", False)]

        file = {"files": ("a.txt", b"bread\n\n  salt \n")}
        answer = caller.fire_form("upload", files=file)
        assert [text for text, _ in caller.rows(answer.text)][2:] == ["bread", "salt"]


def test_a_stream_shows_the_page_after_each_row(tmp_path: Path) -> None:
    with todo(tmp_path, "log") as site, Caller(site, site) as caller:
        caller.visit()
        caller.call("submit", fields={"text": ["tea"]})
        page = caller.call("submit", fields={"text": ["milk"]}).text
        (reference,) = re.findall(r'data-h-click="([^"]+)">Do everything', page)
        caller.references["all"] = reference
        *steps, last, end = events_in(caller.call("all").text)
        shown = [caller.rows(text) for _, text in (*steps, last)]
        assert shown == [
            [("tea", True), ("milk", False)],
            *([[("tea", True), ("milk", True)]] * 2),
        ]
        assert end == ("end", "")


def test_it_works_without_javascript(tmp_path: Path) -> None:
    with todo(tmp_path, "log") as site, Visitor(site.url) as visitor:
        found = re.findall(r'name="_handler" value="([^"]+)"', visitor.visit())
        visitor.references["add"] = found[0]
        answer = visitor.navigate("add", text="<tea>")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert 'value="&lt;tea&gt;"' in visitor.visit()


def test_the_page_is_true_though_a_request_is_late(page: Page, tmp_path: Path) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    with todo(tmp_path, "log", "--workers", "2") as site:
        page.goto(site.url)
        for number, text in enumerate(("tea", "milk"), 1):
            page.get_by_label("What is to be done?").fill(text)
            page.keyboard.press("Enter")
            expect(page.locator(".row")).to_have_count(number)
        page.route("**/_handlerid", hold_the_first)
        with page.expect_request("**/_handlerid"):
            page.get_by_label("tea is done").click()
        milk = page.get_by_label("milk is done")
        milk.click()
        expect(milk).to_have_attribute("aria-busy", "true")
        (first,) = held
        first.continue_()
        expect(page.get_by_text("left")).to_have_text("0 of 2 left")
        expect(page.get_by_label("tea is done")).to_be_checked()
        expect(milk).to_be_checked()


def press(page: Page, to: Locator, key: str) -> None:
    """Move the focus with the tabulator, and press a key."""
    for _ in range(40):
        if to.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(to).to_be_focused()
    page.keyboard.press(key)


def test_by_keyboard_on_a_phone(page: Page, tmp_path: Path) -> None:
    """As its page says, so two workers take the clicks; the focus stays."""
    shown = re.search(
        r"^\$ cd docs/examples/todo_starlette\n"
        r"\$ SESSION_KEY=\S+ APP_KEY=(\S+) uvicorn app:app (.+)$",
        (ROOT / "docs/start/fastapi-starlette.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert shown is not None
    key, options = shown.groups()
    with todo(tmp_path, "log", *options.split(), key=key) as site:
        page.goto(site.url)
        field, rows = page.get_by_label("What is to be done?"), page.locator(".row")
        press(page, field, "t")
        for text in ("ea", "tea", "milk"):
            page.keyboard.type(text)
            page.keyboard.press("Enter")
            expect(field).to_have_value("")
        expect(rows).to_have_count(3)
        status = page.get_by_text("left")
        expect(status).to_have_text("3 of 3 left")

        press(page, page.get_by_label("tea is done").last, "Space")
        expect(status).to_have_text("2 of 3 left")
        expect(page.get_by_label("tea is done").first).not_to_be_checked()
        press(page, page.get_by_label("Text of milk"), "End")
        page.keyboard.type(" and bread")
        page.keyboard.press("Enter")
        bread = page.get_by_label("Text of milk and bread")
        expect(bread).to_be_focused()

        up = page.get_by_role("button", name="Move milk and bread up")
        press(page, up, "Enter")
        expect(rows.nth(1).locator("input").last).to_have_value("milk and bread")
        expect(up).to_be_focused()
        page.keyboard.press("Enter")
        expect(rows.nth(0).locator("input").last).to_have_value("milk and bread")
        press(page, page.get_by_role("button", name="Remove tea").first, "Enter")
        expect(rows).to_have_count(2)

        chosen = tmp_path / "lines.txt"
        chosen.write_text("salt\n" + "a very long text " * 10, "utf-8")
        page.get_by_label("Add lines of a file").set_input_files(chosen)
        expect(rows).to_have_count(4)
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(wide) <= 0
        press(page, page.get_by_role("button", name="Do everything"), "Enter")
        expect(status).to_have_text("0 of 4 left")
