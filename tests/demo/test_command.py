"""The command: what it prints, what it says when it cannot start, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from handlerid import _cli
from tests.demo.running import COMMAND, Demo, Watch, copy_package, edit, environment

LINE = re.compile(r"(.+?) +rendered by (\d+)   answered by (\d+)   ok")


def run(*arguments: str, source: Path | None = None) -> tuple[int, str, str]:
    result = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=environment(source),
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_check_plays_every_section_on_a_process_that_did_not_render_it() -> None:
    code, printed, errors = run("--check")
    assert (code, errors) == (0, "")
    matches = [LINE.fullmatch(line) for line in printed.splitlines()]
    rows = [match.groups() for match in matches if match]
    assert len(rows) == len(matches)
    assert [name for name, _, _ in rows] == [
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
    renderers, answerers = {row[1] for row in rows}, {row[2] for row in rows}
    assert len(renderers) == 2
    assert renderers == answerers
    assert all(renderer != answerer for _, renderer, answerer in rows)
    assert len({line.index("rendered") for line in printed.splitlines()}) == 1


def test_check_says_why_a_section_fails(tmp_path: Path) -> None:
    edit(copy_package(tmp_path) / "page.py", "count += 1", "count += 2")
    code, printed, _ = run("--check", source=tmp_path)
    assert code == 1
    failed = [line for line in printed.splitlines() if not line.endswith("   ok")]
    whys = {line.partition("FAILED: ")[2] for line in failed}
    assert whys == {"the count is '2', not '1'"}


def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        return None if name in ("jinja2", "uvicorn") else ModuleSpec(name, None)

    monkeypatch.setattr(_cli, "find_spec", find_spec)
    assert _cli.main(["demo"]) == 1
    assert capsys.readouterr().err == (
        "handlerid demo: jinja2, uvicorn cannot be imported; the demo's packages are "
        "an extra:\n    pip install 'handlerid[demo]'\n"
    )


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, printed, errors = run("--port", str(port))
    assert (code, printed) == (1, "")
    assert errors.startswith(f"handlerid demo: port {port} cannot be used")
    assert "Traceback" not in errors


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_what_is_no_port_is_refused(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_of:
        _cli.main(["demo", f"--port={port}"])
    assert exit_of.value.code == 2
    refusal = f"argument --port: {port!r} is none of 0 to 65535\n"
    assert capsys.readouterr().err.endswith(refusal)


def test_a_server_that_cannot_start_takes_the_other_with_it(tmp_path: Path) -> None:
    # The first worker leaves its id, the second finds that and fails.
    mark = tmp_path / "first"
    edit(
        copy_package(tmp_path) / "worker.py",
        "import uvicorn\n",
        f"import uvicorn\n\nwith open({str(mark)!r}, 'x') as mark:\n"
        "    mark.write(str(os.getpid()))\n",
    )
    code, printed, errors = run("--port", "0", source=tmp_path)
    assert (code, printed) == (1, "")
    assert "handlerid demo: a server process ended before it listened\n" in errors
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_stop_is_clean(tmp_path: Path, how: signal.Signals) -> None:
    with Demo(tmp_path / "log") as demo:
        servers = Watch(*demo.servers)
        assert demo.stop(how) == 0
        assert servers.ended()
        assert demo.log == ""


def test_servers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with Demo(tmp_path / "log") as demo:
        servers = Watch(*demo.servers)
        demo.stop(signal.SIGKILL)
        assert servers.ended()
