"""What a command returns, and how it says that its user made a mistake."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

Paint = Callable[[str, str], str]
"""Called with a text and the name of a colour."""

_COLOURS = {"red": 31, "green": 32, "yellow": 33, "cyan": 36, "bold": 1, "dim": 2}


class Answer(NamedTuple):
    """What a command prints, to standard output and error, and its exit code."""

    text: str
    code: int = 0
    notes: str = ""


class Mistake(Exception):
    """A mistake of the user's: the text is printed, and the exit code is 2."""


def painter() -> Paint:
    """Return what colours texts, on a terminal that shows colours."""
    shows = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if not shows or os.environ.get("NO_COLOR"):
        return lambda text, _: text
    return lambda text, colour: f"\033[{_COLOURS[colour]}m{text}\033[0m"
