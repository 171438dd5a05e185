"""What is found, how it is printed, and how a comment silences it."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_NOQA = re.compile(
    r"#\s*noqa(?::\s*([A-Z]+[0-9]*(?:[,\s]+[A-Z]+[0-9]*)*))?", re.IGNORECASE
)


class Finding(NamedTuple):
    """Something that is wrong in a file.

    Attributes:
        path: of the file.
        line: counted from 1.
        column: counted from 1, in characters.
        code: ``HID001`` to ``HID003``, or ``invalid-syntax``.
        text: what is wrong, and what to do.
    """

    path: str
    line: int
    column: int
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.code} {self.text}"

    def github(self) -> str:
        """Return it as a workflow command, which GitHub shows in the pull request."""
        place = f"file={self.path},line={self.line},col={self.column}"
        title = f"handlerid ({self.code})"
        text = str(self).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return f"::error title={title},{place}::{text}"


def placed(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings that no comment silences; columns get to be in characters."""
    for one in findings:
        with tokenize.open(one.path) as file:
            line = file.readlines()[one.line - 1]
        silenced = _NOQA.search(line)
        codes = re.findall(r"\w+", silenced[1] or "") if silenced else []
        if silenced and (not codes or one.code in map(str.upper, codes)):
            continue
        before = line.encode()[: one.column - 1].decode(errors="ignore")
        yield one._replace(column=len(before) + 1)
