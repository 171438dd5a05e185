"""The page on threats names a test for each line, and the test is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "production" / "security.md"


def test_every_line_names_tests_that_exist() -> None:
    lines = [
        line.split("|") for line in PAGE.read_text("utf-8").splitlines() if "|" in line
    ][2:]
    assert len(lines) >= 12
    attacks = importlib.import_module("tests.promises.attacks.test_attacks")
    for line in lines:
        named = re.findall(r"`([\w/.]+)`", line[3])
        assert named, line[1]
        for name in named:
            found = (ROOT / name).is_file() if "/" in name else hasattr(attacks, name)
            assert found, f"{PAGE.name} names {name}, and there is no such test"


def test_the_page_says_what_the_origin_check_does_not_cover() -> None:
    section = PAGE.read_text("utf-8").partition("## Requests from other sites")[2]
    covered, _, rest = section.partition("\n## ")[0].partition("It does not cover:")
    not_covered = set(re.findall(r"^- \*\*([^*]+?)\.?\*\*", rest, re.MULTILINE))
    assert not_covered >= {"Clickjacking", "XSS", "A stolen session"}
    for name in ("Sec-Fetch-Site", "Origin", "Endpoint(hosts=...)", "allow_no_browser"):
        assert f"`{name}" in covered


def test_every_attack_stands_on_the_page() -> None:
    attacks = importlib.import_module("tests.promises.attacks.test_attacks")
    text = PAGE.read_text("utf-8")
    for name in vars(attacks):
        if name.startswith("test_"):
            assert f"`{name}`" in text, f"{PAGE.name} does not name {name}"
