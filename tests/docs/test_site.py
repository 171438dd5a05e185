"""The built docs: every name of the API, llms.txt, search, copy buttons, a phone."""

from __future__ import annotations

import html
import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sphinx.util.inventory import InventoryFile

from tests.support.pages import PAGES

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MODULES = [
    "handlerid",
    "handlerid.check",
    "handlerid.errors",
    "handlerid.events",
    "handlerid.executors",
    "handlerid.integrations.mesop",
    "handlerid.integrations.starlette",
    "handlerid.manifest",
    "handlerid.testing",
    "handlerid.web",
]

# What a user types, and a page that is among the first three results.
SEARCHES = {
    "htmx": "start/flask-htmx",
    "Jinja": "start/fastapi-starlette",
    "debounce": "reference/wire",
    "CSRF": "production/security",
    "worker": "production/worker-processes",
    "deploy": "production/deploy",
    "closure": "closures/closures-in-a-loop",
    "component": "closures/methods-of-components",
    "method": "closures/methods-of-components",
    "upload": "events/forms-and-uploads",
    "async": "events/async-handlers",
    "Flask": "events/async-handlers",
    "FastAPI": "start/fastapi-starlette",
    "key": "production/keys",
    "rotate": "production/keys",
    "WebSocket": "start/connected-hosts",
    "log": "production/log-calls",
    "unit test": "testing/unit-test-handlers",
    "test handler": "testing/unit-test-handlers",
    "why did my id change": "production/why-an-id-changed",
    "log calls": "production/log-calls",
    "rotate key": "production/keys",
    "scan": "closures/handlers-never-rendered",
    "stale": "testing/hot-reload",
    "permission": "production/security",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the docs as ``make docs`` does: a warning is an error."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs"]
    done = subprocess.run([*command, built], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return built


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Generator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    yield page
    page.close()


@pytest.fixture(scope="module")
def desktop(site: Path, browser: Browser) -> Generator[Page]:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    yield page
    page.close()


def test_every_public_name_has_an_entry(site: Path) -> None:
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    entries = {name for names in inventory.data.values() for name in names}
    missing: list[str] = []
    for module in map(importlib.import_module, MODULES):
        names = getattr(module, "__all__", None) or [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", None) == module.__name__
        ]
        assert len(names) > 1
        for name in names:
            home = getattr(getattr(module, name), "__module__", module.__name__)
            if not {f"{module.__name__}.{name}", f"{home}.{name}"} & entries:
                missing.append(f"{module.__name__}.{name}")
    assert missing == []


def test_the_api_shows_nothing_private(site: Path) -> None:
    pages = sorted((site / "reference/api").glob("*.html"))
    assert len(pages) > 10
    for page in pages:
        article = page.read_text("utf-8").partition("<article")[2]
        text = html.unescape(re.sub(r"<[^>]+>", "", article.partition("</article>")[0]))
        signatures = re.findall(r"<dt class=.sig.*?</dt>", article, re.DOTALL)
        names = re.findall(r">\W*(\w+)<", " ".join(signatures))
        assert [one for one in names if re.match(r"_(?!_)", one)] == [], page.name
        assert re.findall(r"handlerid\S*\._[a-z]\w+|TypeAlias|_NOT_GIVEN", text) == []


def test_llms_txt_names_every_page(site: Path) -> None:
    text = (site / "llms.txt").read_text("utf-8")
    assert re.match(r"# handlerid\n\n> handlerid gives .+\n\n## Start\n\n- \[", text)
    links = re.findall(r"^- \[[^]]+]\(([^)]+)\): \S.+[.?!]$", text, re.MULTILINE)
    assert len(links) == text.count("\n- ")
    assert [link for link in links if not (site / link).is_file()] == []
    pages = {page.relative_to(DOCS) for page in PAGES if page.is_relative_to(DOCS)}
    named = {Path(link.removeprefix("_sources/")).with_suffix(".md") for link in links}
    assert pages - named == {Path("index.md")}


def test_a_copied_block_is_what_was_typed(site: Path, desktop: Page) -> None:
    desktop.goto((site / "reference/commands.html").as_uri())
    block = desktop.locator(
        ".highlight-console", has_text="r41.json: 5 functions"
    ).first
    block.hover()
    block.locator("button.copybtn").click()
    desktop.locator(".sidebar-search").focus()
    desktop.keyboard.press("Control+V")
    pasted = desktop.locator(".sidebar-search").input_value()
    assert pasted.startswith("handlerid manifest shop -o r41.json")
    assert "$" not in pasted
    assert "functions" not in pasted


def test_no_page_scrolls_sideways_on_a_phone(site: Path, phone: Page) -> None:
    wide = {}
    for file in sorted(site.rglob("*.html")):
        phone.goto(file.as_uri(), wait_until="domcontentloaded")
        widths = phone.evaluate("""() => [
          document.documentElement.scrollWidth - innerWidth,
          ...Array.from(document.querySelectorAll(".table-wrapper"),
                        (one) => one.scrollWidth - one.clientWidth)]""")
        if max(widths) > 0:
            wide[file.name] = widths
    assert wide == {}


def test_tables_are_blocks_on_a_phone(site: Path, phone: Page) -> None:
    phone.goto((site / "reference/errors.html").as_uri())
    cell = phone.locator("table.stacked td[data-column]").first
    shown = cell.evaluate("(cell) => getComputedStyle(cell, '::before').content")
    assert shown == '"meaning: "'


@pytest.mark.parametrize(("typed", "wanted"), SEARCHES.items())
def test_search_finds(typed: str, wanted: str, desktop: Page) -> None:
    desktop.locator(".sidebar-search").fill("")
    desktop.locator(".sidebar-search").press_sequentially(typed)
    with desktop.expect_navigation():
        desktop.keyboard.press("Enter")
    desktop.wait_for_selector("#search-results .search-summary:has-text('found')")
    results = desktop.locator("#search-results ul.search > li > a").all()[:3]
    found = [one.get_attribute("href") or "" for one in results]
    assert [one for one in found if one.startswith(f"{wanted}.html")], found
