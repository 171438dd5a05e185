"""Reading JSON: every guard, with its whole text, and nothing of the payload in it."""

from __future__ import annotations

import json
import math
import re
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid._decoding import json_reader
from handlerid.errors import MalformedPayload

MOST = 65_536
read_json = json_reader("standard")

# Built here, so that no line of source that a traceback shows holds it.
MARKER = f"secret{7000 + 351}"

NOT_JSON = "the payload is not JSON"
NOT_UTF8 = "the payload is not UTF-8"
NO_OBJECT = "the payload is not a JSON object"
TOO_DEEP = "the payload nests deeper than 32 levels"
TWICE = "the payload has a duplicate key"
NO_FLOAT = "the payload has a number too large for a float"
NO_NUMBER = "the payload has NaN or Infinity, which is not JSON"
HALF = "the payload holds half a surrogate pair"
TOO_LARGE = "the payload is larger than 65536 bytes, the limit of this dispatcher"

M = f'"{MARKER}"'

MANY = dict.fromkeys(map(str, range(99)), 1)
DEEP: dict[str, Any] = json.loads('{"a":' * 31 + "{}" + "}" * 31)

BAD: dict[str, tuple[object, str]] = {
    # no JSON
    "empty": ("", NOT_JSON),
    "empty bytes": (b"", NOT_JSON),
    "blank": (" \n", NOT_JSON),
    "a word": (MARKER, NOT_JSON),
    "single quotes": (f"{{'a': {M}}}", NOT_JSON),
    "no quotes": (f"{{a: {M}}}", NOT_JSON),
    "cut off": (f'{{"a": {M}', NOT_JSON),
    "cut off in a string": (f'{{"a": "{MARKER}', NOT_JSON),
    "cut off in an escape": (f'{{"a": "{MARKER}\\', NOT_JSON),
    "no value": (f'{{"m": {M}, "a": }}', NOT_JSON),
    "trailing comma": (f'{{"a": {M},}}', NOT_JSON),
    "trailing bytes": (f'{{"a": {M}}} x', NOT_JSON),
    "two objects": (f'{{"a": {M}}}{{}}', NOT_JSON),
    "trailing zero byte": (f'{{"a": {M}}}\0', NOT_JSON),
    "comment": (f'{{"a": {M}}} // b', NOT_JSON),
    "control character in a string": (f'{{"a": "{MARKER}\n"}}', NOT_JSON),
    "unknown escape": (f'{{"a": "{MARKER}\\x41"}}', NOT_JSON),
    "short escape": (f'{{"a": "{MARKER}\\u12"}}', NOT_JSON),
    "a form": (f"a={MARKER}&b=2", NOT_JSON),
    "Python's True": (f'{{"m": {M}, "a": True}}', NOT_JSON),
    "mismatched brackets": (f'{{"a": [{M}}}]', NOT_JSON),
    "other white space": (f'\u00a0{{"a": {M}}}', NOT_JSON),
    # numbers
    "NaN": (f'{{"m": {M}, "a": NaN}}', NO_NUMBER),
    "Infinity": (f'{{"m": {M}, "a": Infinity}}', NO_NUMBER),
    "-Infinity": (f'{{"m": {M}, "a": [-Infinity]}}', NO_NUMBER),
    "1e999": (f'{{"m": {M}, "a": 1e999}}', NO_FLOAT),
    "-1e999": (f'{{"m": {M}, "a": -1e999}}', NO_FLOAT),
    "1e999 inside": (f'{{"m": {M}, "a": {{"b": 1e999}}}}', NO_FLOAT),
    "-1e999 in a list": (f'{{"m": {M}, "a": [-1e999]}}', NO_FLOAT),
    "1e999 beside a colon": (f'{{"m": {M}, "a": ":", "b": 1e999}}', NO_FLOAT),
    "400 digits and a fraction": (f'{{"a": {"9" * 400}.5}}', NO_FLOAT),
    "5000 digits": (f'{{"m": {M}, "a": {"9" * 5000}}}', NOT_JSON),
    "leading zero": (f'{{"m": {M}, "a": 01}}', NOT_JSON),
    "hexadecimal": (f'{{"m": {M}, "a": 0x1}}', NOT_JSON),
    "plus sign": (f'{{"m": {M}, "a": +1}}', NOT_JSON),
    "no digit after the point": (f'{{"m": {M}, "a": 1.}}', NOT_JSON),
    "digits of another script": (f'{{"m": {M}, "a": \u0663}}', NOT_JSON),
    "underscore": (f'{{"m": {M}, "a": 1_000}}', NOT_JSON),
    # keys
    "a key twice": (f'{{"{MARKER}": 1, "{MARKER}": 1}}', TWICE),
    "a key twice, escaped": (f'{{"a{MARKER}": 1, "\\u0061{MARKER}": 2}}', TWICE),
    "a key twice, with colons": (f'{{"m": {M}, "a": ":", "a": ":"}}', TWICE),
    "a key twice, made up for by an escape": (
        f'{{"m": {M}, "a": 1, "a": "\\u003a"}}',
        TWICE,
    ),
    "a key twice, an empty object": (f'{{"m": {M}, "a": {{}}, "a": 1}}', TWICE),
    "a key twice, an object inside": (
        f'{{"m": {M}, "a": {{"b": ":"}}, "a": {{"b": 1}}}}',
        TWICE,
    ),
    "a key twice, among many": (json.dumps(MANY)[:-1] + ', "7": 1}', TWICE),
    "a key twice, inside": (f'{{"a": [{{"b": {M}, "b": 1}}]}}', TWICE),
    "no string as key": (f"{{1: {M}}}", NOT_JSON),
    "null as key": (f"{{null: {M}}}", NOT_JSON),
    # encodings
    "byte order mark": (b'\xef\xbb\xbf{"a": 1}', NOT_JSON),
    "byte order mark in text": (f'\ufeff{{"a": {M}}}', NOT_JSON),
    "UTF-16": (f'{{"a": {M}}}'.encode("utf-16"), NOT_UTF8),
    "UTF-16, no mark": (f'{{"a": {M}}}'.encode("utf-16-le"), NOT_JSON),
    "UTF-32": (f'{{"a": {M}}}'.encode("utf-32-be"), NOT_JSON),
    "Latin-1": (f'{{"a": "\u00e9{MARKER}"}}'.encode("latin-1"), NOT_UTF8),
    "overlong": (b'{"a": "\xc0\xaf"}', NOT_UTF8),
    "cut off in a character": ('{"a": "\u00e9'.encode()[:-1], NOT_UTF8),
    "surrogate in bytes": (b'{"a": "\xed\xa0\x80"}', NOT_UTF8),
    "surrogate in text": (f'{{"a": "{MARKER}\ud800"}}', NOT_UTF8),
    "high half by escape": (f'{{"a": "{MARKER}\\ud800"}}', HALF),
    "low half by escape": (f'{{"a": "\\uDC00{MARKER}"}}', HALF),
    "halves in the wrong order": (f'{{"a": "{MARKER}\\udc00\\ud800"}}', HALF),
    "half as key": (f'{{"m": {M}, "\\ud800": 1}}', HALF),
    "half deep inside": (f'{{"m": {M}, "a": [1, {{"b": ["\\ud83d"]}}]}}', HALF),
    # the wrong thing
    "null": ("null", NO_OBJECT),
    "true": ("true", NO_OBJECT),
    "a number": ("1", NO_OBJECT),
    "a string": (M, NO_OBJECT),
    "a list": (f"[{M}]", NO_OBJECT),
    "a list behind a blank": (f" [{M}]", NO_OBJECT),
    "a string behind a blank": (f" {M}", NO_OBJECT),
    "a list of objects": (f'[{{"handler": {M}}}]', NO_OBJECT),
    # size and depth
    "too large": (f'{{"a": "{MARKER}{"a" * MOST}"}}', TOO_LARGE),
    "too large, blanks": (f'{{"a": {M}}}' + " " * MOST, TOO_LARGE),
    "too large in bytes only": (f'{{"a": "{"é" * (MOST // 2)}"}}', TOO_LARGE),
    "too deep, objects": ('{"a":' * 33 + M + "}" * 33, TOO_DEEP),
    "too deep, empty inside": ('{"a":' * 32 + "{}" + "}" * 32, TOO_DEEP),
    "too deep, lists": (f'{{"a":{"[" * 32}{M}{"]" * 32}}}', TOO_DEEP),
    "too deep, objects cut off": ('{"a":' * 12_000, TOO_DEEP),
    "too deep, cut off": ("[" * 60_000, TOO_DEEP),
    "too deep behind brackets in a string": (
        f'{{"m": {M}, "s": "]]]]}}}}\\"]]", "a":{"[" * 32}{"]" * 32}}}',
        TOO_DEEP,
    ),
    "too deep behind siblings": (
        f'{{"s": {[[]] * 50}, "m": {M}, "a":{"[" * 32}{"]" * 32}}}',
        TOO_DEEP,
    ),
    # what a host may have read already
    "None": (None, NO_OBJECT),
    "an integer": (7351, NO_OBJECT),
    "an integer that would be a size": (10**15, NO_OBJECT),
    "a list read already": ([MARKER], NO_OBJECT),
    "a list of bytes": ([123, 125], NO_OBJECT),
}


