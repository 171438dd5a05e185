"""A handler that the next release has with other code."""

from shared import put

WORD = "old"


def on_click(e):
    put("code", "old")
