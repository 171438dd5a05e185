"""The page about Starlette and FastAPI: its files, as printed, in an empty folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.integrations.starlette.running import ROOT, Site, Visitor, serving
from tests.support.pages import files, save

UPDATED = "This page was updated."  # after the client loaded it again
PAGE = ROOT / "docs/start/fastapi-starlette.md"
TEXT = PAGE.read_text("utf-8")


FILES = dict(files(PAGE))


@contextmanager
def printed(folder: Path, app: str, *options: str) -> Iterator[Site]:
    """Serve an application of the page from an empty folder."""
    save(PAGE, folder / "empty")
    with serving(app, folder / "log", *options, cwd=folder / "empty") as site:
        yield site


def test_a_user_writes_at_most_25_lines() -> None:
    names = ["app.py", "templates/page.html"]
    assert list(FILES)[:2] == names
    lines = [one for name in names for one in FILES[name].splitlines() if one.strip()]
    assert len(lines) <= 25


def test_what_is_installed_is_an_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "$ pip install '.[starlette]' uvicorn\n" in TEXT
    assert "$ pip install fastapi\n" in TEXT
    needed = {"starlette", "python-multipart", "itsdangerous", "jinja2"}
    extra = project["optional-dependencies"]["starlette"]
    assert {re.split("[><=]", one)[0] for one in extra} == needed


@pytest.mark.parametrize("app", ["app:app", "fast:app"])
def test_the_page_that_counts(page: Page, tmp_path: Path, app: str) -> None:
    assert f"$ uvicorn {app} --workers 2\n" in TEXT
    with printed(tmp_path, app, "--workers", "2") as site:
        page.goto(site.url)
        for times in range(1, 4):
            page.get_by_role("button", name="Add one").click()
            expect(page.locator("#count")).to_have_text(f"Clicked {times} times")


def test_a_handler_that_moved(tmp_path: Path) -> None:
    with (
        printed(tmp_path, "fast:app") as old,
        printed(tmp_path, "counter:app") as new,
        Visitor(old.url) as visitor,
    ):
        (visitor.references["add"],) = re.findall(
            r'data-h-click="([^"]+)"', visitor.visit()
        )
        visitor.base_url = new.url
        visitor.action = "/_handlerid"
        assert "Clicked 1 times" in visitor.fire("add").text


def test_the_shop(page: Page, complaints: list[str], tmp_path: Path) -> None:
    with printed(tmp_path, "shop:app", "--workers", "2") as site:
        page.goto(site.url)
        item, items = page.get_by_label("Item"), page.locator("li")
        for name in ("tea", "milk"):
            item.fill(name)
            item.press("Enter")
            expect(items.filter(has_text=name)).to_have_count(1)
        page.get_by_role("button", name="Remove tea").click()
        expect(items).to_have_count(1)
        expect(items).to_contain_text("milk")

        brew, brewed = page.get_by_role("button", name="Brew"), page.locator("#brew")
        brew.click()
        notice = page.get_by_role("status").filter(has_text="not allowed")
        expect(notice).to_be_visible()
        expect(brewed).to_have_text("")
        assert ["403" in one for one in complaints] == [True]
        complaints.clear()
        page.get_by_label("Name").fill("Ann")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("You are Ann.")).to_be_visible()
        brew.click()
        expect(brewed).to_have_text("ready")

        chosen = tmp_path / "<b>.txt"
        chosen.write_text("hello", "utf-8")
        page.get_by_label("File").set_input_files(chosen)
        expect(page.locator("#kept")).to_have_text("<b>.txt: 5 bytes")
        page.get_by_label("File").set_input_files([])
        expect(page.locator("#kept")).to_have_text("")

        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_page_of_another_user_is_told(
    page: Page, complaints: list[str], tmp_path: Path
) -> None:
    """A tab from before login, one of a session that ended, and Back after logout."""

    def log_in(tab: Page) -> None:
        tab.get_by_label("Name").fill("Ann")
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_text("You are Ann.")).to_be_visible()

    def log_out(tab: Page) -> None:
        tab.get_by_role("button", name="Log out").click()
        expect(tab.get_by_role("button", name="Log in")).to_be_visible()

    with printed(tmp_path, "shop:app", "--workers", "2") as site:
        page.goto(site.url)
        page.get_by_label("Item").fill("tea")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("li")).to_have_count(1)
        other = page.context.new_page()
        other.goto(site.url)

        log_in(page)
        other.get_by_role("button", name="Remove tea").click()
        expect(other.get_by_text(UPDATED)).to_be_visible()
        expect(other.get_by_text("You are Ann.")).to_be_visible()
        expect(other.locator("li")).to_have_count(1)

        log_out(other)
        page.get_by_role("button", name="Brew").click()
        expect(page.get_by_text(UPDATED)).to_be_visible()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        expect(page.locator("#brew")).to_have_text("")

        log_in(page)
        page.goto(f"{site.url}/?another=page")
        log_out(page)
        page.go_back()
        page.get_by_role("button", name="Brew").click()
        # Told, of either refusal; so nothing is under way when the server ends.
        expect(page.locator("[data-handlerid-notice]")).not_to_be_empty()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        expect(page.locator("#brew")).to_have_text("")
    assert complaints
    assert all("403" in one for one in complaints)
    complaints.clear()


def test_without_javascript_and_without_templates(tmp_path: Path) -> None:
    with printed(tmp_path, "shop:app") as site, Visitor(site.url) as visitor:
        text = visitor.visit()
        # Without a method, the browser would write the fields into the URL.
        forms = re.findall(r"<form [^>]+>", text)
        assert all(' method="post" action="/_handlerid"' in one for one in forms)
        found = re.findall(r'name="_handler" value="([^"]+)"', text)
        assert len(forms) == len(found) == 2
        visitor.references["add"], log_in = found
        answer = visitor.navigate("add", item="tea")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "Remove tea" in visitor.visit()
        visitor.references["log_in"] = log_in
        answer = visitor.navigate("log_in", user="Ann")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "You are Ann." in visitor.visit()

        answer = visitor.get("/bare")
        assert answer.headers["cache-control"] == "private, no-store"
        (reference,) = re.findall(r'data-h-click="([^"]+)"', answer.text)
        visitor.references["log_out"] = reference
        assert "Remove tea" not in visitor.fire("log_out").text
