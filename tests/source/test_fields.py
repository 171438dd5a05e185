"""The fields of every class of nodes, by release: a new one is noticed here.

A new field whose default says nothing is left out of the form. When a release adds one,
look at what it says, then add the release to ``fields.json``; a field that holds a
number or a text that is never empty may need a rule in ``_source/syntax``.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import require_python
from tests.source.forms import encode_syntax
from tests.support.fresh import run_fresh
from tests.support.pyodide import run_pyodide

BY_RELEASE: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("fields.json").read_text("ascii")
)

# Without the classes that Python 3.8 replaced by Constant, which no parser makes.
SHOW = """
import ast, json, warnings
warnings.simplefilter("ignore")
old = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis", "Suite", "Param", "AugLoad",
       "AugStore", "Index", "ExtSlice", "slice"}
found, todo = {}, [ast.AST]
while todo:
    inside = todo.pop().__subclasses__()
    todo += inside
    found.update({x.__name__: " ".join(sorted(x._fields)) for x in inside
                  if x._fields or not x.__subclasses__()})
print(json.dumps({name: found[name] for name in found.keys() - old}))
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_the_fields_of_every_node_are_known(version: str, tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text(SHOW)
    if version in ("3.14", "3.15"):
        shown = run_pyodide(script, version=version).stdout
    else:
        shown = run_fresh(str(script), python=str(require_python(version)))
    known: dict[str, str] = {}
    for release, fields in BY_RELEASE.items():
        known |= fields
        if release == version:
            break
    found = json.loads(shown)
    names = found.keys() | known.keys()
    new = {
        x: (found.get(x), known.get(x)) for x in names if found.get(x) != known.get(x)
    }
    assert new == {}, f"classes of Python {version}, as they are and as they were known"


def test_this_python_is_known() -> None:
    assert "{}.{}".format(*sys.version_info) in BY_RELEASE


@pytest.mark.parametrize("default", [None, 0, False, [], ""])
def test_a_new_field_whose_default_says_nothing_is_left_out(default: object) -> None:
    class Import(ast.Import):
        _fields = (*ast.Import._fields, "is_new")

    node: Any = ast.parse("import a").body[0]
    newer: Any = Import(names=node.names)
    newer.is_new = default
    assert encode_syntax(newer) == encode_syntax(node)
    newer.is_new = 1
    assert encode_syntax(newer) != encode_syntax(node)
