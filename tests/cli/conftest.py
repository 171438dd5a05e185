"""Runs the command line in this process, in a directory with packages of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from handlerid._cli import main

SHOP = """
from handlerid import ClickEvent, Dispatcher, Identity, Registry

print("imported")
identity = Identity(keys=b"secret")
registry = Registry(identity=identity)
app = Dispatcher(registry)


def buy(event: ClickEvent) -> int:
    return 1


@registry.handler(name="cart.add")
def add(event: ClickEvent) -> int:
    return 2


def row(url):
    def on_click(event: ClickEvent):
        return url

    return on_click


class Cart:
    total = 3

    def empty(self, event: ClickEvent) -> None: ...
"""


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class Run(Protocol):
    def __call__(self, *arguments: str) -> Done: ...


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Done:
        capsys.readouterr()
        code: object = None
        try:
            code = main(arguments)
        except SystemExit as error:
            code = error.code
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, with the module ``cli_shop``; modules are forgotten."""
    (tmp_path / "cli_shop.py").write_text(SHOP, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("HANDLERID_RELEASE", raising=False)
    known = {*sys.modules}
    yield tmp_path
    for one in {*sys.modules} - known:
        if one.startswith("cli_"):
            del sys.modules[one]
