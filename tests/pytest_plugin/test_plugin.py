"""The pytest plugin, in real runs of pytest over real files."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from tests.pytest_plugin.conftest import Run, failure, written
from tests.support.fresh import environment, run_fresh
from tests.support.packages import write

ROOT = Path(__file__).parents[2]


def edit(pytester: pytest.Pytester, old: str, new: str) -> None:
    source = (pytester.path / "shop" / "cart.py").read_text("utf-8")
    assert old in source
    write(pytester.path, shop__cart=source.replace(old, new))


def test_the_same_ids_pass_as_one_item(run: Run, manifest: Path) -> None:
    before = manifest.read_bytes()
    result = run("-v", "--handlerid-manifest", "shop.json")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*collected 2 items", "shop.json::ids PASSED*"])
    assert manifest.read_bytes() == before


def test_without_the_option_there_is_no_item(run: Run, manifest: Path) -> None:
    run().assert_outcomes(passed=1)


def test_a_change_fails_with_the_text_of_the_diff(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    edit(pytester, "return 2", "return 3")
    edit(pytester, "def add", "def put")
    result = run("--handlerid-manifest", "shop.json")
    result.assert_outcomes(passed=1, failed=1)
    assert failure(result) == (
        "1 of 2 handlers goes stale and 1 moved.\n\n"
        "  stale    shop.cart.drop  its code changed\n"
        "  moved    shop.cart.add   renamed to shop.cart.put\n"
        '           @registry.handler(moved_from="shop.cart:add")\n\n'
        "0 answer as before; 0 are new.\n"
        "If that is intended, write shop.json anew: --handlerid-update"
    )
    result.stdout.fnmatch_lines(
        ["FAILED shop.json::ids - Failed: 1 of 2 handlers goes stale and 1 moved."]
    )


def test_what_is_new_breaks_nothing(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    edit(pytester, "@registry", "def more(event: ClickEvent): ...\n@registry")
    run("--handlerid-manifest", "shop.json").assert_outcomes(passed=2)


def test_update_writes_what_the_command_writes(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    edit(pytester, "return 2", "return 3")
    options = "--handlerid-manifest", "shop.json"
    run(*options, "--handlerid-update").assert_outcomes(passed=2)
    anew = manifest.read_bytes()
    assert written(pytester, "shop").read_bytes() == anew
    run(*options).assert_outcomes(passed=2)


def test_the_fingerprint_is_that_of_the_file(
    run: Run, pytester: pytest.Pytester
) -> None:
    manifest = written(pytester, "shop", "--fingerprint", "source")
    edit(pytester, "return 2", "return (2)  # the same")
    options = "--handlerid-manifest", "shop.json"
    run(*options, "--handlerid-update").assert_outcomes(passed=2)
    assert json.loads(manifest.read_bytes())["fingerprint"] == "source"


def test_rewritten_asserts_are_not_what_is_compared(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest("import pytest; pytest.register_assert_rewrite('shop')")
    pytester.makepyfile(
        test_shop="""
        from handlerid.manifest import Manifest, build

        def test_ids_differ_here():
            code = {x.functions["shop.cart", "add"][0].code for x in (
                build("shop"), Manifest.read("shop.json")
            )}
            assert len(code) == 2
        """
    )
    run("--handlerid-manifest", "shop.json").assert_outcomes(passed=2)


def test_path_and_folder_and_variables_are_those_of_the_run(
    run: Run, pytester: pytest.Pytester
) -> None:
    source = """
    import os
    from pathlib import Path
    from handlerid import ClickEvent
    assert not any(name.startswith("PYTEST") for name in os.environ)
    if Path("settings").read_text() == os.environ["SETTINGS"]:
        def add(event: ClickEvent): return 1
    """
    write(pytester.path / "lib", tool=source)
    (pytester.path / "settings").write_text("on")
    pytester.makeconftest(
        "import os, sys\nsys.path.insert(0, 'lib')\nos.environ['SETTINGS'] = 'on'\n"
    )
    other = {"body": "a" * 20, "code": "a" * 20, "events": ["click"]}
    document = json.loads(written(pytester, "shop").read_bytes())
    document["functions"] = {"tool": {"add": other}}
    (pytester.path / "shop.json").write_text(json.dumps(document))
    result = run("--handlerid-manifest", "shop.json")
    assert failure(result).startswith("1 of 1 handler goes stale.")


def test_with_xdist_it_runs_once(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    write(pytester.path, shop____init__="open('imported', 'a').write('x')")
    options = "-p", "xdist.plugin", "-n", "2", "--handlerid-manifest", "shop.json"
    run(*options).assert_outcomes(passed=2)
    assert (pytester.path / "imported").read_text() == "x"


def test_it_can_be_deselected(run: Run, manifest: Path) -> None:
    result = run("-k", "nothing", "--handlerid-manifest", "shop.json")
    result.assert_outcomes(passed=1, deselected=1)


def test_optimized_as_the_run_is(run: Run, pytester: pytest.Pytester) -> None:
    command = "handlerid", "manifest", "shop", "-o", "shop.json"
    run_fresh("-O", "-m", *command, cwd=pytester.path, path=pytester.path)
    options = "-m", "pytest", "--handlerid-manifest", "shop.json"
    pytester.run(sys.executable, "-O", *options).assert_outcomes(passed=2)
    result = pytester.run(sys.executable, *options)
    assert "the old manifest is of the bytecode of cpython" in failure(result)


def test_no_module_of_handlerid_is_imported(
    run: Run, manifest: Path, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        """
        import sys

        def pytest_unconfigure():
            found = [x for x in sys.modules if x.startswith("handlerid")]
            print("modules:", *found)
        """
    )
    for options in ((), ("--handlerid-manifest", "shop.json")):
        run("-s", *options).stdout.fnmatch_lines(["modules: handlerid_pytest"])


def test_pytest_finds_it_and_leaves_handlerid_as_it_is(
    run: Run, manifest: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [(name, module)] = settings["project"]["entry-points"]["pytest11"].items()
    packages = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    # As an installed wheel says it.
    installed = pytester.mkdir("site") / "handlerid-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: handlerid\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{name} = {module}\n")
    files = [f"{Path(one).name}/__init__.py,," for one in packages[:1]]
    files += [f"{Path(one).name},," for one in packages[1:]]
    (installed / "RECORD").write_text("\n".join(files))
    path = environment(installed.parent)["PYTHONPATH"]
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider")
    pytester.makepyfile(
        test_shop="""
        import handlerid, handlerid_pytest

        def test_loaders():
            # pytest rewrites packages that come with a plugin, but for this one.
            kinds = [type(x.__loader__).__name__ for x in (handlerid, handlerid_pytest)]
            assert kinds == ["SourceFileLoader", "AssertionRewritingHook"]
        """
    )
    run("--handlerid-manifest", "shop.json").assert_outcomes(passed=2)
