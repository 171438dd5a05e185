"""What the README shows: its files, commands, tables, picture and links."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, expect

from handlerid import HandlerId, errors
from tests.integrations.starlette.running import serving
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pages import blocks, files, save

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TEXT = README.read_text("utf-8")
FILES = dict(files(README))
PAGES = [README, ROOT / "CONTRIBUTING.md"]
RENDER, CLICK = "python shop.py render", "python shop.py click "


def commands() -> dict[str, str]:
    """Return what each command of the README prints, without its comment."""
    shown = [x.commands() for x in blocks(TEXT) if x.tag == "console"]
    found = [(command, output) for some in shown for _, command, output in some]
    return {command.partition("  # ")[0]: output for command, output in found}


def without_make(target: str) -> list[str]:
    """Return the commands that the README gives for a target of make."""
    line = re.search(rf"^\$ make {target}  # (.+)$", TEXT, re.MULTILINE)
    assert line is not None
    return line[1].split(" && ")


def the_click() -> str:
    """Return the id that the README clicks."""
    (command,) = (one for one in commands() if one.startswith(CLICK))
    return command.removeprefix(CLICK)


def test_the_readme_is_short_and_shows_python_early() -> None:
    assert TEXT.count("\n") <= 120
    first = next(block for block in blocks(TEXT) if block.tag == "python")
    assert first.line < 30
    assert len([line for line in first.text.splitlines() if line]) <= 12


# What each process prints is compared by the page itself, on this Python.


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_id_is_the_same_on_every_python(tmp_path: Path, version: str) -> None:
    (tmp_path / "shop.py").write_text(FILES["shop.py"], "utf-8")
    python = str(require_python(version))
    rendered = run_fresh("shop.py", "render", cwd=tmp_path, python=python, seed="1")
    assert rendered == commands()[RENDER]
    clicked = the_click()
    assert f'"{clicked}"' in rendered
    answer = run_fresh(
        "shop.py", "click", clicked, cwd=tmp_path, python=python, seed="2"
    )
    assert answer == commands()[CLICK + clicked]


def test_the_parts_of_the_id_are_named() -> None:
    text = " ".join(TEXT.split())
    (sentence,) = re.findall(r"The id is the .+?\)\.", text)
    parts = HandlerId.parse(the_click())
    assert re.findall(r"\*\*(\w+)\*\*[^*]*?`([\w.]{5,})`(?: of|[,)])", sentence) == [
        ("location", parts.location),
        ("fingerprint", parts.fingerprint),
        ("event", parts.event),
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("Hello, ", "Good morning, ", errors.StaleHandler),
        ("def greet(", "def wave(", errors.UnknownHandler),
    ],
)
def test_a_click_after_a_change(
    tmp_path: Path, old: str, new: str, error: type[errors.HandlerIdError]
) -> None:
    changed = FILES["shop.py"].replace(old, new)
    assert changed != FILES["shop.py"]
    (tmp_path / "shop.py").write_text(changed, "utf-8")
    with pytest.raises(AssertionError, match=rf"\nhandlerid.errors.{error.__name__}: "):
        run_fresh("shop.py", "click", the_click(), cwd=tmp_path)


def test_the_table_has_the_status_of_each_error() -> None:
    rows = re.findall(r"^\| .+ \| (.+) \| ([\d; ]+) \|$", TEXT, re.MULTILINE)
    assert rows[0][1] == "200"
    said = [
        (name, int(status))
        for what, statuses in rows[1:]
        for group, status in zip(what.split("; "), statuses.split("; "), strict=True)
        for name in re.findall(r"`(\w+)`", group)
    ]
    assert len(said) == 7
    assert [(name, getattr(errors, name).status) for name, _ in said] == said


CLICKS = """
from handlerid import Dispatcher, Registry, Tokens
from handlerid.errors import HandlerIdError
from links import link

def clicked(renders, answers, **audience):
    with renders.scope(**audience) as scope:
        pages = [link(scope, url) for url in ("/tea", "/coffee")]
    given = {"scope": scope} if renders is answers else {}
    print(*(answers.dispatch({"handler": x}, **given, **audience) for x in pages))

for captures in ("allow", "distinct"):
    app = Dispatcher(Registry(captures=captures))
    clicked(app, app)

def server():
    registry = Registry(captures="carry")
    registry.scan("links")
    return Dispatcher(registry, tokens=Tokens(b"k" * 32))

clicked(server(), server(), audience=None)

def page(scope):
    return [link(scope, url) for url in ("/tea", "/coffee")]

first, second = (Dispatcher(Registry(captures="distinct")) for _ in range(2))
with first.scope() as scope:
    sent = page(scope)
print(*(second.dispatch({"handler": x}, rerender=page) for x in sent))
try:
    second.dispatch({"handler": sent[0]})
except HandlerIdError as error:
    print(type(error).__name__)
