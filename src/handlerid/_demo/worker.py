"""One server process: ``python -m handlerid._demo.worker [log level]``.

What belongs here: how a process begins and how it ends. It takes a free port, writes
that port as a line to its standard output, and serves until it gets a signal or its
standard input ends. The latter happens when the supervisor closes it, and also when
the supervisor is killed: no process is left behind.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading

import uvicorn

from handlerid._demo.server import create_app


def main(log_level: str = "warning") -> None:
    """Serves until told to stop."""
    logging.basicConfig(
        level=log_level.upper(), format="%(process)d %(levelname)s %(message)s"
    )
    logging.captureWarnings(capture=True)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(),
            log_config=None,
            access_log=False,
            headers=[("Answered-By", str(os.getpid()))],
            timeout_graceful_shutdown=1,
        )
    )

    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        server.should_exit = True

    threading.Thread(target=wait_for_end, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        sys.stdout = sys.stderr  # nobody reads the pipe any more
        server.run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