# The same guards hold whoever reads, and say the same.
READERS = ["standard", "msgspec"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("payload", "text"), BAD.values(), ids=BAD)
def test_a_bad_payload_is_refused_and_nothing_of_it_is_told(
    payload: object, text: str, reader: str
) -> None:
    with pytest.raises(MalformedPayload) as caught:
        json_reader(reader)(payload, MOST)
    error = caught.value
    assert type(error) is MalformedPayload
    assert str(error) == text
    assert repr(error) == f"MalformedPayload({text!r})"
    assert vars(error) == {}
    # What it came from may hold the text, and is not told with it.
    assert error.__context__ is None or error.__suppress_context__
    shown = "".join(traceback.format_exception(error))
    assert text in shown
    assert MARKER not in shown + error.public


def test_the_list_of_bad_payloads_is_long() -> None:
    assert len(BAD) >= 60
    assert sum(MARKER in str(payload) for payload, _ in BAD.values()) > 40


GOOD: dict[str, tuple[object, dict[str, Any]]] = {
    "empty": ("{}", {}),
    "white space": (' \t\r\n{"a" : 1 }\n', {"a": 1}),
    "bytes": (b'{"a": 1}', {"a": 1}),
    "bytearray": (bytearray(b'{"a": 1}'), {"a": 1}),
    "memoryview": (memoryview(b'{"a": 1}'), {"a": 1}),
    "memoryview with steps": (memoryview(b'{ "  a " : 1 } ')[::1], {"  a ": 1}),
    "every kind": (
        '{"a": [null, true, false, 1, -0.5, "b", {"c": []}]}',
        {"a": [None, True, False, 1, -0.5, "b", {"c": []}]},
    ),
    "characters": ('{"é": "日本 😀"}', {"é": "日本 😀"}),
    "characters in bytes": ('{"é": "日本 😀"}'.encode(), {"é": "日本 😀"}),
    "escapes": (r'{"a": "\u00e9\n\"\\\/"}', {"a": 'é\n"\\/'}),
    "a pair by escape": (r'{"a": "\ud83d\ude00"}', {"a": "😀"}),
    "an escaped backslash before u": (r'{"a": "\\ud800"}', {"a": "\\ud800"}),
    "escaped zero": (r'{"a": "\u0000"}', {"a": "\0"}),
    "an empty key": ('{"": 1}', {"": 1}),
    "keys that differ in case": ('{"a": 1, "A": 2}', {"a": 1, "A": 2}),
    "a key again in another object": ('{"a": {"a": 1}}', {"a": {"a": 1}}),
    "the largest float": (
        '{"a": 1.7976931348623157e308}',
        {"a": 1.7976931348623157e308},
    ),
    "too small for a float": ('{"a": 1e-999}', {"a": 0.0}),
    "a large integer": (f'{{"a": {10**400}}}', {"a": 10**400}),
    "as deep as it may be": (
        f'{{"a":{"[" * 31}{"]" * 31}}}',
        {"a": json.loads("[" * 31 + "]" * 31)},
    ),
    "many siblings": (json.dumps({"a": [[]] * 500}), {"a": [[]] * 500}),
    "colons in strings": ('{"a:": "::", "b": 1}', {"a:": "::", "b": 1}),
    "colons by escape": (r'{"a": "\u003a", "b:": 1}', {"a": ":", "b:": 1}),
    "empty objects inside": ('{"a": {}, "b": {}}', {"a": {}, "b": {}}),
    "an object inside": ('{"a": {"b": {"c": 1}}}', {"a": {"b": {"c": 1}}}),
    "a bracket in a string": ('{"a": "{:", "b": 1}', {"a": "{:", "b": 1}),
    "many keys": (json.dumps(MANY), MANY),
    "deep objects": ('{"a":' * 31 + "{}" + "}" * 31, DEEP),
    "brackets in strings": (
        json.dumps({"a": "[" * 50, "b": '{"' * 50, "c": '\\"[' * 50}),
        {"a": "[" * 50, "b": '{"' * 50, "c": '\\"[' * 50},
    ),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("payload", "value"), GOOD.values(), ids=GOOD)
