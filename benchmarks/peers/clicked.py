"""A click at a list of forty rows: at a plain route, and at an endpoint.

Both are applications of Starlette with a session in a cookie. Both answer with the HTML
that ``toggle`` renders. The plain route trusts what it reads.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from json import dumps
from typing import Any

from itsdangerous import TimestampSigner
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from handlerid import ClickEvent, Dispatcher, Registry, Tokens
from handlerid.integrations.starlette import Handlers
from handlerid.web import HTML, Endpoint

__all__ = [
    "URL",
    "click",
    "endpoint",
    "has_toggled",
    "offering_closures",
    "offering_keys",
    "on_click",
    "on_click_later",
    "plain",
    "refused",
    "send",
    "token",
]

SECRET = "of the session"
AUDIENCE = "0123456789abcdef0123456789abcdef"
FIELDS = {
    "key": "0",
    "is_target": True,
    "client_x": 312.5,
    "client_y": 204,
    "page_x": 312.5,
    "page_y": 1804,
    "offset_x": 12.5,
    "offset_y": 7,
}
Answered = tuple[int, bytes]
"""Status and body of an answer."""


# What is done for a click.


@dataclass
class Todo:
    """A row of the list."""

    key: str
    text: str
    who: str
    done: bool = False


TODOS = {
    str(n): Todo(str(n), f"Buy <{n}> of the things on the list", f"user {n % 7}")
    for n in range(40)
}

template = Environment(autoescape=True, trim_blocks=True).from_string("""\
<section id="todos">
  <h2>{{ left }} of {{ todos|length }} are left</h2>
  <ul>
  {% for todo in todos %}
    <li id="todo-{{ todo.key }}" class="todo{{ ' done' if todo.done }}">
      <input type="checkbox" aria-label="Done"{{ ' checked' if todo.done }}>
      <span class="text">{{ todo.text }}</span>
      <span class="who">{{ todo.who }}</span>
      <button type="button" {{ attributes(todo) }}>
        {{ "Undo" if todo.done else "Done" }}
      </button>
    </li>
  {% endfor %}
  </ul>
</section>
""")


def change(key: str) -> None:
    """Change the state."""
    todo = TODOS[key]
    todo.done = not todo.done


def render(attributes: Callable[[Todo], HTML]) -> str:
    """Render the list; each row has a button with attributes."""
    todos = TODOS.values()
    left = sum(not todo.done for todo in todos)
    return template.render(todos=todos, left=left, attributes=attributes)


def named(todo: Todo) -> HTML:
    """Name the action and the row, as a page without handlers does."""
    return HTML(f'data-action="toggle" data-key="{todo.key}"')


def toggle(key: str) -> str:
    """Change the state and render it."""
    change(key)
    return render(named)


# The plain routes.


async def in_a_thread(request: Request) -> Response:
    payload = await request.json()
    assert request.session["handlerid"] == AUDIENCE
    return HTMLResponse(await run_in_threadpool(toggle, payload["key"]))


async def in_the_loop(request: Request) -> Response:
    payload = await request.json()
    assert request.session["handlerid"] == AUDIENCE
    return HTMLResponse(toggle(payload["key"]))


def plain() -> Starlette:
    """Make the application of the plain routes, ``/thread`` and ``/async``."""
    routes = {"/thread": in_a_thread, "/async": in_the_loop}
    return _application(
        [Route(path, one, methods=["POST"]) for path, one in routes.items()]
    )


# The endpoint.

registry = Registry(captures="distinct")
app = Dispatcher(registry, tokens=Tokens(b"k" * 32, max_age=86_400))
web = Endpoint(release="7e0595e")
URL = web.url


@registry.handler
def on_click(event: ClickEvent) -> str:
    return toggle(event.key)


@registry.handler
async def on_click_later(event: ClickEvent) -> str:
    return toggle(event.key)


@registry.handler
async def offering_keys(event: ClickEvent) -> str:
    """Answer with rows that have one handler, and a key each."""
    change(event.key)
    with app.scope(audience=AUDIENCE) as scope:
        return render(lambda todo: web.attributes(scope, on_click, key=todo.key))


@registry.handler
async def offering_closures(event: ClickEvent) -> str:
    """Answer with rows that have a closure each."""
    change(event.key)
    with app.scope(audience=AUDIENCE) as scope:

        def attributes(todo: Todo) -> HTML:
            key = todo.key
            return web.attributes(scope, lambda event: toggle(key), ClickEvent)

        return render(attributes)


def endpoint() -> Starlette:
    """Make the application of the endpoint."""
    return _application(Handlers(dispatcher=app, endpoint=web).routes)


def _application(routes: list[Route]) -> Starlette:
    session = Middleware(SessionMiddleware, secret_key=SECRET)
    return Starlette(routes=routes, middleware=[session])


# Clicks.


def token(handler: Callable[..., object], audience: str = AUDIENCE) -> str:
    """Return the token of a handler, as a page has it."""
    with app.scope(audience=audience) as scope:
        return scope.offer(handler)


def click(
    path: str, handler: str, site: str = "same-origin"
) -> tuple[dict[str, Any], bytes]:
    """Return the scope and the body of a click on the first row, as Chromium sends it.

    Args:
        path: of the application.
        handler: the reference in the page.
        site: what the browser says of the page's origin.
    """
    body = dumps({"handler": handler, **FIELDS}, separators=(",", ":")).encode()
    session = b64encode(dumps({"handlerid": AUDIENCE, "user": "anna"}).encode())
    cookie = TimestampSigner(SECRET).sign(session).decode()
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0"
    headers = {
        "host": "shop.example",
        "connection": "keep-alive",
        "content-length": str(len(body)),
        "sec-ch-ua-platform": '"Linux"',
        "user-agent": f"{agent} Safari/537.36",
        "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
        "handlerid-release": str(web.release),
        "handlerid-wire": "1",
        "content-type": "application/json",
        "sec-ch-ua-mobile": "?0",
        "accept": "*/*",
        "origin": "https://shop.example",
        "sec-fetch-site": site,
        "sec-fetch-mode": "cors",
        "sec-fetch-dest": "empty",
        "referer": "https://shop.example/todos",
        "accept-encoding": "gzip, deflate, br, zstd",
        "accept-language": "en-US,en;q=0.9",
        "cookie": f"session={cookie}",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "server": ("shop.example", 443),
        "client": ("192.0.2.1", 50_000),
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
    }
    return scope, body


async def send(side: Starlette, scope: dict[str, Any], body: bytes) -> Answered:
    """Let an application answer a click."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def keep(message: Any) -> None:
        sent.append(message)

    await side({**scope, "state": {}}, receive, keep)
    return sent[0]["status"], b"".join(one["body"] for one in sent[1:])


def has_toggled(answers: list[Answered]) -> bool:
    """Return whether each answer has all rows, the first as its click left it."""
    done = TODOS["0"].done
    for status, body in reversed(answers):
        shown = b'id="todo-0" class="todo done"' in body
        if (status, shown, body.count(b"<li ")) != (200, done, len(TODOS)):
            return False
        done = not done
    return bool(answers)


async def refused(side: Starlette) -> list[int]:
    """Return the statuses of clicks from another site, by another user, and forged."""
    good = token(on_click)
    clicks = [
        click(URL, good, site="cross-site"),
        click(URL, token(on_click, audience="another session")),
        click(URL, good[:-1]),
    ]
    return [(await send(side, *one))[0] for one in clicks]
