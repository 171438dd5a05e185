"""The page about Flask and htmx: its files, as printed, in two workers and Chromium."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.integrations.starlette.running import until
from tests.support.fresh import environment, run_fresh
from tests.support.pages import files, save
from tests.support.servers import running

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/start/flask-htmx.md"
TEXT = PAGE.read_text("utf-8")
PACKAGES = ROOT / ".cache/node_modules"
CDN = "https://cdn.jsdelivr.net/npm/htmx.org@"


def package(version: str) -> Path:
    """Return the folder of htmx 4, which the page loads, or of htmx 2."""
    folder = PACKAGES / {"4": "htmx.org", "2": "htmx-2"}[version]
    if not folder.exists():
        pytest.skip(f"needs htmx {version} in .cache/node_modules: see .ci/run")
    return folder


@contextmanager
def serving(folder: Path, app: str) -> Iterator[str]:
    """Run an application of the page in two workers."""
    assert "$ gunicorn --workers 2 app:app\n" in TEXT
    assert "`gunicorn --workers 2 shop:app`" in TEXT
    log, command = folder / "log", ("-m", "gunicorn", "--workers", "2", app)
    keys = {"SESSION_KEY": "a key of the tests", "APP_KEY": "another, no secret either"}
    env = environment(folder, **keys)
    with running(*command, "--bind=127.0.0.1:0", log=log, cwd=folder, env=env):
        until(lambda: log.read_text("utf-8").count("Booting worker") == 2, log)
        found = re.search(r"Listening at: (http://[\w.:]+)", log.read_text("utf-8"))
        assert found is not None
        yield found[1]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    yield page
    context.close()


def route_htmx(page: Page, version: str) -> None:
    """Serve the page's scripts from the npm package."""
    folder = package(version)

    def answer(route: Route, request: Request) -> None:
        pinned, _, name = request.url.removeprefix(CDN).partition("/")
        known = json.loads((folder / "package.json").read_text("utf-8"))["version"]
        assert version != "4" or pinned == known, "the page loads what is tested"
        route.fulfill(path=folder / name)

    page.route(f"{CDN}**", answer)
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))


@pytest.mark.parametrize("version", ["4", "2"])
def test_the_page_that_counts(page: Page, tmp_path: Path, version: str) -> None:
    save(PAGE, tmp_path)
    if version == "2":
        (meta,) = re.findall("^<meta name=.*$", TEXT, re.MULTILINE)
        template = tmp_path / "templates/page.html"
        template.write_text(f"{meta}\n{template.read_text('utf-8')}", "utf-8")
    route_htmx(page, version)
    button, notice = page.get_by_role("button", name="Add one"), page.locator("#notice")
    with serving(tmp_path, "app:app") as url:
        page.goto(url)
        for times in range(1, 9):
            button.click()
            expect(page.locator("#count")).to_have_text(f"Clicked {times} times")

        def post(old: str, new: str) -> None:
            values = str(button.get_attribute("hx-vals"))
            assert re.search(old, values)
            changed = re.sub(old, new, values)
            button.evaluate("(one, it) => one.setAttribute('hx-vals', it)", changed)
            button.click()

        post("h1-[a-z0-9]+", "h1-aaaaaaaaaaaaa")
        expect(notice).to_have_text("This action does not exist here.")
        expect(page.locator("#count")).to_have_text("Clicked 8 times")
        with page.expect_event("load"):
            post("h1-[a-z0-9]+-[a-z0-9]+", good_location(page, url) + "-" + "a" * 20)
        expect(notice).to_have_text("")
        button.click()
        expect(page.locator("#count")).to_have_text("Clicked 9 times")

        refused = page.request.post(f"{url}/events", form={"_handler": "h"})
        assert refused.status == 403  # it has the session's cookie, and no origin


def good_location(page: Page, url: str) -> str:
    """Return the location part of the page's handler."""
    found = re.search(r"h1-[a-z0-9]{13}", page.request.get(url).text())
    assert found is not None
    return found[0]


def test_a_handler_that_fails(page: Page, tmp_path: Path) -> None:
    save(PAGE, tmp_path)
    app, answer = tmp_path / "app.py", '    return f"Clicked'
    before, after = app.read_text("utf-8").split(answer)
    app.write_text(f"{before}    1 / 0\n{answer}{after}", "utf-8")
    route_htmx(page, "4")
    with serving(tmp_path, "app:app") as url:
        page.goto(url)
        page.get_by_role("button", name="Add one").click()
        expect(page.locator("#notice")).to_have_text("This action failed.")
        expect(page.locator("#count")).to_have_text("Clicked 0 times")
    assert "ZeroDivisionError" in (tmp_path / "log").read_text("utf-8")