def test_a_good_payload_is_read(
    payload: object, value: dict[str, Any], reader: str
) -> None:
    read = json_reader(reader)(payload, MOST)
    assert read == value
    assert repr(read) == repr(value)  # True is not 1, -0.0 is not 0.0


def test_minus_zero_stays_minus_zero() -> None:
    assert math.copysign(1, read_json('{"a": -0.0}', MOST)["a"]) == -1


def test_the_limit_counts_bytes_and_is_the_largest_size_accepted() -> None:
    text = '{"a": "é"}'
    size = len(text.encode())
    assert size == len(text) + 1
    for payload in (text, text.encode(), memoryview(text.encode())):
        assert read_json(payload, size) == {"a": "é"}
        with pytest.raises(MalformedPayload) as caught:
            read_json(payload, size - 1)
        assert str(caught.value) == (
            f"the payload is larger than {size - 1} bytes, the limit of this dispatcher"
        )


def test_a_view_of_wider_items_counts_its_bytes() -> None:
    view = memoryview(b'{"a": 1}').cast("I")
    assert read_json(view, 8) == {"a": 1}
    with pytest.raises(MalformedPayload):
        read_json(view, 7)


def test_brackets_are_counted_in_one_pass() -> None:
    """A string without an end is looked at once, not once for each quote in it."""
    text = '{"a": ' + "[" * 31 + '"' + '\\"' * 30_000
    with pytest.raises(MalformedPayload, match=NOT_JSON):
        read_json(text, MOST)


