"""What is found, and how it is printed."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """Something that is wrong in a file.

    Attributes:
        path: of the file, as it was given.
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
