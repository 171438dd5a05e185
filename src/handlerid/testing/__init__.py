"""Help for the tests of hosts and applications; needs no test framework.

``assert_stable`` checks that the ids of an application's handlers are the same in
every process. ``RecordingDispatcher`` keeps what a host did with payloads.
"""

from handlerid.testing._recording import RecordedCall, RecordingDispatcher
from handlerid.testing._stability import assert_stable

__all__ = ["RecordedCall", "RecordingDispatcher", "assert_stable"]
