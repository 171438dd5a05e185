"""The free variables of a function: who assigns them, and when."""

from __future__ import annotations

import json
from types import FunctionType
from typing import Any

import pytest

from handlerid._captures import FreeVariables
from tests.captures.free_variables import EXPECTED, known, table
from tests.pythons import require_python
from tests.support.fresh import run_fresh
from tests.support.pyodide import ROOT, require_pyodide, run_pyodide

FOUND = table()
# Handlers of exceptions before them jump back since 3.12, which looks like a loop:
# their cells are compared, to no effect.
AFTER_HANDLERS = ["after_try", "after_several_tries", "after_with"]
AFTER_HANDLERS += ["_after_await", "_after_async_with"]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_known_of_variables(name: str) -> None:
    assert FOUND[name] == EXPECTED[name]


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_other_pythons_find_the_same(version: str) -> None:
    if version == "3.14":
        require_pyodide()
        script = ROOT / "tests/captures/free_variables.py"
        printed = run_pyodide(script, path=[ROOT]).stdout
    else:
        python = str(require_python(version))
        printed = run_fresh(
            "-m", "tests.captures.free_variables", python=python, path=ROOT
        )
    found = json.loads(printed)
    for name in AFTER_HANDLERS:
        assert found.pop(name) == "late row"
    if version == "3.14":  # it names nothing there
        assert found.pop("an annotation of a variable") == ""
    assert found == {name: EXPECTED[name] for name in found}
    assert len(found) >= len(EXPECTED) - len(AFTER_HANDLERS) - 1


SOURCE = """
def page(row):
    def save():
        return row
    return save
"""


def test_the_function_around_is_found_when_its_module_has_it() -> None:
    names: dict[str, Any] = {}
    exec(SOURCE, names)
    page = names.pop("page")
    save = page(1)
    found = FreeVariables(save.__code__, names)
    assert (found.shared, found.late, found.missing) == ((0,), (0,), len(names))
    names["page"] = page
    found = FreeVariables(save.__code__, names)
    assert (found.shared, found.late, found.missing) == ((), (), 0)


def test_a_function_of_that_name_with_other_code_is_not_it() -> None:
    names: dict[str, Any] = {}
    exec(SOURCE, names)
    save = names["page"](1)
    exec(SOURCE, names)
    assert known(save, names) == "shared row, late row, missing"


def test_code_of_another_file_is_not_it() -> None:
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    exec(compile(SOURCE, "first.py", "exec"), first)
    exec(compile(SOURCE, "second.py", "exec"), second)
    assert known(first["page"](1), first) == ""
    assert known(first["page"](1), second) == "shared row, late row, missing"


def test_no_code_of_an_object_runs() -> None:
    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            raise AssertionError(name)

        def __instancecheck__(cls, instance: object) -> bool:
            raise AssertionError

        __eq__ = __hash__ = None  # type: ignore[assignment]

    class Odd(metaclass=Meta):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

        __eq__ = __hash__ = None  # type: ignore[assignment]

    class Name(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            raise AssertionError

        __hash__ = str.__hash__

    class Named:
        pass

    Named.__module__ = Name("generated")
    odd = object.__new__(Odd)
    empty: Any = FunctionType(
        (lambda: odd).__code__, {}, "empty", None, (lambda: odd).__closure__
    )
    names: dict[str, Any] = {"__name__": "generated"}
    exec(SOURCE, names)
    page = names["page"]
    names |= {"page": odd, "Odd": Odd, "Named": Named, "empty": empty, "kept": [page]}
    assert known(page(1), names) == "shared row, late row, missing"
    names["last"] = page
    assert known(page(1), names) == ""


def test_rings_of_functions_end() -> None:
    names: dict[str, Any] = {"__name__": "generated"}
    exec(SOURCE, names)
    save = names.pop("page")(1)

    def first() -> object:
        return second

    def second() -> object:
        return first

    first.__wrapped__ = second  # type: ignore[attr-defined]
    second.__wrapped__ = first  # type: ignore[attr-defined]
    names["first"] = first
    assert known(save, names) == "shared row, late row, missing"


@pytest.mark.parametrize("name", ["int", "str"])
def test_an_annotation_of_a_parameter_is_evaluated_around_it(name: str) -> None:
    # By Python until 3.13; since 3.14 no code but __annotate__ names it.
    names: dict[str, Any] = {}
    exec(
        "def page(Row):\n    def fn():\n        def inner(row: Row): ...\n"
        "    return fn",
        names,
    )
    assert known(names["page"](name), names) in ("", "unused Row")
