"""A function's own source in lines.

What belongs here: showing the bytes that ``handlerid._source`` returns. They are read
back and set in lines, so nothing that was left out of them can show, and two sources
have the same lines exactly if they have the same bytes.

A node stands on a line with what it holds directly; the nodes in it follow, further
in. ``[]`` marks the items of a list::

    FunctionDef name='on_click'
      args = arguments
        args[] = arg arg='event'
      body[] = Pass
"""

from __future__ import annotations

import re
import struct

from handlerid._explain.constants import literal

__all__ = ["syntax_lines"]

_NAME = re.compile(rb"\w+")
_SIZE = re.compile(rb"(\d+):")
_INT = re.compile(rb"(-?[0-9a-f]+);")

_SINGLETONS: dict[bytes, object] = {b"T": True, b"F": False, b"N": None, b"E": ...}


def syntax_lines(form: bytes) -> tuple[str, ...]:
    """Sets a function's canonical form in lines, its free variables last."""
    lines: list[str] = []
    # For each open node its line, for each open list -1; and what their items are
    # called. A stack and no recursion: see handlerid._canonical.syntax.
    stack: list[tuple[int, str]] = []
    label = ""
    depth = place = 0
    while True:
        start = form[place : place + 1]
        if start == b" ":  # a field of the open node
            end = form.index(b"=", place)
            label = form[place + 1 : end].decode()
            place = end + 1
        elif start == b"[":
            label += "[]"
            stack.append((-1, label))
            place += 1
        elif start in (b")", b"]"):
            depth -= start == b")"
            stack.pop()
            place += 1
            if not stack:
                break
            label = stack[-1][1]
        else:
            node = _NAME.match(form, place + 1) if start == b"(" else None
            if node is not None:
                text, place = node[0].decode(), node.end()
            else:
                text, place = _scalar(form, place)
            line = stack[-1][0] if stack else -1
            # What holds nothing further stands on the line of its node.
            if line >= 0 and (node is None or form[place : place + 1] == b")"):
                lines[line] += f" {label}={text}"
                place += node is not None
            else:
                lines.append("  " * depth + (f"{label} = " if label else "") + text)
                if node is not None:
                    stack.append((len(lines) - 1, label))
                    depth += 1
    free = form[place + 1 :].decode()
    return (*lines, f"free variables: {free.replace(',', ', ') or '-'}")


def _scalar(form: bytes, place: int) -> tuple[str, int]:
    """What is no node and no list, and where it ends."""
    start = form[place : place + 1]
    place += 1
    if start in _SINGLETONS:
        return literal(_SINGLETONS[start]), place
    if start == b"-":
        return "nothing", place
    if start == b"i":
        digits = _match(_INT, form, place)
        return literal(int(digits[1], 16)), digits.end()
    if start == b"d":
        return literal(_float(form, place)), place + 16
    if start == b"c":
        number = complex(_float(form, place), _float(form, place + 16))
        return literal(number), place + 32
    size = _match(_SIZE, form, place)
    end = size.end() + int(size[1])
    content = form[size.end() : end]
    return literal(
        content.decode("utf-8", "surrogatepass") if start == b"s" else content
    ), end


def _match(pattern: re.Pattern[bytes], form: bytes, place: int) -> re.Match[bytes]:
    found = pattern.match(form, place)
    assert found is not None  # noqa: S101  # encode_source wrote the form
    return found


def _float(form: bytes, place: int) -> float:
    number: float = struct.unpack(
        ">d", bytes.fromhex(form[place : place + 16].decode())
    )[0]
    return number