"""


def test_both_links_lead_to_the_last_url_unless_cured(tmp_path: Path) -> None:
    definitions, _, _ = FILES["links.py"].partition("with Dispatcher")
    (tmp_path / "links.py").write_text(definitions, "utf-8")
    assert run_fresh("-c", CLICKS, path=tmp_path).splitlines() == [
        "/coffee /coffee",
        "/tea /coffee",
        "/tea /coffee",
        "/tea /coffee",
        "UnknownHandler",
    ]


def test_the_template_works_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    shown = re.search(r"`((?:\w+_KEY=\S+ )+)uvicorn (\S+) ([^`]+)`", TEXT)
    assert shown is not None
    variables, app, options = shown.groups()
    keys = dict(one.split("=") for one in variables.split())
    assert len(keys) == 2
    save(README, tmp_path)
    log = tmp_path / "log"
    with (
        serving(app, log, *options.split(), cwd=tmp_path, **keys) as site,
        browser.new_page() as page,
    ):
        page.goto(site.url)
        page.get_by_role("button", name="Greet").click()
        expect(page.locator("#said")).to_have_text(re.compile("^Hello from process "))


def test_the_demo_prints_what_the_readme_shows() -> None:
    script = without_make("demo")[-1].removeprefix("python ")
    with subprocess.Popen(
        [sys.executable, str(ROOT / script), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        expected = shape(commands()["make demo"])
        try:
            printed = [demo.stdout.readline() for _ in expected]
        finally:
            demo.send_signal(signal.SIGINT)
        assert demo.stdout.read() == ""
    assert shape("".join(printed)) == expected
    assert demo.returncode == 0


def shape(output: str) -> list[str]:
    """Return the lines of an output, without the numbers that differ in each run."""
    return re.sub(r"\d+", "N", output).splitlines()


def test_without_make_the_same_is_installed_and_run() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert without_make("demo")[0] == 'pip install ".[starlette]" uvicorn httpx'
    extra = project["project"]["optional-dependencies"]["starlette"]
    demo = project["dependency-groups"]["demo"]
    assert demo[: len(extra)] == extra
    assert [re.split("[><=]", x)[0] for x in demo[len(extra) :]] == ["uvicorn", "httpx"]

    install, run = without_make("test")
    (extras,) = re.findall(r"^EXTRAS = .*,(\[[\w,]+\])\)$", makefile, re.MULTILINE)
    assert install == f'pip install -e ".{extras}" --group test'
    (processes,) = re.findall(r"pytest --numprocesses (\d+)", makefile)
    assert run == f"pytest -n {processes}"


def test_the_screen_of_diff_is_that_of_the_page_on_commands() -> None:
    (shown,) = (x.text for x in blocks(TEXT) if x.text.startswith("$ handlerid diff"))
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    command, _, output = shown.partition("\n")
    ((ran, printed),) = (
        (ran, printed)
        for block in blocks(page)
        for _, ran, printed in block.commands()
        if ran.startswith("handlerid diff ")
    )
    # What the page's command has in addition adds a line at the end.
    assert command == f"$ {ran}".partition(" --fail-on")[0]
    assert printed.startswith(output)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text("utf-8")))
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert local
    assert [link for link in local if not (page.parent / link).is_file()] == []


def test_links_are_those_that_the_package_index_can_follow() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    beside = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md"}
    assert [x for x in links if not x.startswith("docs/") and x not in beside] == []


# The picture. A phone of 390 pixels leaves 358 for it; letters of 11 can be read there.
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_can_be_read_on_a_phone_and_in_the_dark() -> None:
    picture = ElementTree.parse(ROOT / "docs" / "problem.svg").getroot()
    style = picture.findtext(f"{SVG}style") or ""
    width = float(picture.attrib["viewBox"].split()[2])
    sizes = [float(x) for x in re.findall(r"([\d.]+)px", style)]
    assert min(sizes) * 358 / width >= 11
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
    coloured = re.compile(r"^\s*([\w.]+) \{.*?(?:fill|stroke): ?#", re.MULTILINE)
    assert set(coloured.findall(light)) == set(coloured.findall(dark))
    assert picture.findtext(f"{SVG}title")
    assert picture.findtext(f"{SVG}desc")
    assert picture.findall(f".//{SVG}text")


IDS = """
import sys, shop, handlerid
for name in sys.argv[1:]:
    print(handlerid.handler_id(getattr(shop, name))[:7])
"""


def test_the_picture_has_the_ids_of_the_file_beside_it(tmp_path: Path) -> None:
    picture = (ROOT / "docs" / "problem.svg").read_text("utf-8")
    found = re.findall(r">(h1-\w+)…<tspan[^>]*>(\w+)<", picture)
    rows = {name: start for start, name in found}
    assert list(rows) == ["open", "delete", "greet"]
    handlers = "".join(f"def {name}(): ...\n" for name in rows)
    (tmp_path / "shop.py").write_text(handlers, "utf-8")
    assert run_fresh("-c", IDS, *rows, cwd=tmp_path).split() == list(rows.values())
    assert the_click().startswith(rows["greet"])
    assert picture.count(f"{rows['greet']}…") == 2


def test_the_picture_has_a_description() -> None:
    (alt,) = re.findall(r"!\[([^]]+)\]\(docs/problem\.svg\)", TEXT)
    assert len(alt) > 80
