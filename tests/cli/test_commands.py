"""Each command: what it prints, and its exit code."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import sys
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

import handlerid
from handlerid import HandlerId, Identity, Tokens, explain
from handlerid._cli import main, make_parser
from handlerid._cli.parser import COMMANDS
from handlerid.manifest import Manifest, build
from tests.cli.conftest import Run

PARSED = "h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click"


def test_without_a_command_it_prints_help(run: Run) -> None:
    done = run()
    assert done.code == 0
    assert done.out.startswith("usage: handlerid [-h] [--version] COMMAND ...\n")
    assert run("--help").out == done.out
    for name, command in COMMANDS.items():
        assert re.search(
            rf"^ +{name} +{re.escape(command.help)}", done.out, re.MULTILINE
        )


def test_the_version(run: Run) -> None:
    assert run("--version").out == f"handlerid {handlerid.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_are_commands(run: Run, name: str) -> None:
    done = run(name, "--help")
    assert done.code == 0
    examples = re.findall(
        r"^  (?:.* \| )?handlerid (.+?)(?: > .*)?$", done.out, re.MULTILINE
    )
    assert examples
    for one in examples:
        options = make_parser().parse_args(shlex.split(one))
        assert options.command == name
    assert re.search(r"^exit code: 0; 1 if .*[;,]\s", done.out, re.MULTILINE)


def test_colours_are_for_terminals(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("explain", "cli_shop:buy", "cli_shop:add")
    assert "\033" not in run(*command).out

    class Terminal(TextIOWrapper):
        def isatty(self) -> bool:
            return True

    def on_terminal() -> str:
        terminal = Terminal(BytesIO(), "utf-8")
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", terminal)
            assert main(command) == 1
        terminal.seek(0)
        return terminal.read()

    monkeypatch.setenv("TERM", "xterm")
    assert "\033[31m    - name buy\033[0m" in on_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in on_terminal()
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert "\033" not in on_terminal()


class TestManifest:
    def test_to_the_output(self, run: Run) -> None:
        done = run("manifest", "cli_shop")
        assert done.code == 0
        shop = importlib.import_module("cli_shop")
        assert done.out.encode() == build(shop).to_bytes()
        assert done.err == "imported\n"  # what a module prints is no part of it

    def test_a_dash_is_the_output(self, run: Run, folder: Path) -> None:
        done = run("manifest", "cli_shop", "-o", "-")
        shop = importlib.import_module("cli_shop")
        assert done.out.encode() == build(shop).to_bytes()
        assert not (folder / "-").exists()

    def test_to_a_file(self, run: Run, folder: Path) -> None:
        done = run("manifest", "cli_shop", "-o", "m.json", "--release", "r1")
        assert (done.code, done.out) == (0, "m.json: 5 functions in 1 module\n")
        assert Manifest.read(folder / "m.json").release == "r1"

    def test_the_release_of_the_environment(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HANDLERID_RELEASE", "r2")
        assert json.loads(run("manifest", "cli_shop").out)["release"] == "r2"

    def test_of_sources(self, run: Run) -> None:
        for options in (
            ("--fingerprint", "source"),
            ("--identity", "cli_source:identity"),
        ):
            Path("cli_source.py").write_text(
                "from handlerid import Identity\n"
                "identity = Identity(fingerprint='source')\n"
            )
            document = json.loads(run("manifest", "cli_shop", *options).out)
            assert (document["fingerprint"], document["python"]) == ("source", None)

    def test_a_module_that_fails_is_listed(self, run: Run, folder: Path) -> None:
        (folder / "cli_package").mkdir()
        (folder / "cli_package" / "good.py").write_text("def f(): return abs(1)\n")
        (folder / "cli_package" / "bad.py").write_text("1 / 0\n")
        done = run("manifest", "cli_package", "-o", "m.json")
        assert done.code == 1
        assert done.err == (
            "failed: cli_package.bad: ZeroDivisionError\n"
            f'to see why: {Path(sys.executable).name} -c "import cli_package.bad"\n'
        )
        found = Manifest.read("m.json")
        assert found.failed == {"cli_package.bad": "ZeroDivisionError"}
        assert [*found.functions] == [("cli_package.good", "f")]


class TestIds:
    def test_of_handlers(self, run: Run) -> None:
        done = run("ids", "cli_shop")
        shop = importlib.import_module("cli_shop")
        ids = {
            "cli_shop.Cart.empty": Identity().handler_id(shop.Cart.empty, "click"),
            "cli_shop.add": Identity().bare_ids(shop.add, "click", location="cart.add")[
                0
            ][0],
            "cli_shop.buy": Identity().handler_id(shop.buy, "click"),
            "cli_shop.row.<locals>.on_click": Identity().handler_id(
                shop.row(1), "click"
            ),
        }
        assert done.out == "".join(f"{one}  {name}\n" for name, one in ids.items())

    def test_with_the_identity_of_the_host(self, run: Run) -> None:
        for one in ("identity", "registry", "app"):
            done = run("ids", "cli_shop", "--identity", f"cli_shop:{one}", "--json")
            rows = {row["qualname"]: row["id"] for row in json.loads(done.out)}
            shop = importlib.import_module("cli_shop")
            assert rows["buy"] == shop.identity.handler_id(shop.buy, "click")
            assert rows["add"] in [*shop.registry]

    def test_of_every_function(self, run: Run, folder: Path) -> None:
        (folder / "cli_plain.py").write_text("def f(): return abs(1)\n")
        done = run("ids", "cli_plain")
        assert (done.code, done.out) == (0, "")
        assert done.err == "no function names an event type; --all shows the others\n"
        (line,) = run("ids", "cli_plain", "--all").out.splitlines()
        plain = importlib.import_module("cli_plain")
        assert line == f"{Identity().handler_id(plain.f)}  cli_plain.f"

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("1 / 0", "ZeroDivisionError"),
            ("import nowhere_at_all", "ModuleNotFoundError"),
        ],
    )
    @pytest.mark.parametrize("inner", ["", ".pages"])
    def test_a_module_that_fails(
        self, run: Run, folder: Path, text: str, error: str, inner: str
    ) -> None:
        (folder / "cli_bad.py").write_text(text)
        done = run("ids", f"cli_bad{inner}")
        assert done.code == 1
        assert done.err.startswith(f"failed: cli_bad{inner}: {error}\n")


class TestExplain:
    def test_one(self, run: Run) -> None:
        done = run("explain", "cli_shop:buy", "--event", "click")
        shop = importlib.import_module("cli_shop")
        assert (done.code, done.err) == (0, "imported\n")
        assert done.out == f"{explain(shop.buy, event='click')}\n"

    def test_two(self, run: Run) -> None:
        done = run("explain", "cli_shop:buy", "cli_shop:Cart.empty")
        shop = importlib.import_module("cli_shop")
        assert done.code == 1
        assert done.out == f"{explain(shop.buy, shop.Cart.empty)}\n"
        done = run("explain", "cli_shop:buy", "cli_shop:buy")
        assert (done.code, done.out.splitlines()[1]) == (0, "is the id of both")

    def test_json(self, run: Run) -> None:
        options = ("--json", "--identity", "cli_shop:identity")
        found = json.loads(run("explain", "cli_shop:buy", *options).out)
        shop = importlib.import_module("cli_shop")
        assert found["id"] == shop.identity.handler_id(shop.buy)
        found = json.loads(run("explain", "cli_shop:buy", "cli_shop:add", *options).out)
        assert [*found] == ["location", "code"]

    def test_what_was_written_before(self, run: Run, tmp_path: Path) -> None:
        before = tmp_path / "before.json"
        before.write_text(run("explain", "cli_shop:buy", "--json").out)
        done = run("explain", str(before), "cli_shop:Cart.empty")
        shop = importlib.import_module("cli_shop")
        assert done.code == 1
        assert done.out == f"{explain(shop.buy, shop.Cart.empty)}\n"
        done = run("explain", str(before))
        assert (done.code, done.out) == (0, f"{explain(shop.buy)}\n")
        after = tmp_path / "after.json"
        after.write_text(run("explain", "cli_shop:Cart.empty", "--json").out)
        done = run("explain", str(before), str(after))
        assert done.out == f"{explain(shop.buy, shop.Cart.empty)}\n"


class TestScan:
    def test_a_package(self, run: Run) -> None:
        done = run("scan", "cli_shop")
        assert done.code == 0
        assert done.out.startswith("2 handlers in 1 module, 1 skipped, ")
        assert "skipped  cli_shop.Cart.empty is a method" in done.out

    @pytest.mark.parametrize("name", ["registry", "app"])
    def test_with_the_registry_of_the_host(self, run: Run, name: str) -> None:
        done = run("scan", "cli_shop", "--registry", f"cli_shop:{name}", "--json")
        shop = importlib.import_module("cli_shop")
        document = json.loads(done.out)
        assert {one["id"] for one in document["found"]} == {*shop.registry}
        assert [*document["skipped"]] == ["cli_shop.Cart.empty"]
        assert (document["modules"], document["failed"]) == (["cli_shop"], [])

    def test_a_module_that_fails(self, run: Run, folder: Path) -> None:
        (folder / "cli_bad.py").write_text("1 / 0\n")
        done = run("scan", "cli_bad")
        assert done.code == 1
        assert "cannot be imported: ZeroDivisionError" in done.out


class TestParse:
    def test_an_id(self, run: Run) -> None:
        done = run("parse", PARSED)
        assert (done.code, done.err) == (0, "")
        assert done.out.splitlines() == [
            PARSED,
            "  location     q3x3h77e3e6e4",
            "  fingerprint  n2lztrboijtkjhnj3noa",
            "  event        click",
        ]

    def test_a_token(self, run: Run) -> None:
        tokens = Tokens(bytes(32), max_age=60)
        token = tokens.issue(HandlerId(PARSED), audience="anna", captures=b"12345")
        (row,) = json.loads(run("parse", token, "--json").out)
        expires = tokens.verify(token, audience="anna").expires
        assert expires is not None
        said = row.pop("token")
        assert said.pop("expires") == datetime.fromtimestamp(expires, UTC).isoformat()
        assert said == {
            "audience": True,
            "nonce": False,
            "encrypted": False,
            "purpose": False,
            "bytes of captures": 5,
        }
        assert row == {
            "id": PARSED,
            "location": "q3x3h77e3e6e4",
            "fingerprint": "n2lztrboijtkjhnj3noa",
            "captures": None,
            "event": "click",
            "handler": None,
            "code": None,
            "count": 1,
        }
        assert "audience, 5 bytes of captures; not verified" in run("parse", token).out

    @pytest.mark.parametrize("other", ["", "s=1"])
    def test_whose_it_is(self, run: Run, other: str) -> None:
        assert run("manifest", "cli_shop", "-o", "m.json").code == 0
        shop = importlib.import_module("cli_shop")
        handler_id = Identity().handler_id(shop.row(1), "click", captures=bool(other))
        for where in (("--manifest", "m.json"), ("--package", "cli_shop")):
            done = run("parse", f"refused {handler_id}: {other}", *where)
            assert done.code == 0
            assert "  handler      cli_shop.row.<locals>.on_click\n" in done.out
            stale = handler_id.replace(handler_id.fingerprint, "a" * 20)
            done = run("parse", stale, *where)
            assert done.code == 0
            assert "cli_shop.row.<locals>.on_click, of other code\n" in done.out
            done = run("parse", PARSED, *where)
            assert done.code == 1
            assert f"  handler      no handler of {where[1]}\n" in done.out

    def test_keyed_ids_need_the_key(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run("manifest", "cli_shop", "-o", "m.json")
        shop = importlib.import_module("cli_shop")
        handler_id = shop.identity.handler_id(shop.buy, "click")
        assert run("parse", handler_id, "--manifest", "m.json").code == 1
        monkeypatch.setenv("KEY", "secret")
        monkeypatch.setenv("HEX", b"secret".hex())
        monkeypatch.setenv("BASE64", "c2VjcmV0")
        for one in ("KEY", "HEX:hex", "BASE64:base64"):
            for where in (("--manifest", "m.json"), ("--package", "cli_shop")):
                done = run("parse", handler_id, *where, "--key-env", one)
                assert (done.code, "cli_shop.buy\n" in done.out) == (0, True)
        done = run(
            *("parse", handler_id),
            *("--package", "cli_shop", "--identity", "cli_shop:identity"),
        )
        assert (done.code, "cli_shop.buy\n" in done.out) == (0, True)

    def test_the_input(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        run("manifest", "cli_shop", "-o", "m.json")
        shop = importlib.import_module("cli_shop")
        handler_id = Identity().handler_id(shop.buy, "click")
        log = f"a {PARSED}\nb {handler_id}\nb {handler_id}\n".encode()
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(log)))
        done = run("parse", "-", "--manifest", "m.json")
        assert done.code == 1
        assert done.out == (
            f"     1  {PARSED}  no handler of m.json\n"
            f"     2  {handler_id}  cli_shop.buy\n"
        )


class TestStable:
    def test_the_same(self, run: Run) -> None:
        done = run("stable", "cli_shop", "--no-directory", "--timeout", "120")
        assert done == (0, "cli_shop: the ids are the same in every process\n", "")

    def test_what_cannot_be_copied(self, run: Run) -> None:
        done = run("stable", "sys")
        text = "sys is in no directory to copy; say --no-directory"
        assert done == (2, "", f"handlerid stable: {text}\n")

    def test_another(self, run: Run, folder: Path) -> None:
        (folder / "cli_odd.py").write_text(
            "import os\nfrom handlerid import ClickEvent\n"
            "exec(f'def f(event: ClickEvent): return {os.getpid()}')\n"
        )
        done = run("stable", "cli_odd", "--no-directory", "--timeout", "120")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(
            "1 of 1 handlers of cli_odd do not have the same ids"
        )


class TestCheck:
    def test_it_is_the_check(self, run: Run, folder: Path) -> None:
        assert run("check", "cli_shop.py").code == 0
        (folder / "loop.py").write_text(
            "from handlerid import ClickEvent\n"
            "def page(scope):\n"
            "    for row in (1, 2):\n"
            "        def on_click(event: ClickEvent): print(row)\n"
            "        scope.offer(on_click)\n"
        )
        done = run("check", "loop.py")
        assert done.code == 1
        assert "HID001" in done.out
        assert run("check", "nowhere").code == 2
