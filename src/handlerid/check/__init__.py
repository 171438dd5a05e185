"""Finds mistakes with handlers in source text, before anything runs."""

from handlerid.check.command import add_arguments, check_paths, main, run
from handlerid.check.findings import Finding

__all__ = ["Finding", "add_arguments", "check_paths", "main", "run"]
