"""What the pytest plugin cannot compare or write, it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handlerid._cli.plugin import packages_of
from handlerid.manifest import Function, Manifest, build
from tests.pytest_plugin.conftest import Run, failure, written
from tests.support.packages import importable, write


def test_options_without_a_file(run: Run, manifest: Path) -> None:
    result = run("--handlerid-update")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = "ERROR: --handlerid-update writes the file of --handlerid-manifest: name it"
    result.stderr.fnmatch_lines([text])
    result = run("--handlerid-manifest", "old.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = "ERROR: --handlerid-manifest: there is no file old.json; "
    text += "write it first: handlerid manifest PACKAGE -o old.json"
    result.stderr.fnmatch_lines([text])


@pytest.mark.parametrize("options", [(), ("--handlerid-update",)])
def test_a_module_that_cannot_be_imported(
    run: Run, manifest: Path, pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    before = manifest.read_bytes()
    write(pytester.path, shop__cart="import nowhere", shop__new="1 +")
    result = run("--handlerid-manifest", "shop.json", *options)
    assert failure(result) == (
        "cannot be imported with the sys.path of the tests, "
        "and did not fail for shop.json: "
        "shop.cart (ModuleNotFoundError), shop.new (SyntaxError)"
    )
    assert manifest.read_bytes() == before


def test_a_module_that_failed_before_may_fail(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    document = json.loads(manifest.read_bytes())
    document["failed"] = {"shop.new": "ImportError"}
    manifest.write_text(json.dumps(document))
    write(pytester.path, shop__new="import nowhere")
    options = "--handlerid-manifest", "shop.json"
    run(*options).assert_outcomes(passed=2)
    run(*options, "--handlerid-update").assert_outcomes(passed=2)
    failed = json.loads(manifest.read_bytes())["failed"]
    assert failed == {"shop.new": "ModuleNotFoundError"}


def test_a_package_that_is_gone(run: Run, pytester: pytest.Pytester) -> None:
    write(pytester.path, tool="def add(): ...")
    written(pytester, "shop", "tool")
    (pytester.path / "tool.py").unlink()
    result = run("--handlerid-manifest", "shop.json")
    text = "cannot be imported with the sys.path of the tests, "
    text += "and did not fail for shop.json: tool (ModuleNotFoundError)"
    assert failure(result) == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{}", "shop.json: no manifest of handlerid"),
        (None, "shop.json has no functions, so it does not say of which packages"),
    ],
)
def test_a_file_that_names_no_package(
    run: Run, pytester: pytest.Pytester, content: str | None, text: str
) -> None:
    empty = Manifest(fingerprint="source").to_bytes().decode()
    (pytester.path / "shop.json").write_text(empty if content is None else content)
    for options in ((), ("--handlerid-update",)):
        result = run("--handlerid-manifest", "shop.json", *options)
        assert failure(result) == text


def test_a_process_that_ends_says_what_it_printed(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    write(
        pytester.path, shop____init__="import os; print('bye', flush=True); os._exit(3)"
    )
    result = run("--handlerid-manifest", "shop.json")
    assert failure(result) == "The ids could not be compared: exit code 3\n\nbye"


def test_the_packages_of_a_manifest(tmp_path: Path) -> None:
    source = "def add(): ..."
    write(tmp_path, acme__shop____init__="", acme__shop__pages__cart=source)
    write(tmp_path, plain__main=source, plain__parts____init__="", single=source)
    write(tmp_path, plain__parts__deep=source)
    with importable(tmp_path):
        manifest = build("acme.shop", "plain", "single")
        gone = {("gone.cart", "add"): (Function("", ""),)}
        changed = Manifest(
            fingerprint="bytecode",
            functions={**manifest.functions, **gone},
            failed={"broken.late": "ImportError"},
        )
        # Of a namespace package, the packages in it; a folder of modules is one.
        names = ["acme.shop", "broken", "gone", "plain", "plain.parts", "single"]
        assert packages_of(changed) == names
        assert build(*packages_of(manifest)) == manifest
