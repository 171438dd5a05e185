"""The script and the workflow of the page about CI do what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.support.fresh import environment
from tests.support.packages import write
from tests.support.pages import files

PAGE = Path(__file__).parents[2] / "docs" / "production" / "check-deploys-in-ci.md"
TEXT = PAGE.read_text("utf-8")

OLD, NEW = (text for name, text in files(PAGE) if name == "shop/cart.py")
SCRIPT = dict(files(PAGE))["ci/open-pages.sh"]


class Repository:
    """Two releases of a package in a git repository, with the page's script.

    Attributes:
        folder: the working tree.
        bin: commands that are found first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "repository", folder / "bin"
        self.bin.mkdir()
        self.command("handlerid", f'exec {sys.executable} -m handlerid "$@"')
        self._env = environment(
            PATH=f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            HOME=str(folder),
            GIT_CONFIG_NOSYSTEM="1",
            **{
                f"GIT_{one}_{part}": "somebody@example.org"
                for one in ("AUTHOR", "COMMITTER")
                for part in ("NAME", "EMAIL")
            },
        )
        write(self.folder, shop____init__="", shop__cart=OLD)
        (self.folder / "ci").mkdir()
        (self.folder / "ci" / "open-pages.sh").write_text(SCRIPT)
        (self.folder / ".gitignore").write_text("open-pages/\n__pycache__/\n")
        self.run("git init --quiet --initial-branch main")
        self.commit("v1")
        write(self.folder, shop__cart=NEW)
        self.commit("v2")

    def command(self, name: str, script: str) -> None:
        """Write a command."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def commit(self, tag: str) -> None:
        self.run(f"git add . && git commit --quiet -m {tag} && git tag {tag}")

    def run(self, script: str, code: int = 0, **variables: str) -> str:
        """Run a script as GitHub does; return what it printed, errors first."""
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.folder,
            env={**self._env, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr + done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_the_script_compares_a_commit(repository: Repository) -> None:
    command = "sh ci/open-pages.sh v1 --fail-on moved,refused"
    printed = repository.run(command, code=1)
    assert f"```console\n$ {command}\n{printed}```\n" in TEXT
    assert repository.run("git worktree list").count("\n") == 1
    # Again, and the other way round.
    repository.run("git checkout --quiet v1")
    assert "1 moved" in repository.run("sh ci/open-pages.sh v2")


def test_the_script_compares_a_manifest(repository: Repository) -> None:
    printed = repository.run("sh ci/open-pages.sh v1")
    repository.run("cp open-pages/old.json manifest.json && rm -r open-pages")
    again = repository.run("sh ci/open-pages.sh manifest.json")
    assert again == printed


def test_the_line_that_is_printed_keeps_the_pages(repository: Repository) -> None:
    printed = repository.run("sh ci/open-pages.sh v1")
    (line,) = re.findall(r"@registry.handler\(moved_from.*", printed)
    source = repository.folder / "shop" / "cart.py"
    before = "@registry.handler\ndef remove"
    assert before in source.read_text()
    source.write_text(source.read_text().replace(before, f"{line}\ndef remove"))
    printed = repository.run("sh ci/open-pages.sh v1 --fail-on moved,refused")
    assert "2 answer as before, 1 of them elsewhere" in printed
    assert "(v2-dirty), source" in printed


def test_a_package_in_a_folder(repository: Repository) -> None:
    repository.run("mkdir src && git mv shop src/shop && git commit --quiet -m src")
    file = repository.folder / "ci" / "open-pages.sh"
    assert "`PYTHONPATH=src handlerid manifest ...`" in TEXT
    path = f"PYTHONPATH=src:{environment()['PYTHONPATH']}"
    text = file.read_text().replace("handlerid manifest", f"{path} handlerid manifest")
    file.write_text(text)
    printed = repository.run("sh ci/open-pages.sh HEAD")
    assert "No open page breaks: the 3 handlers answer." in printed


@pytest.mark.parametrize("broken", ["v1", "v2"])
def test_a_module_that_cannot_be_imported_ends_the_script(
    repository: Repository, broken: str
) -> None:
    repository.run(f"git checkout --quiet {broken} && echo 1 + > shop/more.py")
    repository.run("git add . && git commit --quiet -m broken && git tag broken")
    if broken == "v1":
        repository.run("git checkout --quiet v2")
    printed = repository.run("sh ci/open-pages.sh broken", code=1)
    assert printed.startswith("failed: shop.more: SyntaxError\n")
    assert repository.run("git worktree list").count("\n") == 1


def test_an_application_that_reads_its_key_when_it_is_imported(
    repository: Repository,
) -> None:
    keys = "import os\nfrom handlerid import Tokens\n"
    for name in ("APP_KEY", "SESSION_KEY"):
        keys += f"Tokens(os.environ['{name}'].encode())\n"
    write(repository.folder, shop__keys=keys)
    repository.commit("v3")
    printed = repository.run("sh ci/open-pages.sh v3")
    assert "No open page breaks: the 3 handlers answer." in printed
    *_, manifest = steps("keep", "run")
    printed = repository.run(manifest, **workflow()["env"])
    assert printed.startswith("manifest.json: 3 functions in ")
    secret = "only-for-the-manifest"
    assert SCRIPT.count(f"={secret}") == TEXT.count(f": {secret}") == 2
    assert secret not in (repository.folder / "manifest.json").read_text()


def workflow() -> dict[Any, Any]:
    text = dict(files(PAGE))[".github/workflows/open-pages.yml"]
    found: dict[Any, Any] = yaml.safe_load(text)
    return found


def steps(job: str, key: str) -> list[Any]:
    return [step[key] for step in workflow()["jobs"][job]["steps"] if key in step]


def test_the_permissions_are_those_that_jobs_need() -> None:
    found = workflow()
    assert found["permissions"] == {}
    assert {name: job["permissions"] for name, job in found["jobs"].items()} == {
        "keep": {"contents": "read"},
        "compare": {"actions": "read", "contents": "read"},
        "comment": {"pull-requests": "write"},
    }
    # What can write neither has the code of the pull request nor runs it.
    assert steps("comment", "uses") == ["actions/download-artifact@v8"]
    assert [x.partition(" ")[0] for x in steps("comment", "run")] == ["gh"]


def test_actions_have_a_tag_and_checkouts_keep_no_token() -> None:
    for job in workflow()["jobs"]:
        for name in steps(job, "uses"):
            assert re.fullmatch(r"actions/[\w-]+@v\d+", name), name
        for step in workflow()["jobs"][job]["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_values_of_the_event_are_in_no_script() -> None:
    for job in workflow()["jobs"]:
        assert not any("${{" in script for script in steps(job, "run"))


def test_the_commands_of_the_workflow_are_those_of_the_script() -> None:
    manifest = r'handlerid manifest .* --release "\$name" -o '
    commands = {one for x in (SCRIPT, TEXT) for one in re.findall(manifest, x)}
    assert len(commands) == 1
    runs = [x for job in workflow()["jobs"] for x in steps(job, "run")]
    words = {x.split()[0] for run in runs for x in run.replace("\\\n", "").splitlines()}
    plain = {"pip", "name=$(git", "handlerid", "run=$(gh", "gh", "sh", "cat"}
    assert words == plain


def test_the_workflow_of_a_push_and_of_a_pull_request(repository: Repository) -> None:
    artifacts, log = repository.folder.parent / "artifacts", repository.bin / "log"
    artifacts.mkdir()
    repository.command("pip", 'test "$*" = "install ."')
    # Writes its arguments, and does what the page needs of it.
    repository.command(
        "gh",
        f'echo "$@" >> {log}\n'
        'case "$1 $2" in\n'
        '"run list") echo 7 ;;\n'
        f'"run download") cp {artifacts}/manifest.json . ;;\n'
        "esac",
    )
    repository.run("git checkout --quiet v1")
    for script in steps("keep", "run"):
        repository.run(script)
    shutil.move(repository.folder / "manifest.json", artifacts)
    repository.run("git checkout --quiet v2")
    summary = repository.bin / "summary"
    *before, compare, show = steps("compare", "run")
    for script in before:
        repository.run(script)
    annotations = repository.run(compare, code=1)
    assert "::error title=Open pages after this deploy::1 of 3 handlers" in annotations
    repository.run(show, GITHUB_STEP_SUMMARY=str(summary))
    assert "| moved | `shop.cart.drop` | renamed to" in summary.read_text()
    assert "manifest.json (v1) to" not in summary.read_text()
    assert "open-pages/old.json (v1) to open-pages/new.json (v2)" in summary.read_text()
    (comment,) = steps("comment", "run")
    repository.run(comment, NUMBER="12")
    assert log.read_text() == (
        "run list --workflow open-pages.yml --branch main --event push "
        "--status success --limit 1 --json databaseId --jq .[0].databaseId\n"
        "run download 7 --name manifest\n"
        "pr comment 12 --body-file comment.md --edit-last --create-if-none\n"
    )