def test_another_reader_is_refused() -> None:
    with pytest.raises(ValueError, match='json must be one of "standard", "msgs'):
        json_reader("orjson")


# Any text at all, and texts that are nearly JSON.

PIECES = st.sampled_from(
    [
        *'{}[],:"\\0-. é\ufeff\ud800',
        *["\\u", "d800", "1e9", "null", "true", "NaN", "Infinity", '"a"', '{"a":'],
    ]
)
TEXTS = st.text() | st.lists(PIECES).map("".join)


@given(TEXTS | st.binary() | TEXTS.map(lambda text: text.encode("utf-8", "replace")))
def test_any_text_is_read_as_json_does_or_refused(payload: str | bytes) -> None:
    try:
        read = read_json(payload, MOST)
    except MalformedPayload as error:
        text = str(error)
    else:
        assert read == json.loads(payload)
        assert repr(json_reader("msgspec")(payload, MOST)) == repr(read)
        return
    assert re.fullmatch(r"the payload [a-zA-Z0-9 ,-]+", text)
    with pytest.raises(MalformedPayload) as caught:
        json_reader("msgspec")(payload, MOST)
    assert str(caught.value) == text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON), st.booleans(), st.booleans())
def test_any_object_is_read_as_it_was_written(
    value: dict[str, object], ascii_only: bool, as_bytes: bool
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    for reader in READERS:
        read = json_reader(reader)(text.encode() if as_bytes else text, MOST)
        assert repr(read) == repr(value)
