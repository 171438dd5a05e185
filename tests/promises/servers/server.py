"""A server process: ``python server.py distinct`` or ``carry``, where ``shop`` is.

It prints its port, and keeps nothing between requests.
"""

from __future__ import annotations

import asyncio
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import shop  # type: ignore[import-not-found]

from handlerid import Dispatcher, Registry, Scope, Tokens
from handlerid.errors import HandlerIdError

MODE = sys.argv[1]
KEY = bytes(range(32))

registry = Registry(captures="carry" if MODE == "carry" else "distinct")
registry.scan(shop)


app = Dispatcher(registry, tokens=Tokens(KEY) if MODE == "carry" else None)


def rerender(scope: Scope) -> None:
    for handler in shop.page().values():
        scope.offer(handler)


class Host(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        audience = {"audience": asked["audience"]} if MODE == "carry" else {}
        status = 200
        answer: object = None
        try:
            if self.path == "/page":
                with app.scope(**audience) as scope:
                    handlers = shop.page().items()
                    answer = {name: scope.offer(handler) for name, handler in handlers}
            else:
                again = None if MODE == "carry" else rerender
                call = app.adispatch(asked["payload"], **audience, rerender=again)
                answer = asyncio.run(call)
        except HandlerIdError as error:
            status, answer = error.status, type(error).__name__
        body = json.dumps([answer, shop.RENDERED]).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    print(f"port: {server.server_port}", flush=True)
    server.serve_forever()
