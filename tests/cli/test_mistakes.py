"""A mistake of the user's is one line, without a traceback, and the exit code is 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

FILES = {
    "cli_bad.py": "raise RuntimeError('no oven\\nat all')\n",
    "cli_exits.py": "raise SystemExit(3)\n",
    "text.json": "{}",
    "log.json": "hello",
    "old.json": '{"format": "handlerid manifest 0"}',
}


# A command, and how its line begins.
MISTAKES = """
ids cli_nowhere
    there is no module cli_nowhere here or in sys.path
ids cli_shop.py
    cli_shop.py is a file or a folder; name the module, such as cli_shop
ids ./cli/shop
    ./cli/shop is a file or a folder; name the module, such as cli.shop
ids cli-shop
    'cli-shop' is not the name of a module
ids cli_shop.cart
    there is no module cli_shop.cart here or in sys.path
ids cli_shop --identity cli_shop:buy
    cli_shop:buy is no Identity, Registry or Dispatcher: function
manifest cli_shop cli_nowhere
    there is no module cli_nowhere here or in sys.path
manifest cli_shop --identity cli_shop:identity --fingerprint source
    --identity says the fingerprint; leave --fingerprint out
manifest cli_shop -o no/m.json
    no/m.json cannot be written: No such file or directory
scan cli_nowhere
    there is no module cli_nowhere here or in sys.path
scan cli_shop --registry cli_shop:buy
    cli_shop:buy is no Registry, and no Dispatcher
stable cli_nowhere
    there is no module cli_nowhere here or in sys.path
stable cli_shop --handlers cli_nowhere:f
    there is no module cli_nowhere here or in sys.path
explain cli_shop
    'cli_shop' names no object; write module:name, as shop.cart:add
explain cli_shop:
    'cli_shop:' names no object; write module:name, as shop.cart:add
explain cli_shop:sell
    cli_shop has no sell
explain cli_shop:Cart.fill
    cli_shop.Cart has no fill
explain cli_shop:Cart.total
    cli_shop:Cart.total is not callable: int
explain cli_shop:buy --event nothing.
    'nothing.' is not a wire name
explain cli_shop:row.<locals>.on_click
    cli_shop:row.<locals>.on_click is made when cli_shop.row runs, and no command
explain cli_bad:f
    cli_bad cannot be imported: RuntimeError: no oven
explain cli_exits:f
    cli_exits cannot be imported: SystemExit: 3
explain no.json
    no.json cannot be read: No such file or directory
explain old.json
    old.json was not written by handlerid explain --json
explain log.json
    log.json was not written by handlerid explain --json
explain builtins:len
    builtins.len
diff no.json no.json
    no.json cannot be read: No such file or directory
diff text.json text.json
    text.json: no manifest of handlerid
diff old.json old.json
    old.json: written as 'handlerid manifest 0', and this version
parse hello
    'hello' has no id and no token
parse h1- --manifest text.json
    text.json: no manifest of handlerid
parse h1- --package cli_nowhere
    there is no module cli_nowhere here or in sys.path
parse h1- --identity cli_shop:identity
    --identity is for --package; a manifest takes --key-env
parse h1- --package cli_shop --identity cli_shop:identity --key-env K
    --identity has its keys; leave --key-env out
parse h1- --package cli_shop --key-env NOWHERE
    --key-env NOWHERE: the environment has no NOWHERE
parse h1- --package cli_shop --key-env ODD:rot13
    --key-env ODD:rot13: the encoding is hex or base64
parse h1- --package cli_shop --key-env ODD:hex
    --key-env ODD:hex: ODD is not hex
"""
USAGE = """
sell
    argument COMMAND: invalid choice: 'sell'
diff one
    the following arguments are required: NEW
diff a b --fail-on stale,new
    argument --fail-on: 'new' is none of stale, gone,
diff a b --format xml
    argument --format: invalid choice: 'xml'
parse h1- --manifest a --package b
    argument --package: not allowed with argument --manifest
ids cli_shop --no-such
    unrecognized arguments: --no-such
"""


def pairs(text: str) -> list[tuple[str, ...]]:
    return [tuple(x.split("\n    ")) for x in re.split(r"\n(?! )", text.strip())]


@pytest.mark.parametrize(("arguments", "text"), pairs(MISTAKES))
def test_a_mistake(
    run: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    text: str,
) -> None:
    monkeypatch.setenv("ODD", "odd")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    done = run(*arguments.split())
    command = arguments.partition(" ")[0]
    line = done.err.removeprefix("imported\n")
    assert line.startswith(f"handlerid {command}: {text}")
    assert line.count("\n") == 1
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(("arguments", "text"), pairs(USAGE))
def test_usage(run: Run, arguments: str, text: str) -> None:
    done = run(*arguments.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: handlerid")
    assert text in done.err
