"""Payloads within the limits that cost as much as their author can make them."""

from __future__ import annotations

from tests.promises.fuzz.target import MOST

__all__ = ["TEXTS", "WORST"]

ROOM = MOST - 100


def _filled(before: str, middle: str, after: str) -> bytes:
    room = MOST - len(before) - len(after) - 70
    return (before + middle * (room // len(middle)) + after).encode()


MARKS = "a" + "\u0315\u0300" * 120
"""Python's NFKC sorts such marks, in a time that grows with the square."""

TEXTS = {
    "nothing": "",
    "single letters": "x",
    "single digits": "1",
    "nearly numbers": "1" * 800 + "x",
    "nearly fractions": "1" * 400 + "." + "1" * 400 + "e",
    "long integers": "9" * 640,
    "numbers too large": "9e9999",
    "blanks": "%20" * 200 + "x",
    "nearly times": "2024-02-29T09:30:15.123456+",
    "nearly base64": "aGkk" * 200 + "=",
}
"""Texts that a reader may look at several times."""

WORST = {
    "brackets": b"j" + b"[" * MOST,
    "braces": b"j" + b'{"a":' * 10_000,
    "flat lists": _filled('j{"handler":"@","anything":[', "[],", "[]]}"),
    "flat objects": _filled('j{"handler":"@","anything":[', "{},", "{}]}"),
    "a string without an end": _filled('j[[[[[[{"a":"' + "[" * 40, '\\"', ""),
    "escapes": _filled('j{"handler":"@","text":"', "\\u00e9", '"}'),
    "half a pair at the end": _filled(
        'j{"handler":"@","text":"', "\\u00e9", '\\ud800"}'
    ),
    "colons": _filled('j{"handler":"@","text":"', ":", '"}'),
    "one key again and again": _filled('j{"handler":"@"', ',"a":1', "}"),
    "other keys": ("j{" + ",".join(f'"{n}":1' for n in range(6_000)) + "}").encode(),
    "extra keys": (
        'x{"handler":"@",' + ",".join(f'"{n}":1' for n in range(6_000)) + "}"
    ).encode(),
    "bad items": _filled('j{"handler":"@","grid":[', '["a"],', "[]]}"),
    "bad items in one": _filled('j{"handler":"@","grid":[[', '"a",', "0]]}"),
    "good items": _filled('j{"handler":"@","grid":[[', "0,", "0]]}"),
    "bad values": (
        'j{"handler":"@","names":{'
        + ",".join(f'"{n}":"a"' for n in range(5_000))
        + "}}"
    ).encode(),
    "long integers": _filled('j{"handler":"@","anything":[', "9" * 4_300 + ",", "0]}"),
    "integers too long": _filled(
        'j{"handler":"@","anything":[', "9" * 5_000 + ",", "0]}"
    ),
    "one number": _filled('j{"handler":"@","ratio":', "9", "}"),
    "one fraction": _filled('j{"handler":"@","ratio":0.', "9", "}"),
    "floats": _filled('j{"handler":"@","grid":[[', "1.7976931348623157e308,", "0]]}"),
    "no date": _filled('j{"handler":"@","day":"', "2024-", '"}'),
    "no time": _filled('j{"handler":"@","clock":"09:30:15.', "1", '"}'),
    "base64": _filled('j{"handler":"@","data":"', "aGk=", '"}'),
    "long base64": _filled('j{"handler":"@","data":"', "aGkk", '"}'),
    "a wide tree": _filled('j{"handler":"@","tree":{"children":[', "{},", "{}]}}"),
    "a wide bad tree": _filled('j{"handler":"@","tree":{"children":[', "[],", "[]]}}"),
    "blanks": _filled("j", " ", '{"handler":"@"}'),
    "blanks behind": _filled('j{"handler":"@"}', " ", ""),
    "not UTF-8 at the end": b'j{"text":"' + b"a" * ROOM + b"\xff",
    "a struct": _filled('s{"handler":"@","grid":[', '["a"],', "[]]}"),
    "a struct too deep": _filled('s{"handler":"@","anything":', "[", ""),
    "a form of text": _filled("f_handler=@&text=", "a", ""),
    "a form of digits": _filled("f_handler=@&count=", "9", ""),
    "a form of a fraction": _filled("f_handler=@&ratio=", "9", ""),
    "a form of one name": _filled("f_handler=@", "&either=1", ""),
    "a form of blanks": _filled("f_handler=@&count=", "%20", "x"),
    "marks that have to be sorted": _filled(
        "f_handler=@&" + "&".join([MARKS] * 40) + "&a", "\u0315\u0300", "=1"
    ),
    **{
        f"a form of {name} for {field}": _filled(
            f"{way}_handler=@", f"&{field}={text}", ""
        )
        for name, text in TEXTS.items()
        for way, field in [
            *(("f", x) for x in ("cells", "counts", "moments", "parts", "either")),
            ("t", "cells"),
            ("u", "any"),
        ]
    },
    **{
        f"a form of many names{sign}, way {way}": (
            f"{way}_handler=@" + "".join(f"&{n}{sign}=" for n in range(6_500))
        ).encode()[:MOST]
        for way in "fetu"
        for sign in ("", "\u00b5")
    },
}
