"""Helpers for the tests of hosts and applications; no test framework is needed."""

from handlerid.testing.recorder import Recorder
from handlerid.testing.stability import assert_stable

__all__ = ["Recorder", "assert_stable"]
