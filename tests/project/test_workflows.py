"""The files for GitHub, Read the Docs and pre-commit run what the Makefile runs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXTS = "".join(path.read_text("utf-8") for path in WORKFLOWS)


def read(*names: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(ROOT.joinpath(*names).read_text("utf-8"))
    return found


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read(".github", "workflows", name)["jobs"]
    return found


def steps(job: dict[str, Any], kind: str) -> list[str]:
    return [step[kind] for step in job.get("steps", []) if kind in step]


def recipe(target: str) -> list[str]:
    """Return the commands of a target."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found is not None
    return [line.removeprefix("\t@") for line in found[1].splitlines()]


# GitHub.


def test_ci_runs_all_targets_that_check() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    run = [line.partition("  #")[0] for line in lines if "make" in line.split()]
    assert run == [
        "make setup",
        "printf '%s\\n' check 'docs package' | xargs -P 2 -L 1 make",
        "make test ARGS=--ignore=tests/docs",
    ]


def test_the_workflows_run_the_targets() -> None:
    tests, release = jobs("tests.yml"), jobs("release.yml")
    assert steps(tests["everything"], "run")[-1] == ".ci/run"
    assert steps(tests["tests"], "run") == ["make test"]
    assert steps(release["build"], "run")[0] == "make package"
    assert release["tests"]["uses"].endswith("/.github/workflows/tests.yml")


def test_the_tests_run_on_every_python_that_is_promised() -> None:
    tests = jobs("tests.yml")
    named = [x for x in PROJECT["project"]["classifiers"] if ":: Python :: 3." in x]
    (first, *_) = promised = sorted(x.rpartition(" ")[2] for x in named)
    everything = tests["everything"]
    assert everything["steps"][-1]["env"] == {"PYTHON": f"python{first}"}
    assert everything["name"].endswith(first)
    assert tests["tests"]["strategy"]["matrix"]["python"] == promised[1:]
    assert PROJECT["project"]["requires-python"] == f">={first}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_no_more_than_it_needs(path: Path) -> None:
    workflow = read(".github", "workflows", path.name)
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]
    for name, job in workflow["jobs"].items():
        needed = {"id-token": "write"} if name == "publish" else {"contents": "read"}
        assert job["permissions"] == needed
        assert "uses" in job or job["timeout-minutes"] <= 30
        assert not any("${{" in script for script in steps(job, "run"))
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}


def test_an_action_is_one_digest_everywhere() -> None:
    uses = set(re.findall(r"uses: (\S+?)@(.*)", TEXTS))
    assert uses
    assert len(dict(uses)) == len(uses)
    for _, release in uses:
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", release)


def test_the_docs_show_the_same_series_of_the_actions() -> None:
    page = (ROOT / "docs/production/check-deploys-in-ci.md").read_text("utf-8")
    shown = dict(re.findall(r"uses: (\S+)@(v\d+)$", page, re.MULTILINE))
    used = dict(re.findall(r"uses: (actions/\S+)@\S+ # (v\d+)\.", TEXTS))
    assert shown == used


def test_only_the_job_without_code_publishes() -> None:
    publish = jobs("release.yml")["publish"]
    assert publish["needs"] == ["tests", "build"]
    assert publish["environment"]["name"] == "pypi"
    assert steps(publish, "run") == []
    download, upload = (name.partition("@")[0] for name in steps(publish, "uses"))
    assert download == "actions/download-artifact"
    assert upload == "pypa/gh-action-pypi-publish"
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")


@pytest.mark.parametrize("name", ["bug", "feature", "question"])
def test_a_form_asks_something(name: str) -> None:
    form = read(".github", "ISSUE_TEMPLATE", f"{name}.yml")
    assert form["labels"] == [name]
    asked = [one for one in form["body"] if one["type"] != "markdown"]
    assert any(one["validations"]["required"] for one in asked if "validations" in one)


# Read the Docs, and pre-commit.


def test_read_the_docs_builds_as_make_docs() -> None:
    build = read(".readthedocs.yaml")["build"]["jobs"]
    (here,) = [line for line in recipe("docs") if "sphinx" in line]
    (there,) = build["build"]["html"]
    options = here.replace("$(PY)", "python").replace(" -q", "")
    expected = options.replace("docs/_build", '"$READTHEDOCS_OUTPUT/html"')
    assert there == expected
    assert build["install"][-1].endswith(" --editable . --group docs")
    pip = re.search(r'--upgrade ("pip>=[\d.]+")', MAKEFILE)
    assert pip is not None
    assert build["install"][0].endswith(pip[1])


def test_a_commit_is_checked_by_the_ruff_of_make_check() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"].split()[:2] for hook in repository["hooks"]]
    assert entries == [[".venv/bin/ruff", "check"], [".venv/bin/ruff", "format"]]
    checked = " ".join(recipe("check"))
    assert all(f"-m ruff {command} " in checked for _, command in entries)
