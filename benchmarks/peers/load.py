"""Server processes, and clicks on them.

What belongs here: starting an application as its documentation says, in two processes,
and putting it under load. The load comes from wrk: it is written in C, takes a few
percent of a core where a generator in Python would take one of the two, and tells
percentiles of every request. Debian and Homebrew have it. Its connections wait for an
answer before they ask again, so a slow server gets fewer clicks: the percentiles are
those of a server that is busy all the time, not of one with so many clicks a second.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

__all__ = ["COMMANDS", "Load", "Server", "serving", "under_load"]

ROOT = Path(__file__).parents[2]
PROCESSES = 2
CONNECTIONS = 16

COMMANDS = {
    "demo": ("-m", "benchmarks.peers.served", "demo", "{fd}"),
    "plain": ("-m", "benchmarks.peers.served", "plain", "{fd}"),
    "mesop": (
        *("-m", "gunicorn", "--bind", "fd://{fd}", "--workers", "1"),
        *("--worker-class", "gthread", "--threads", str(CONNECTIONS // PROCESSES)),
        *("--log-level", "warning", "benchmarks.peers.mesop_page:app"),
    ),
}
"""What starts a process of each application, on a socket that is there before it is: so
nobody waits for it. Each has a socket of its own, and as many connections: of one that
is shared, the first process to wake up would take nearly all."""

LUA = """
wrk.method = "POST"
wrk.body = {body}
{headers}
local ports, threads = {{{ports}}}, 0
function setup(thread)
  threads = threads + 1
  thread.addr = wrk.lookup("127.0.0.1", ports[threads])[1]
end
function done(summary, latency, _)
  io.write(string.format(
    'found {{"requests": %d, "microseconds": %d, "wrong": %d, ' ..
    '"p50": %f, "p99": %f, "p99.9": %f}}\\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read
      + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""


@dataclass
class Server:
    """An application that runs.

    Attributes:
        url: the address of its first process.
        ports: where each of them listens.
        processes: those that were started; they may have started others.
    """

    url: str
    ports: list[int]
    processes: list[subprocess.Popen[bytes]]

    def seconds(self) -> float:
        """Processor time that its processes took so far."""
        started = [psutil.Process(one.pid) for one in self.processes]
        others = [child for one in started for child in one.children(recursive=True)]
        times = [one.cpu_times() for one in (*started, *others)]
        seconds: float = sum(one.user + one.system for one in times)
        return seconds


@dataclass
class Load:
    """A request to send again and again."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving(application: str, environment: dict[str, str]) -> Iterator[Server]:
    """Runs an application in two processes; they are gone at the end."""
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    environment = {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore", **environment}
    with ExitStack() as stack:
        processes, ports = [], []
        for _ in range(PROCESSES):
            listener = socket.create_server(("127.0.0.1", 0), backlog=128)
            stack.enter_context(listener)
            fd = listener.fileno()
            process = subprocess.Popen(
                [
                    sys.executable,
                    *(part.format(fd=fd) for part in COMMANDS[application]),
                ],
                pass_fds=[fd],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process
            )
            stack.callback(_end, process)
            processes.append(process)
            ports.append(listener.getsockname()[1])
        yield Server(f"http://127.0.0.1:{ports[0]}", ports, processes)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def under_load(server: Server, load: Load, seconds: int) -> dict[str, float]:
    """Clicks for so long, and returns wrk's figures and the processors' time.

    Raises:
        RuntimeError: an answer was an error.
    """
    wrk = shutil.which("wrk")
    assert wrk is not None
    headers = [
        f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}"
        for k, v in load.headers.items()
    ]
    ports = ", ".join(f'"{port}"' for port in server.ports)
    text = LUA.format(
        ports=ports, body=json.dumps(load.body.decode()), headers="\n".join(headers)
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        before = server.seconds()
        limits = [
            f"-t{PROCESSES}",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "-s",
            file.name,
        ]
        done = subprocess.run(
            [wrk, *limits, "-s", file.name, server.url + load.path],
            capture_output=True,
            text=True,
            check=True,
        )
        taken = server.seconds() - before
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("found ")]
    found: dict[str, float] = json.loads(line.removeprefix("found "))
    if found["wrong"] or not found["requests"]:
        raise RuntimeError(f"{found['wrong']:.0f} answers were errors: {done.stdout}")
    return {**found, "processor": taken}
