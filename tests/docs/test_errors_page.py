"""The reference of the errors says what the errors say."""

from __future__ import annotations

import re
from inspect import get_annotations
from pathlib import Path

from handlerid import errors
from handlerid.web import errors as web_errors

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def rows() -> dict[str, tuple[int, set[str], str]]:
    """Status, attributes and public text of each error, as the page has them."""
    found = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            name, _meaning, status, attributes, public = cells
            names = set(re.findall(r"`(\w+)`", attributes))
            found[name.strip("`")] = (int(status), names, public)
    return found


def error_classes() -> dict[str, type[errors.HandlerIdError]]:
    everything = vars(errors) | vars(web_errors)
    kinds = {n: c for n, c in everything.items() if isinstance(c, type)}
    return {
        name: cls
        for name, cls in kinds.items()
        if issubclass(cls, errors.HandlerIdError)
        and not issubclass(cls, Warning)
        and cls is not errors.HandlerIdError
    }


def declared(cls: type) -> set[str]:
    names = {name for base in cls.__mro__ for name in get_annotations(base)}
    return names - set(get_annotations(errors.HandlerIdError))


def test_every_error_has_a_row() -> None:
    assert set(rows()) == set(error_classes())


def test_the_rows_say_what_the_classes_say() -> None:
    actual = {
        name: (cls.status, declared(cls), cls.public)
        for name, cls in error_classes().items()
    }
    assert rows() == actual


def test_the_errors_with_a_reload_are_listed() -> None:
    listed = PAGE.read_text("utf-8").partition("True for")[2].partition(";")[0]
    reloading = {name for name, cls in error_classes().items() if cls.reload}
    assert set(re.findall(r"`(\w+)`", listed)) == reloading


def test_the_warning_is_described() -> None:
    text = PAGE.read_text("utf-8")
    for name in ["CapturesReplaced", *declared(errors.CapturesReplaced)]:
        assert f"`{name}`" in text
