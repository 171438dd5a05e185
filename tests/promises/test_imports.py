"""What an import costs: which modules it does not load."""

from __future__ import annotations

import pytest

from tests.support.fresh import run_fresh

HEAVY = ("asyncio", "cloudpickle", "cryptography", "msgspec")
"""Modules that take milliseconds, and that few handlers need."""

ON_TOP = (
    "handlerid.executors",
    "handlerid.integrations",
    "handlerid.testing",
    "handlerid.web",
)
OPTIONAL = ("handlerid._source", "handlerid._tokens.closures")

FRAMEWORKS = (
    *("starlette", "fastapi", "flask", "werkzeug", "django", "aiohttp", "jinja2"),
    *("anyio", "trio", "h11", "multipart", "python_multipart"),
)
INPUT_OUTPUT = ("socket", "ssl", "select", "selectors", "http", "wsgiref", "threading")

FIRST_CLICK = """
registry = Registry()
@registry.handler
def on_click(event: ClickEvent): return event.key
body = '{"handler": "%s", "key": "a"}' % next(iter(registry))
assert Dispatcher(registry).dispatch(body.encode()) == "a"
"""
POSTED_CLICK = """
from handlerid import Dispatcher, Registry
endpoint, app = Endpoint(), Dispatcher(Registry())
with app.scope() as scope:
    page = endpoint.attributes(scope, lambda: "clicked") + endpoint.script()
kind = [(b"content-type", b"application/json"), (b"sec-fetch-site", b"same-origin")]
request = endpoint.request("POST", kind)
request.feed(b'{"handler": "%s"}' % page.split('"')[1].encode())
assert app.dispatch(request.payload(), scope=scope) == "clicked"
assert endpoint.refuse(HandlerFailed(), request).status == 500
"""


def loaded_by(statements: str) -> set[str]:
    """The modules that a fresh process has loaded after some statements."""
    printed = run_fresh("-c", f"import sys\n{statements}\nprint(*sys.modules)")
    return set(printed.split())


def within(modules: set[str], packages: tuple[str, ...]) -> set[str]:
    """Those of the modules that are one of the packages or inside of it."""
    inside = tuple(f"{package}." for package in packages)
    return {name for name in modules if name in packages or name.startswith(inside)}


@pytest.mark.parametrize("names", ["*", "ClickEvent, Dispatcher, Registry"])
def test_importing_loads_nothing_heavy_and_no_layer(names: str) -> None:
    modules = loaded_by(f"from handlerid import {names}")
    assert modules > {"handlerid.errors", "handlerid.events", "handlerid._registry"}
    assert within(modules, (*HEAVY, *ON_TOP, *OPTIONAL)) == set()


def test_a_first_click_loads_no_layer() -> None:
    names = "from handlerid import ClickEvent, Dispatcher, Registry"
    modules = loaded_by(f"{names}\n{FIRST_CLICK}")
    assert within(modules, (*ON_TOP, *OPTIONAL, "msgspec", "cloudpickle")) == set()


def test_the_web_is_without_input_output_and_frameworks() -> None:
    of_the_core = loaded_by("import handlerid")
    modules = loaded_by(f"from handlerid.web import *\n{POSTED_CLICK}")
    assert modules > {"handlerid.web.endpoint", "handlerid.web.requests"}
    heavy = within(modules, (*HEAVY, *FRAMEWORKS, *INPUT_OUTPUT)) - of_the_core
    others = within(modules, ON_TOP) - within(modules, ("handlerid.web",))
    assert (heavy, others) == (set(), set())


def test_the_modules_are_there_with_the_package() -> None:
    assert loaded_by("import handlerid; handlerid.errors; handlerid.events")


def test_these_checks_see_an_import() -> None:
    assert within(loaded_by("import asyncio"), HEAVY) >= {"asyncio", "asyncio.events"}
