"""The pytest plugin: a test that fails if a change breaks the ids of a manifest.

It stands beside the package, not in it: pytest imports it in every run, and importing
the package would make each of them slower. Another process builds the manifest, since
pytest rewrites ``assert``, which changes the bytecode of what it imports.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# sys.path is complete before anything is imported from it.
_START = """
import json, sys
task = json.load(sys.stdin)
sys.path[:] = task["path"]
from handlerid._cli.plugin import answer
answer(task)
"""


def pytest_addoption(
    parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager
) -> None:
    """Add the options of the plugin."""
    # pytest compiles every package that comes with a plugin itself, to rewrite its
    # asserts. For handlerid that is 0.4 s where no bytecode is written, and nothing
    # gained. There is no public way to decline; without the name, it is only slow.
    getattr(pluginmanager.rewrite_hook, "_must_rewrite", set()).discard("handlerid")
    group = parser.getgroup("handlerid")
    group.addoption(
        "--handlerid-manifest",
        metavar="FILE",
        help="fail if the code breaks open pages of the release that FILE is of, a "
        "manifest as 'handlerid manifest' writes it",
    )
    group.addoption(
        "--handlerid-update",
        action="store_true",
        help="write the file of --handlerid-manifest anew",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that name no file, before any test runs."""
    given = config.getoption("handlerid_manifest")
    if given is None:
        if config.getoption("handlerid_update"):
            raise pytest.UsageError(
                "--handlerid-update writes the file of --handlerid-manifest: name it"
            )
    elif not _path(config).is_file():
        raise pytest.UsageError(
            f"--handlerid-manifest: there is no file {given}; "
            f"write it first: handlerid manifest PACKAGE -o {given}"
        )


@pytest.hookimpl(tryfirst=True)  # -k and -m come later, and choose among all items
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the item, if the option is given. With xdist, one worker runs it."""
    if config.getoption("handlerid_manifest") is not None:
        file = ManifestFile.from_parent(session, path=_path(config))
        # As pytest collects a file: --last-failed and the count of items know it.
        report = file.ihook.pytest_make_collect_report(collector=file)
        file.ihook.pytest_collectreport(report=report)
        items.extend(report.result)


class ManifestFile(pytest.File):
    """The file, as a node in what pytest collects."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the one item."""
        yield ManifestItem.from_parent(self, name="ids")


class ManifestItem(pytest.Item):
    """Compares the code with the file, or writes the file."""

    def runtest(self) -> None:
        """Fail with what the other process says, if it says anything."""
        text = _ask(
            {
                "file": str(self.config.getoption("handlerid_manifest")),
                "update": bool(self.config.getoption("handlerid_update")),
                # Some put a Path there, which Python passes over.
                "path": [one for one in sys.path if type(one) is str],
            },
            self.config.invocation_params.dir,
        )
        if text:
            pytest.fail(text, pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the item stands, and the title of its failure."""
        return self.path, None, f"ids of {self.path.name}"


def _path(config: pytest.Config) -> Path:
    given: str = config.getoption("handlerid_manifest")
    return config.invocation_params.dir / given


def _ask(task: dict[str, object], cwd: Path) -> str:
    """Run a task in a process without pytest, and return the text of its failure."""
    with tempfile.TemporaryDirectory() as temporary:
        result, output = Path(temporary, "result"), Path(temporary, "output")
        # A file, not a pipe: a child of the application may keep a pipe open.
        with output.open("wb") as stream:
            done = subprocess.run(  # noqa: S603 - this Python
                [sys.executable, *["-O"] * sys.flags.optimize, "-c", _START],
                input=json.dumps({**task, "result": str(result)}).encode(),
                stdout=stream,
                stderr=subprocess.STDOUT,
                # Applications look at these to find out whether they are tested.
                env={
                    x: y for x, y in os.environ.items() if not x.startswith("PYTEST_")
                },
                cwd=cwd,
                check=False,
            )
        if result.exists():
            return result.read_text("utf-8")
        said = output.read_text("utf-8", "replace").strip()
        return f"The ids could not be compared: exit code {done.returncode}\n\n{said}"
