"""No process outlives the tests, not even when they are killed.

What is left behind would hold the pipe to this test open, which then would not end.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fresh import environment
from tests.support.guard import MARK
from tests.support.pyodide import ROOT
from tests.support.servers import running

STUBBORN = """
import signal, subprocess, sys
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, __file__, "child"])
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("port: 80", flush=True)
signal.pause()
"""

GUARDED = """
import os, signal, subprocess, sys
from tests.support.guard import guarding
with guarding():
    started = subprocess.Popen([sys.executable, sys.argv[1]], stdout=subprocess.PIPE)
    print(started.stdout.readline(), file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""

SERVING = """
import os, signal, sys
from tests.support.servers import running
with running(sys.argv[1]) as server:
    print(server.read("(port: 80)"), file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A server with a child that ignores SIGTERM."""
    file = tmp_path / "stubborn.py"
    file.write_text(STUBBORN)
    return str(file)


@pytest.mark.parametrize("tests", [GUARDED, SERVING], ids=["guard", "server"])
def test_nothing_is_left_of_tests_that_are_killed(tests: str, script: str) -> None:
    if sys.platform != "linux" and tests is GUARDED:
        pytest.skip("the guard reads /proc")
    variables = environment(ROOT)
    variables.pop(MARK, None)  # this run has a guard of its own
    done = subprocess.run(
        [sys.executable, "-c", tests, script],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert "port: 80" in done.stderr


def test_a_server_is_stopped_by_a_signal(tmp_path: Path) -> None:
    file = tmp_path / "server.py"
    file.write_text("import signal; print('port: 80', flush=True); signal.pause()")
    with running(str(file)) as server:
        assert server.read(r"port: (\d+)") == "80"
        assert server.stop(signal.SIGTERM) == 128 + signal.SIGTERM


def test_a_server_that_ends_says_what_it_printed(tmp_path: Path) -> None:
    file = tmp_path / "server.py"
    file.write_text("print('no port')")
    with (
        running(str(file)) as server,
        pytest.raises(AssertionError, match=r"ended before it printed 'x': no port"),
    ):
        server.read("x")
