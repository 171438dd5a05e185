"""The file of a manifest: written, read, and refused."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid.manifest import EventShape, Function, Manifest

CODES = ["a" * 20, "b" * 19 + "q"]
NAMES = st.text(st.characters(exclude_categories=[]), min_size=1, max_size=8)
TEXTS = st.lists(NAMES, max_size=3).map(tuple)

FUNCTIONS = st.builds(
    Function,
    code=st.sampled_from(CODES),
    body=st.sampled_from(CODES),
    events=TEXTS,
    captures=TEXTS,
    name=st.none() | NAMES,
    moved_from=TEXTS,
    trivial=st.booleans(),
    wrapped=st.booleans(),
)
MANIFESTS = st.builds(
    Manifest,
    fingerprint=st.sampled_from(["bytecode", "source"]),
    python=st.none() | NAMES,
    release=st.none() | NAMES,
    functions=st.dictionaries(
        st.tuples(NAMES, NAMES),
        st.lists(FUNCTIONS, min_size=1, max_size=3).map(tuple),
        max_size=4,
    ),
    events=st.dictionaries(
        NAMES,
        st.builds(
            EventShape,
            fields=st.dictionaries(NAMES, NAMES, max_size=2),
            extra=st.sampled_from(["ignore", "refuse"]),
        ),
        max_size=2,
    ),
    failed=st.dictionaries(NAMES, NAMES, max_size=2),
    not_seen=st.dictionaries(NAMES, NAMES, max_size=2),
)

SMALL = Manifest(
    fingerprint="bytecode",
    python="cpython 3.11.7",
    release="r1",
    functions={
        ("shop.cart", "row.<locals>.on_click"): (
            Function(CODES[0], CODES[1], ("click",), ("url",)),
            Function(CODES[1], CODES[1], trivial=True),
        ),
        ("shop.cart", "größe"): (Function(CODES[0], CODES[1], name="size"),),
        ("shop", "\udc80"): (Function(CODES[0], CODES[1], moved_from=("shop:size",)),),
    },
    events={"click": EventShape({"key": "str = ''"}, "ignore")},
    failed={"shop.broken": "ImportError"},
    not_seen={"shop.save": "why"},
)
TEXT = """\
{
"events": {
"click": {"extra":"ignore","fields":{"key":"str = ''"}}
},
"failed": {
"shop.broken": "ImportError"
},
"fingerprint": "bytecode",
"format": "handlerid manifest 1",
"functions": {
"shop": {
"\\udc80": {"body":"bbbbbbbbbbbbbbbbbbbq","code":"aaaaaaaaaaaaaaaaaaaa","moved_from":["shop:size"]}
},
"shop.cart": {
"größe": {"body":"bbbbbbbbbbbbbbbbbbbq","code":"aaaaaaaaaaaaaaaaaaaa","name":"size"},
"row.<locals>.on_click": [{"body":"bbbbbbbbbbbbbbbbbbbq","captures":["url"],"code":"aaaaaaaaaaaaaaaaaaaa","events":["click"]},{"body":"bbbbbbbbbbbbbbbbbbbq","code":"bbbbbbbbbbbbbbbbbbbq","trivial":true}]
}
},
"not_seen": {
"shop.save": "why"
},
"python": "cpython 3.11.7",
"release": "r1"
}
"""  # noqa: E501 - as it is written


def test_the_file_as_it_is() -> None:
    expected = TEXT.replace("aaaaaaaaaaaaaaaaaaa" + "a", CODES[0])
    expected = expected.replace("b" * 19 + "q", CODES[1])
    assert SMALL.to_bytes().decode() == expected


@given(MANIFESTS)
def test_what_is_read_is_what_was_written(manifest: Manifest) -> None:
    content = manifest.to_bytes()
    read = Manifest.read(content)
    assert read == manifest
    assert read.to_bytes() == content
    assert content.endswith(b"}\n")
    assert json.loads(content)["format"] == "handlerid manifest 1"


@given(MANIFESTS)
def test_the_order_of_what_was_gathered_is_no_matter(manifest: Manifest) -> None:
    fields = dataclasses.fields(manifest)
    values = {one.name: getattr(manifest, one.name) for one in fields}
    turned: dict[str, Any] = {
        name: dict([*one.items()][::-1]) if isinstance(one, dict) else one
        for name, one in values.items()
    }
    assert Manifest(**turned).to_bytes() == manifest.to_bytes()


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "r1.json"
    SMALL.write(path)
    assert path.read_bytes() == SMALL.to_bytes()
    assert Manifest.read(path) == Manifest.read(str(path)) == SMALL


def test_what_it_says_of_itself() -> None:
    assert repr(SMALL) == "<Manifest of 'r1': 4 functions in 2 modules>"
    assert str(SMALL) == "4 functions in 2 modules"
    assert repr(Manifest(fingerprint="source")) == (
        "<Manifest: 0 functions in 0 modules>"
    )
    assert pickle.loads(pickle.dumps(SMALL)) == SMALL
    assert Function.__module__ == EventShape.__module__ == "handlerid.manifest"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff", b'{"format": 1}', b'{"a": "b"}']
)
def test_what_is_no_manifest(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^the bytes: no manifest of handlerid$"):
        Manifest.read(content)
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.json: no manifest of handlerid$"):
        Manifest.read(path)


def test_a_later_format() -> None:
    content = SMALL.to_bytes().replace(b"manifest 1", b"manifest 2")
    with pytest.raises(ValueError, match=r"^the bytes: written as") as raised:
        Manifest.read(content)
    assert str(raised.value) == (
        "the bytes: written as 'handlerid manifest 2', and this version reads "
        "'handlerid manifest 1'; build it again"
    )


DAMAGES: list[tuple[str, Any]] = [
    ("functions", 5),
    ("functions", {"shop": 5}),
    ("functions", {"shop": {"a": 5}}),
    ("functions", {"shop": {"a": {"code": "x"}}}),
    ("functions", {"shop": {"a": [5]}}),
    ("events", {"click": {}}),
    ("events", 5),
    ("fingerprint", "text"),
    ("fingerprint", None),
]


@pytest.mark.parametrize(("field", "value"), DAMAGES)
def test_a_damaged_file(field: str, value: Any) -> None:
    document = json.loads(SMALL.to_bytes())
    document[field] = value
    with pytest.raises(ValueError, match=r"^the bytes: a damaged manifest; build it"):
        Manifest.read(json.dumps(document).encode())
    del document[field]
    with pytest.raises(ValueError, match=r"^the bytes: a damaged manifest; build it"):
        Manifest.read(json.dumps(document).encode())


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Manifest.read(tmp_path / "none.json")
    with pytest.raises(TypeError, match=r"^source must be bytes or the path of a file"):
        Manifest.read(5)  # type: ignore[arg-type]
