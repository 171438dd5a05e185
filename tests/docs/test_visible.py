"""What a page shows is what its tests run, and nothing else runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pages import ELSEWHERE, PAGES, Block, blocks, problems, runs_here

ROOT = Path(__file__).parents[2]


def test_all_code_of_the_pages_is_shown_and_runs() -> None:
    found = [
        f"{page.relative_to(ROOT)}:{line}: {problem}"
        for page in PAGES
        for line, problem in problems(page.read_text("utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)


def test_what_runs_elsewhere_is_on_a_page_and_in_a_test() -> None:
    shown = "".join(page.read_text("utf-8") for page in PAGES)
    for command, test in ELSEWHERE.items():
        assert command in shown, command
        assert (ROOT / test).is_file(), test


def is_used(name: str, later: list[Block]) -> bool:
    """Whether a page runs a command after a file of it, or names its module."""
    module = re.compile(rf"\b{re.escape(name.partition('/')[0].partition('.')[0])}\b")
    return any(
        any(runs_here(command) for _, command, _ in block.commands())
        if block.tag == "console"
        else block.tag == "python" and not block.file and module.search(block.text)
        for block in later
    )


def test_a_file_that_its_page_does_not_use_is_one_of_a_test() -> None:
    tests = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")]
    tests = [text for text in tests if "tests.support.pages import" in text]
    for page in PAGES:
        found = blocks(page.read_text("utf-8"))
        for place, block in enumerate(found):
            if block.file and not is_used(block.file, found[place + 1 :]):
                assert any(page.name in text for text in tests), (page, block.file)


def test_a_command_that_is_only_quoted_runs_on_another_page() -> None:
    found = [block for page in PAGES for block in blocks(page.read_text("utf-8"))]
    consoles = [block.text for block in found if block.tag == "console"]
    for block in found:
        command, _, printed = block.text.partition("\n")
        if block.tag == "text" and command.startswith("$ "):
            assert any(command in x and printed in x for x in consoles), block.text


@pytest.mark.parametrize(
    ("page", "line", "problem"),
    [
        ("<!--- invisible-code-block: python\n1\n--->\n", 1, "hidden code runs"),
        ("```py\n1\n```\n", 2, "py is neither a file nor run"),
        ("- item\n\n  ```python\n  1\n  ```\n", 4, "indented code is not run"),
        ("````python\n1\n````\n", 2, "indented code"),
        ("So:\n\n    import os\n", 3, "indented code is not run"),
        ("In `a.toml`:\n\n```python\n1\n```\n", 4, "a.toml is no Python file"),
        ("```sh\nls\n```\n", 2, "sh is no file"),
        ("```console\nls\n```\n", 2, "a console block starts with $ "),
        ("```console\n$ python\n$ ls -l\n```\n", 3, "no test runs ls -l"),
    ],
)
def test_what_is_no_test_is_found(page: str, line: int, problem: str) -> None:
    ((at, text),) = problems(page)
    assert at == line
    assert text.startswith(problem)


def test_files_are_named_by_the_paragraph_above() -> None:
    page = (
        "Save it as\n`shop/cart.py`:\n\n```python\n1\n```\n"
        "`shop/cart.py`, continued:\n```python\n2\n```\n"
        "Now `shop/cart.py`:\n\n```python\n3\n```\n"
        "This is of `handlerid.web`:\n\n```python\n4\n```\n"
        "Ask `shop/cart.py`:\n\n```python\n>>> 5\n5\n```\n"
        "Print `page.html`:\n\n```console\n$ python\n```\n"
    )
    named = "shop/cart.py"
    texts = [(named, "1\n"), (named, "1\n\n2\n"), (named, "3\n"), ("", "4\n")]
    assert [(x.file, x.text) for x in blocks(page)][:4] == texts
    assert [x.file for x in blocks(page)][4:] == ["", ""]


PAGE = """
`shop/cart.py`:

```python
price = 1
```

```python
from shop import cart

first = cart
```

Release two of `shop/cart.py`:

```python
price = 2
```

```python
>>> from shop import cart
>>> cart.price, first.price
(2, 1)

```

```console
$ export PRICE=3
$ python -c "import os, shop.cart; print(os.environ['PRICE'], shop.cart.price)"
3 ...
$ python -c "print(1)"
2
$ python -c "raise SystemExit(1)"
$ pip install .
```
"""


def test_a_page_runs(pytester: pytest.Pytester) -> None:
    pytester.makeconftest((ROOT / "conftest.py").read_text("utf-8"))
    before = Path.cwd()
    page = pytester.mkdir("docs") / "page.md"
    page.write_text(PAGE, "utf-8")
    result = pytester.runpytest_inprocess("docs", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=7, failed=2)
    result.stdout.fnmatch_lines(["*page.md*line 31*", "*- 2", "*+ 1"])
    result.stdout.fnmatch_lines(["*page.md*line 33*", "exit status 1"])
    assert Path.cwd() == before
