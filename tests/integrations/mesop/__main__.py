"""Writes the table of the docs; ``test_table`` plays it."""

from __future__ import annotations

from tests.integrations.mesop.rows import TABLE, as_page

TABLE.write_text(as_page(), "utf-8")
