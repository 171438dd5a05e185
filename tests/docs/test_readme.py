"""What the README promises around its Python blocks: commands, output, links."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, str(ROOT / "docs" / "examples" / "demo")]
CHECK = [sys.executable, "-m", "tests.demo.check"]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def console_block(command: str) -> str:
    """What the README says that a command prints."""
    text = (ROOT / "README.md").read_text("utf-8")
    block = rf"^```console\n\$ {re.escape(command)}\n(.*?)^```$"
    match = re.search(block, text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"the README has no block for {command}"
    return match[1]


def shape(output: str) -> list[str]:
    """The lines of an output, without what differs from run to run."""
    masked = re.sub(r"\d+", "N", output)
    return [re.sub(" +", " ", line).strip() for line in masked.splitlines()]


def test_the_demo_prints_what_the_readme_shows() -> None:
    expected = shape(console_block("make demo"))
    with subprocess.Popen(
        [*DEMO, "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        try:
            printed = [demo.stdout.readline() for _ in expected]
        finally:
            demo.send_signal(signal.SIGINT)
        assert demo.stdout.read() == ""
    assert shape("".join(printed)) == expected
    assert demo.returncode == 0


def test_the_check_prints_what_the_readme_shows() -> None:
    result = subprocess.run(
        CHECK, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert shape(result.stdout) == shape(console_block("make demo CHECK=1"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text("utf-8")))
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert local
    assert [link for link in local if not (page.parent / link).is_file()] == []
