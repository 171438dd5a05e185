"""A server process: ``python server.py distinct`` or ``carry``, where ``shop`` is.

What belongs here: a host of few lines. It prints its port, and ends when its standard
input does. It keeps nothing between requests.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import shop  # type: ignore[import-not-found]

from handlerid import Dispatcher, Registry, Tokens, rerender
from handlerid.errors import HandlerIdError

MODE = sys.argv[1]
KEY = bytes(range(32))

registry = Registry(captures="carry" if MODE == "carry" else "distinct")
registry.scan(shop)


def render(scope: Registry) -> None:
    for handler in shop.page().values():
        scope.register(handler)


def dispatcher_of(scope: Registry) -> Dispatcher:
    if MODE == "carry":
        return Dispatcher(scope, tokens=Tokens(KEY))
    return Dispatcher(scope, resolvers=[rerender(render)])


class Host(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        audience = asked["audience"] if MODE == "carry" else None
        status = 200
        answer: object = None
        with registry.scope() as scope:
            dispatcher = dispatcher_of(scope)
            try:
                if self.path == "/page":
                    answer = {
                        name: dispatcher.offer(handler, audience=audience)
                        for name, handler in shop.page().items()
                    }
                else:
                    answer = dispatcher.dispatch(
                        asked["payload"], audience=audience, runner=asyncio.run
                    )
            except HandlerIdError as error:
                status, answer = error.status, type(error).__name__
        body = json.dumps([answer, shop.RENDERED]).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()
