"""The schema of manifests in the docs is that of real files."""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handlerid import Dispatcher, Registry
from handlerid.manifest import Manifest, build
from tests.manifest.shop import write_shop
from tests.support.packages import importable, write

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "manifest.md"
SCHEMA: dict[str, Any] = json.loads(
    PAGE.read_text("utf-8").partition("```json\n")[2].partition("```")[0]
)
TYPES = {"object": dict, "array": list, "string": str, "null": type(None)}
KNOWN = {
    *("$defs", "$ref", "$schema", "additionalProperties", "anyOf", "const", "enum"),
    *("items", "minItems", "pattern", "properties", "required", "title", "type"),
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits a schema, with the words that this one uses."""
    assert schema.keys() <= KNOWN, schema
    if "$ref" in schema:
        return fits(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    if "const" in schema:
        return value is schema["const"] or (
            type(value) is str and value == schema["const"]
        )
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema["type"]
    if type(value) not in [
        TYPES[x] for x in ([kinds] if type(kinds) is str else kinds)
    ]:
        return False
    if type(value) is str:
        return bool(re.search(schema.get("pattern", ""), value))
    if type(value) is list:
        enough = len(value) >= schema.get("minItems", 0)
        return enough and all(fits(one, schema["items"]) for one in value)
    if type(value) is dict:
        known, rest = schema.get("properties", {}), schema["additionalProperties"]
        return {*schema.get("required", ())} <= value.keys() and all(
            fits(one, known[name]) if name in known else rest and fits(one, rest)
            for name, one in value.items()
        )
    return True


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Manifest]]:
    folder = write_shop(tmp_path_factory.mktemp("shop"))
    write(folder, shop__broken="raise ImportError")
    with importable(folder):
        built = [build("shop"), build("shop", fingerprint="source", release="r1")]
        registry = Registry(captures="allow")
        registry.scan("shop.pages")
        with Dispatcher(registry).scope() as scope:
            sys.modules["shop.pages"].page(scope, "url", [1], lambda: None)
        yield [*built, registry.manifest(release="r1")]


def test_real_files_have_the_schema_of_the_page(manifests: list[Manifest]) -> None:
    for one in manifests:
        assert one.functions
        assert fits(json.loads(one.to_bytes()), SCHEMA)
    built = json.loads(manifests[0].to_bytes())
    assert built["failed"]
    assert built["not_seen"]
    functions = [
        one
        for named in built["functions"].values()
        for several in named.values()
        for one in (several if type(several) is list else [several])
    ]
    # Each word of the schema is in a real file.
    assert {name for one in functions for name in one} == (
        SCHEMA["$defs"]["function"]["properties"].keys()
    )
    table = PAGE.read_text("utf-8").partition("| field | |")[2].partition("\n\n")[0]
    assert {*re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)} == (
        SCHEMA["$defs"]["function"]["properties"].keys()
    )


SPOILT: dict[str, Callable[[Any, Any], object]] = {
    "a word more": lambda x, f: x.update(host="a"),
    "a word less": lambda x, f: x.pop("python"),
    "another format": lambda x, f: x.update(format="handlerid manifest 2"),
    "another fingerprint": lambda x, f: x.update(fingerprint="text"),
    "a number": lambda x, f: x.update(python=3),
    "a function without code": lambda x, f: f.pop("code"),
    "a digest in upper case": lambda x, f: f.update(body=f["body"].upper()),
    "a longer digest": lambda x, f: f.update(body=f["body"] + "a"),
    "an unknown field": lambda x, f: f.update(line=3),
    "no list": lambda x, f: f.update(events="click"),
    "an empty list": lambda x, f: f.update(captures=[]),
    "false": lambda x, f: f.update(trivial=False),
    "one": lambda x, f: f.update(trivial=1),
    "a list of one": lambda x, f: x["functions"]["shop.pages"].update(helper=[f]),
    "an event without fields": lambda x, f: x["events"]["click"].pop("fields"),
    "another extra": lambda x, f: x["events"]["click"].update(extra="keep"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_other_files_do_not(manifests: list[Manifest], what: str) -> None:
    document = json.loads(manifests[0].to_bytes())
    spoilt = copy.deepcopy(document)
    SPOILT[what](spoilt, spoilt["functions"]["shop.pages"]["helper"])
    assert fits(document, SCHEMA)
    assert not fits(spoilt, SCHEMA)
