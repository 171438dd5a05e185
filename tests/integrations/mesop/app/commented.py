"""A handler with a comment that the next release has in other words."""

from shared import put


def on_click(e):
    # The comment of this release.
    put("comment", "done")
