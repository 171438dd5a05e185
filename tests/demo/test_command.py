"""The demo's command: what it prints, why it cannot start, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.running import DEMO, Watch, copy_demo, edit, running_demo
from tests.support.fresh import environment

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"(.+?) +rendered by (\d+)   answered by (\d+)   ok")
SECTIONS = [
    "counter",
    "enter",
    "button",
    "form",
    "streaming",
    "async",
    "closure, warn",
    "closure, key",
    "closure, distinct",
    "closure, carry",
    "400 not JSON",
    "404 unknown id",
    "409 stale id",
    "422 wrong type",
    "403 forged key",
    "403 forged state",
    "403 forged token",
    "403 foreign audience",
    "410 old token",
]


def run(*command: str) -> tuple[int, str, str]:
    result = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_check_plays_every_section_on_a_process_that_did_not_render_it() -> None:
    code, printed, errors = run("-m", "tests.demo.check")
    assert (code, errors) == (0, "")
    matches = [LINE.fullmatch(line) for line in printed.splitlines()]
    rows = [match.groups() for match in matches if match]
    assert len(rows) == len(matches)
    assert [name for name, _, _ in rows] == SECTIONS
    renderers, answerers = {row[1] for row in rows}, {row[2] for row in rows}
    assert len(renderers) == 2
    assert renderers == answerers
    assert all(renderer != answerer for _, renderer, answerer in rows)
    assert len({line.index("rendered") for line in printed.splitlines()}) == 1


def test_check_says_why_a_section_fails(tmp_path: Path) -> None:
    demo = copy_demo(tmp_path)
    edit(demo / "page.py", "count += 1", "count += 2")
    code, printed, _ = run("-m", "tests.demo.check", str(demo))
    assert code == 1
    failed = [line for line in printed.splitlines() if not line.endswith("   ok")]
    whys = {line.partition("FAILED: ")[2] for line in failed}
    assert whys == {"the count is '2', not '1'"}


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, printed, errors = run(str(DEMO), "--port", str(port))
    assert (code, printed) == (1, "")
    assert errors.startswith(f"handlerid demo: port {port} cannot be used (")
    assert errors.endswith("); name another one: --port\n")


def test_a_port_that_cannot_be_is_named() -> None:
    code, _, errors = run(str(DEMO), "--port", "65536")
    assert code == 1
    assert errors.startswith("handlerid demo: port 65536 cannot be used (")
    code, _, errors = run(str(DEMO), "--port", "http")
    assert code == 2
    assert errors.endswith("argument --port: invalid int value: 'http'\n")


def test_a_server_that_cannot_start_takes_the_other_with_it(tmp_path: Path) -> None:
    # The first server leaves its process id, the second one finds it and fails.
    mark = tmp_path / "first"
    demo = copy_demo(tmp_path)
    edit(
        demo / "server.py",
        "\nimport uvicorn\n",
        f"\nimport uvicorn\n\nwith open({str(mark)!r}, 'x') as mark:\n"
        "    mark.write(str(os.getpid()))\n",
    )
    code, printed, errors = run(str(demo), "--port", "0")
    assert (code, printed) == (1, "")
    assert "handlerid demo: a server process ended before it listened\n" in errors
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_stop_is_clean(tmp_path: Path, how: signal.Signals) -> None:
    with running_demo(tmp_path / "log") as demo:
        servers = Watch(*demo.servers)
        assert demo.stop(how) == 0
        servers.wait()
        assert demo.log == ""


def test_a_killed_demo_leaves_no_server_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path / "log") as demo:
        servers = Watch(*demo.servers)
        demo.stop(signal.SIGKILL)
        servers.wait()


RUN = """
import sys
from pathlib import Path
from tests.demo.running import running_demo
with running_demo(Path(sys.argv[1])) as demo:
    print(demo.pid, *demo.servers, flush=True)
    sys.stdin.read()
"""


def test_killed_tests_leave_no_demo_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as tests:
        assert tests.stdout is not None
        processes = Watch(*map(int, tests.stdout.readline().split()))
        tests.kill()
        processes.wait()
