"""Server processes, and clicks on them.

Each application is started as its documentation says, in two processes. The load comes
from wrk: it is written in C, takes a few percent of a core where a generator in Python
would take one of the two, and has percentiles of every request. Its connections wait
for an answer before they ask again, so a slow server gets fewer clicks: the percentiles
are those of a server that is busy all the time, not of one with so many clicks a
second.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import run
from typing import Any

import psutil

from tests.support.servers import running

__all__ = [
    "COMMANDS",
    "Load",
    "Server",
    "mesop_click",
    "mesop_has_counted",
    "mesop_init",
    "serving",
    "under_load",
]

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "docs" / "examples" / "demo"
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
        pids: those that were started; they may have started others.
    """

    url: str
    ports: list[int]
    pids: list[int]

    def seconds(self) -> float:
        """Processor time that its processes took so far."""
        started = [psutil.Process(pid) for pid in self.pids]
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
def serving(application: str, variables: dict[str, str]) -> Iterator[Server]:
    """Run an application in two processes; they are gone at the end."""
    path = os.pathsep.join([str(ROOT), str(DEMO), *filter(None, sys.path)])
    fixed = {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    environment = {**os.environ, **fixed, **variables}
    with ExitStack() as stack:
        pids, ports = [], []
        for _ in range(PROCESSES):
            listener = socket.create_server(("127.0.0.1", 0), backlog=128)
            stack.enter_context(listener)
            fd = listener.fileno()
            command = (part.format(fd=fd) for part in COMMANDS[application])
            started = running(*command, pass_fds=(fd,), cwd=ROOT, env=environment)
            pids.append(stack.enter_context(started).pid)
            ports.append(listener.getsockname()[1])
        yield Server(f"http://127.0.0.1:{ports[0]}", ports, pids)


def under_load(server: Server, load: Load, seconds: int) -> dict[str, float]:
    """Click for so long, and return wrk's figures and the processors' time.

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
        done = run(
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


# What a browser sends to Mesop's page.

HANDLER = re.compile(rb"[0-9a-f]{64}:[a-z_.]+ClickEvent")
"""The id of a handler of clicks; the first in the page is the button's."""


def mesop_init() -> bytes:
    """The body of the request with which a page begins."""
    import mesop.protos.ui_pb2 as pb

    request = pb.UiRequest(path="/")
    request.init.SetInParent()
    return base64.urlsafe_b64encode(request.SerializeToString())


def mesop_click(answer: str) -> bytes:
    """The body of a click, with the state that the answer to the first has."""
    import mesop.protos.ui_pb2 as pb

    request = pb.UiRequest(path="/")
    request.user_event.click.is_target = True
    for response in _responses(answer):
        found = HANDLER.search(response.SerializeToString())
        if found and not request.user_event.handler_id:
            request.user_event.handler_id = found[0].decode()
        if response.HasField("update_state_event"):
            states = response.update_state_event.full_states
            request.user_event.states.CopyFrom(states)
    return base64.urlsafe_b64encode(request.SerializeToString())


def mesop_has_counted(answer: str) -> bool:
    """Whether the answer to a click has the state with one click in it."""
    return any(
        '"count"' in state.data and "1" in state.data
        for response in _responses(answer)
        for state in response.update_state_event.diff_states.states
    )


def _responses(answer: str) -> list[Any]:
    """The messages of an answer."""
    import mesop.protos.ui_pb2 as pb

    found = []
    for line in answer.splitlines():
        data = line.removeprefix("data: ")
        if data in (line, "<stream_end>"):
            continue
        response = pb.UiResponse()
        response.ParseFromString(base64.b64decode(data))
        found.append(response)
    return found
