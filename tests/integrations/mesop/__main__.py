"""Plays the table and writes it into the docs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.integrations.mesop.playing import open_browser, play_all
from tests.integrations.mesop.rows import TABLE, as_page

with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
    TABLE.write_text(as_page(play_all(browser, Path(folder))), "utf-8")
print(f"wrote {TABLE}")