PIECES = """
import os
from io import BytesIO
os.environ["SESSION_KEY"] = "a key of the tests"
from app import app, asyncio, handlers, session
from handlerid.events import UploadEvent
from markupsafe import escape

{functions}

def post(function, **form):
    with app.app_context(), handlers.scope() as scope:
        form["_handler"] = scope.offer(function)
    headers = {{"Sec-Fetch-Site": "same-origin"}}
    return app.test_client().post("/events", data=form, headers=headers).text

print(post(keep, files=(BytesIO(b"hello"), "<b>.txt")))
print(post(keep, files=(BytesIO(b""), "")))
print(post(look_up))
print(post(brew).split())
"""


def test_pieces_of_the_shop_in_the_first_application(tmp_path: Path) -> None:
    """With the decorator, as each section says."""
    save(PAGE, tmp_path)
    shop = dict(files(PAGE))["shop.py"]
    kept = [
        f"@handlers.registry.handler\n{ast.get_source_segment(shop, one)}"
        for one in ast.parse(shop).body
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
        and one.name in ("keep", "look_up", "brew")
    ]
    (streams,) = re.findall(
        r"^    if call\.handler\.kind(?:.*\n){3}", shop, re.MULTILINE
    )
    app, run = (tmp_path / "app.py").read_text("utf-8"), "    return asyncio.run("
    app = app.replace(run, streams + run).replace("Flask,", "Flask, Response,")
    (tmp_path / "app.py").write_text(app, "utf-8")
    (tmp_path / "pieces.py").write_text(PIECES.format(functions="\n\n".join(kept)))
    assert run_fresh("pieces.py", cwd=tmp_path).splitlines() == [
        "&lt;b&gt;.txt: 5 bytes",
        "No file chosen",
        "0 items",
        "['data:', 'grinding', 'data:', 'pouring', 'data:', 'ready']",
    ]


def test_the_shop(page: Page, tmp_path: Path) -> None:
    save(PAGE, tmp_path)
    route_htmx(page, "4")
    with serving(tmp_path, "shop:app") as url:
        page.goto(url)
        items = page.locator("li")
        for count, name in enumerate(("tea", "<b>milk", "rice"), 1):
            page.get_by_label("Item").fill(name)
            with page.expect_event("load"):
                page.get_by_role("button", name="Add").click()
            expect(items).to_have_count(count)
        page.get_by_role("button", name="Remove <b>milk").click()
        expect(items).to_have_count(2)
        page.get_by_role("button", name="Look up").click()
        expect(page.locator("#found")).to_have_text("2 items")

        chosen = tmp_path / "<b>.txt"
        chosen.write_text("hello", "utf-8")
        page.get_by_label("File").set_input_files(chosen)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#kept")).to_have_text("<b>.txt: 5 bytes")

        brewed = page.locator("#brew")
        page.evaluate(
            """() => {
                window.steps = [];
                const brew = document.querySelector("#brew");
                const note = () => window.steps.push(brew.textContent);
                new MutationObserver(note).observe(brew, {childList: true});
            }"""
        )
        page.get_by_role("button", name="Brew").click()
        expect(brewed).to_have_text("ready")
        assert page.evaluate("window.steps") == ["grinding", "pouring", "ready"]

        # A refused click leaves the place of its text for the next one.
        remove = page.get_by_role("button", name="Remove tea")
        forged = json.dumps({"_handler": "t1.forged"})
        remove.evaluate("(one, it) => one.setAttribute('hx-vals', it)", forged)
        remove.click()
        expect(page.locator("#notice")).to_have_text("This action is not allowed.")
        expect(items).to_have_count(2)

        # Another visitor cannot call what this one's page shows.
        values = page.get_by_role("button", name="Look up").get_attribute("hx-vals")
        page.context.clear_cookies()
        page.request.get(url)
        headers = {"Sec-Fetch-Site": "same-origin"}
        form = json.loads(str(values))
        stolen = page.request.post(f"{url}/events", form=form, headers=headers)
        assert (stolen.status, stolen.headers["hx-refresh"]) == (403, "true")
