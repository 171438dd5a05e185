"""The page of the API has all public modules, and names that autodoc leaves out."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import handlerid
from handlerid import check, errors, events, executors, manifest, testing, web

PAGE = (Path(__file__).parents[2] / "docs/reference/api.md").read_text("utf-8")


@pytest.mark.parametrize(
    "module", [handlerid, check, errors, events, executors, manifest, testing, web]
)
def test_every_public_name_is_on_the_page(module: object) -> None:
    name = getattr(module, "__name__", "")
    assert f".. automodule:: {name}\n" in PAGE
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if not inspect.isclass(value) and not callable(value):
            assert re.search(rf"\b{public}\b", PAGE), public  # autodoc lists no data


def test_excluded_members_exist() -> None:
    (excluded, _) = re.findall(r":exclude-members: (.*)", PAGE)
    classes = [handlerid.Identity, handlerid.Registry, handlerid.Call]
    members = {one for cls in classes for one in (*dir(cls), *cls.__annotations__)}
    instance = vars(handlerid.Identity()) | vars(handlerid.Registry())
    assert set(excluded.split(", ")) <= members | set(instance)
