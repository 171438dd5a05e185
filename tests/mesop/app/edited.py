"""A handler that the next release has with other code."""

from shared import put


def on_click(e):
    put("code", "old")
