"""The program that uses every public name runs, and uses every one."""

from __future__ import annotations

import ast
import typing
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import handlerid
from handlerid import check, manifest, web
from tests.typing import public_names

PROGRAM = Path(public_names.__file__).read_text("utf-8")
PUBLIC: dict[str, Any] = {
    name: getattr(module, name)
    for module in (handlerid, check, manifest, web)
    for name in module.__all__
}
PARTS = [
    name
    for name, value in vars(public_names).items()
    if getattr(value, "__module__", "") == public_names.__name__
    and not isinstance(value, type)
    and not name.startswith(("on_", "render"))
]


@pytest.mark.parametrize("name", PARTS)
def test_the_types_are_true(name: str) -> None:
    getattr(public_names, name)()


def used(module: str) -> set[str]:
    return {
        alias.name
        for node in ast.walk(ast.parse(PROGRAM))
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }


def test_every_public_name_is_used() -> None:
    names = {name for name in handlerid.__all__ if name[0] != "_"}
    assert used("handlerid") == names - {"errors", "events"}
    assert used("handlerid.check") == {*check.__all__}
    assert used("handlerid.manifest") == {*manifest.__all__}
    assert used("handlerid.web") == {*web.__all__}


def test_public_names_are_where_they_say() -> None:
    for name, value in PUBLIC.items():
        if isinstance(value, type):
            assert value.__module__.count("._") == 0, name
            assert "__repr__" in dir(value)


def test_annotations_resolve() -> None:
    """``typing.get_type_hints`` works on every class and function, members too."""
    for value in PUBLIC.values():
        members = [value]
        if isinstance(value, type):
            members += [one for name, one in vars(value).items() if name[0] != "_"]
        for one in members:
            function = getattr(one, "fget", None) or getattr(one, "__func__", one)
            if isinstance(function, (type, FunctionType)):
                typing.get_type_hints(function)


def test_a_misspelt_name_is_no_name() -> None:
    """The comments are unused, which mypy reports, where it takes any name."""
    with pytest.raises(ImportError):
        from handlerid import Regstry  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(ImportError):
        from handlerid.events import ClikEvent  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(AttributeError, match="has no attribute 'nobody'"):
        handlerid.nobody  # type: ignore[attr-defined]  # noqa: B018
