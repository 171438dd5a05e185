"""Whether payloads of a page fit an event type whose shape changed since.

1. The texts of ``EventShape`` are compared, as ``_manifest.shapes`` writes them.
2. A page is expected to send every field that its event type had, and any value of its
   type: what may be refused is named.
"""

import re
from collections.abc import Iterator

from handlerid._manifest.document import EventShape

# JSON writes them as texts.
_TEXTS = ("bytes", "date", "datetime", "time")
_BARE = {"list": "list[Any]", "tuple": "tuple[Any, ...]", "dict": "dict[str, Any]"}
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')


def misfits(old: EventShape, new: EventShape) -> tuple[str, ...]:
    """Return what the new shape refuses in payloads of the old one, a text a field."""
    before = {name: _field(text) for name, text in old.fields.items()}
    after = {name: _field(text) for name, text in new.fields.items()}
    return tuple(_misfits(before, after, refuses=new.extra == "refuse"))


def _field(text: str) -> tuple[str, bool]:
    """Return the type of a field, and whether it is required."""
    hint, equals, _ = text.partition(" = ")
    return hint, not equals


def _misfits(
    before: dict[str, tuple[str, bool]],
    after: dict[str, tuple[str, bool]],
    *,
    refuses: bool,
) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if name not in before:
            if after[name][1]:
                yield f"{name} is new and required"
        elif name not in after:
            if refuses:
                yield f"{name} is gone, and extra fields are refused"
        elif after[name][1] and not before[name][1]:
            yield f"{name} is required now"
        elif not _fits(before[name][0], after[name][0], refuses):
            yield f"{name} was {before[name][0]} and is {after[name][0]}"


def _fits(old: str, new: str, refuses: bool) -> bool:
    """Return whether every value of one type is read as another, too."""
    several = _split(new, " | ")
    return all(
        any(_one_fits(one, other, refuses) for other in several)
        for one in _split(old, " | ")
    )


def _one_fits(old: str, new: str, refuses: bool) -> bool:
    """Return whether values of one type fit another; neither is a union."""
    if new in (old, "Any"):
        return True
    if new == "str":
        return old in _TEXTS or old.startswith('"')
    if new in ("int", "float", "bool", "None"):
        return new in _scalars(old)
    (head, inside), (other, wanted) = _apart(old), _apart(new)
    if head in ("list", "tuple") and other in ("list", "tuple"):
        return _items_fit(head, inside, other, wanted, refuses)
    if head == "{" and other == "{":
        return not [*_misfits(_fields(inside), _fields(wanted), refuses=refuses)]
    if other != "dict" or head not in ("dict", "{"):
        return False
    pairs = [inside]
    if head == "{":
        pairs = [[f'"{name}"', hint] for name, (hint, _) in _fields(inside).items()]
    return all(
        _fits(one, its, refuses)
        for pair in pairs
        for one, its in zip(pair, wanted, strict=True)
    )


def _scalars(text: str) -> tuple[str, ...]:
    """Return the scalar types that read the values of a type."""
    if text in ("null", "true", "false"):
        return ("None",) if text == "null" else ("bool",)
    if text == "int" or re.fullmatch(r"-?\d+", text):
        return ("int", "float")
    return ("float",) if re.match(r"-?\d", text) else ()


def _items_fit(
    head: str, inside: list[str], other: str, wanted: list[str], refuses: bool
) -> bool:
    """Return whether the items of one array are read as those of another."""
    open_ended = head == "list" or inside[1:] == ["..."]
    if other == "list" or wanted[1:] == ["..."]:
        items = inside[:1] if open_ended else inside
        return all(_fits(one, wanted[0], refuses) for one in items)
    return (
        not open_ended
        and len(inside) == len(wanted)
        and all(_fits(*pair, refuses) for pair in zip(inside, wanted, strict=True))
    )


def _apart(text: str) -> tuple[str, list[str]]:
    """Return the name of a type, ``{`` for an object, and what stands in brackets."""
    text = _BARE.get(text, text)
    head = "{" if text.startswith("{") else text.partition("[")[0]
    if text[-1:] not in ("]", "}"):
        return text, []
    start = 1 if head == "{" else len(head) + 1
    return head, _split(text[start:-1], ", ")


def _fields(inside: list[str]) -> dict[str, tuple[str, bool]]:
    """Return the fields of an object."""
    found = {}
    for one in inside:
        name, colon, hint = one.partition(": ")
        if colon:
            found[name.removesuffix("?")] = hint, not name.endswith("?")
    return found


def _split(text: str, sign: str) -> list[str]:
    """Split a text at a sign that stands in no brackets and in no literal."""
    hidden = _LITERAL.sub(lambda found: "_" * len(found[0]), text)
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(hidden):
        depth += (letter in "[{") - (letter in "]}")
        if not depth and hidden.startswith(sign, at):
            parts.append(text[start:at])
            start = at + len(sign)
    return [*parts, text[start:]] if text else []
