"""What is in dist is what users get: `make package` builds it and runs these tests.

They run without the repository's conftest: a release installs the group `package` only.
Each environment is a fresh one that holds the wheel and what it requires.
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from email.message import Message
from functools import partial
from pathlib import Path

import pytest

from tests.pythons import require_python
from tests.support.pages import PAGES, save

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LARGEST = 272_000  # bytes of the wheel; 250,000 is the aim

Environment = Callable[..., Path]


def only(pattern: str) -> Path:
    (found,) = (ROOT / "dist").glob(pattern)
    return found


@pytest.fixture(scope="module")
def metadata() -> Message:
    with zipfile.ZipFile(only("*.whl")) as wheel:
        (name,) = [x for x in wheel.namelist() if x.endswith("dist-info/METADATA")]
        return email.message_from_bytes(wheel.read(name))


def description(metadata: Message) -> str:
    """Return the README as the package index shows it, without its code."""
    payload = metadata.get_payload(decode=True)
    assert isinstance(payload, bytes)
    fenced = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    return fenced.sub("", payload.decode("utf-8"))


def links(text: str) -> list[str]:
    kinds = r"""\]\(([^)\s]+)|^\[[^]]+\]: (\S+)|(?:src|href|srcset)=["']([^"' ]+)"""
    return ["".join(one) for one in re.findall(kinds, text, re.MULTILINE)]


# The files.


def test_the_wheel_is_small() -> None:
    assert only("*.whl").stat().st_size <= LARGEST


def test_the_version_stands_in_one_place(metadata: Message) -> None:
    assert metadata["Version"] == PROJECT["version"]
    assert only("*.tar.gz").name == f"handlerid-{PROJECT['version']}.tar.gz"


def test_a_user_needs_two_packages_and_an_extra_few(metadata: Message) -> None:
    needed = metadata.get_all("Requires-Dist", [])
    assert [x for x in needed if "extra ==" not in x] == PROJECT["dependencies"]
    assert len(needed) <= 10


def test_the_sdist_is_the_repository() -> None:
    with tarfile.open(only("*.tar.gz")) as sdist:
        names = {x.name.partition("/")[2] for x in sdist.getmembers()}
    top = {x.partition("/")[0] for x in names}
    assert {"Makefile", "conftest.py", "docs", "src", "tests"} <= top
    assert {".ci/run", "LICENSE", "tests/project/built.py"} <= names
    assert not top & {".cache", ".git", ".hypothesis", ".venv", "dist", "node_modules"}


# The README on a package index.


def test_no_link_of_the_index_is_relative(metadata: Message) -> None:
    found = links(description(metadata))
    assert found
    assert [x for x in found if not x.startswith(("https://", "http://", "#"))] == []


def test_the_links_of_the_index_lead_to_pages(metadata: Message) -> None:
    docs = PROJECT["urls"]["Documentation"]
    found = links(description(metadata))
    found += [one.partition(", ")[2] for one in metadata.get_all("Project-URL", [])]
    ours = {x.partition("#")[0].removeprefix(docs) for x in found if docs in x}
    assert [x for x in sorted(ours) if not is_built(x)] == []


def is_built(page: str) -> bool:
    """Return whether Sphinx makes this file of ours."""
    if page.startswith("_images/"):
        name = page.removeprefix("_images/")
        texts = [x.read_text("utf-8") for x in PAGES if x.is_relative_to(ROOT / "docs")]
        return any(f"/{name})" in x or f"({name})" in x for x in texts)
    return not page or (ROOT / "docs" / page).with_suffix(".md").is_file()


def test_all_addresses_of_the_docs_are_one() -> None:
    docs = PROJECT["urls"]["Documentation"]
    for name in ("pyproject.toml", "CITATION.cff", ".github/ISSUE_TEMPLATE/config.yml"):
        found = re.findall(r"https://handlerid[\w.]+/[\w/]*", (ROOT / name).read_text())
        assert found, name
        assert [x for x in found if not x.startswith(docs)] == []


# The wheel, installed.


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return a function that installs the wheel in an environment of its own."""

    def installed(extra: str = "", *others: str, python: Path | None = None) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        base = python or Path(sys.executable)
        run(base, "-m", "venv", "--without-pip", folder)
        own = folder / "bin" / "python"
        pip = partial(run, Path(sys.executable), "-m", "pip", "--python", own)
        wheel = f"{only('*.whl')}[{extra}]" if extra else only("*.whl")
        pip("install", "--quiet", "--no-compile", wheel, *others)
        return own

    return installed


def run(
    python: Path, *arguments: str | Path, cwd: Path | None = None, code: int = 0
) -> str:
    """Run Python without what this process has, and return what it printed."""
    done = subprocess.run(
        [python, *arguments],
        cwd=cwd,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(Path.home()),
            "SESSION_KEY": "only for the tests",
            "APP_KEY": "k" * 16,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


HOST = '''
"""A host with one handler."""
from handlerid import ClickEvent, Dispatcher, Registry

app = Dispatcher(Registry())

@app.registry.handler
def on_click(event: ClickEvent) -> str:
    return f"clicked {event.key}"

ID = app.registry.register(on_click)
'''

CLICK = """
import host
print(host.ID, host.app.dispatch({"handler": str(host.ID), "key": "row-7"}))
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_wheel_works(version: str, tmp_path: Path, install: Environment) -> None:
    python = install("", "pytest", python=require_python(version))
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    (tmp_path / "click.py").write_text(CLICK, "utf-8")
    here = partial(run, python, cwd=tmp_path)

    handler, *said = here("click.py").split()
    assert re.fullmatch(r"h1-[a-z2-7]{13}-[a-z2-7]{20}\.click", handler)
    assert said == ["clicked", "row-7"]

    assert here("-m", "handlerid", "--version") == f"handlerid {PROJECT['version']}\n"
    assert handler in here("-m", "handlerid", "ids", "host")
    script = subprocess.run(
        [python.with_name("handlerid"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert script.stdout.startswith("usage: handlerid ")
    assert here("-m", "handlerid", "manifest", "host", "-o", "manifest.json")
    tested = here("-m", "pytest", "-q", "--handlerid-manifest", "manifest.json")
    assert tested.splitlines()[-1].startswith("1 passed")


# The extras: what one is for says so when it is missing, and works with it alone.

STARLETTE = "handlerid.integrations.starlette"
ABSENT = {
    f"import {STARLETTE}": (
        f"{STARLETTE} needs starlette: pip install 'handlerid[starlette]'"
    ),
    "import handlerid.integrations.mesop": (
        "handlerid.integrations.mesop needs mesop: pip install 'handlerid[mesop]'"
    ),
    "from handlerid import *; Dispatcher(Registry(), json='msgspec')": (
        "json=\"msgspec\" needs msgspec: pip install 'handlerid[msgspec]'"
    ),
    "from handlerid import *; Tokens(bytes(16), encrypt=True)": (
        "Tokens(encrypt=True) needs cryptography: pip install 'handlerid[encryption]'"
    ),
}

EVERY_OTHER_MODULE = """
import importlib, pkgutil, handlerid
for one in pkgutil.walk_packages(handlerid.__path__, "handlerid."):
    if not one.name.endswith(".__main__") and ".integrations." not in one.name:
        try: importlib.import_module(one.name)
        except ModuleNotFoundError as error: print(one.name, error.name)
"""


def test_a_missing_extra_says_so_in_one_line(install: Environment) -> None:
    python = install()
    for program, text in ABSENT.items():
        said = run(python, "-c", program, code=1)
        assert said.splitlines()[-1] == f"ImportError: {text}"
        assert said.count("Traceback") == 1
    command = run(python, "-m", "handlerid.integrations.mesop", code=1)
    assert command.splitlines()[-1].endswith("pip install 'handlerid[mesop]'")
    # Loaded for a class of msgspec's only.
    assert (
        run(python, "-c", EVERY_OTHER_MODULE) == "handlerid._decoding.structs msgspec\n"
    )


def test_a_part_of_an_extra_is_missing(install: Environment) -> None:
    said = run(install("", "starlette"), "-c", "import " + STARLETTE, code=1)
    text = f"{STARLETTE} needs itsdangerous: pip install 'handlerid[starlette]'"
    assert said.splitlines()[-1] == f"ImportError: {text}"


ALONE = {
    "encryption": """
from handlerid import Dispatcher, Registry, Tokens
tokens = Tokens(bytes(16), encrypt=True)
app = Dispatcher(Registry(captures="carry"), tokens=tokens)
def offer(secret):
    def show():
        return secret
    with app.scope(audience="user") as scope:
        return scope.offer(show)
app.registry.scan("__main__")
token = offer("the secret")
assert token.startswith("t1.")
assert app.dispatch({"handler": token}, audience="user") == "the secret"
""",
    "msgspec": """
import msgspec
from handlerid import Dispatcher, Registry
class Rate(msgspec.Struct):
    stars: int
app = Dispatcher(Registry(), json="msgspec")
def rate(event: Rate) -> int:
    return event.stars
handler = app.registry.register(rate)
assert app.dispatch(b'{"handler": "%s", "stars": 5}' % str(handler).encode()) == 5
""",
    "mesop": """
from handlerid.integrations.mesop import install, uninstall
install()
uninstall()
""",
    # An ASGI server, in short.
    "starlette": """
import asyncio, json, re
from app import app

async def ask(method, path, body=b"", **headers):
    sent = []
    async def receive():
        return {"type": "http.request", "body": body}
    async def send(message):
        sent.append(message)
    named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "root_path": "",
             "query_string": b"", "headers": named, "server": ("localhost", 80),
             "scheme": "http", "http_version": "1.1", "client": None}
    await app(scope, receive, send)
    body = b"".join(one.get("body", b"") for one in sent[1:]).decode()
    return sent[0]["status"], dict(sent[0]["headers"]), body

async def click():
    status, headers, page = await ask("GET", "/")
    cookie = headers[b"set-cookie"].decode().partition(";")[0]
    handler = re.search('data-h-click="([^"]+)"', page)[1]
    return await ask(
        "POST", "/_handlerid", json.dumps({"handler": handler}).encode(),
        cookie=cookie, sec_fetch_site="same-origin", content_type="application/json",
    )

status, _, page = asyncio.run(click())
assert (status, "Clicked 1 times" in page) == (200, True), page
""",
}


def test_every_extra_is_tried() -> None:
    assert sorted(ALONE) == sorted(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("extra", ALONE)
def test_an_extra_alone_is_enough(
    extra: str, tmp_path: Path, install: Environment
) -> None:
    if extra == "starlette":
        save(ROOT / "docs/start/fastapi-starlette.md", tmp_path)
    (tmp_path / "tried.py").write_text(ALONE[extra], "utf-8")
    run(install(extra), "tried.py", cwd=tmp_path)
