"""A list of things to do, for everybody who opens the page.

It has rows with closures, a form that works without JavaScript, a stream and an upload.
The list is in SQLite, so any number of workers serve it, without sticky sessions::

    pip install '.[starlette]' uvicorn  # in the clone's first folder
    export SESSION_KEY=$(python -c "import secrets; print(secrets.token_hex())")
    export APP_KEY=$(python -c "import secrets; print(secrets.token_hex())")
    uvicorn app:app --workers 2
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlerid import ChangeEvent, SubmitEvent
from handlerid.events import CheckboxChangeEvent, UploadEvent
from handlerid.integrations.starlette import Handlers

DATABASE = os.environ.get("TODO_DATABASE", "todo.sqlite")
LONGEST = 200  # characters of a text

# AUTOINCREMENT: the id of a row that is gone is never another row's, so a click on an
# old page changes nothing else.
TABLE = """
CREATE TABLE IF NOT EXISTS todo (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    place INTEGER NOT NULL,
    text TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
)
"""


def query(sql: str, *values: object) -> list[dict[str, Any]]:
    """Run one statement in a transaction of its own."""
    with closing(sqlite3.connect(DATABASE, timeout=30)) as connection, connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]


def todos() -> list[dict[str, Any]]:
    return query("SELECT * FROM todo ORDER BY place, id")


# Of the whole list.


def add_text(text: str) -> None:
    if text := text.strip()[:LONGEST]:
        last = "(SELECT coalesce(max(place), 0) + 1 FROM todo)"
        query(f"INSERT INTO todo (place, text) VALUES ({last}, ?)", text)


def add(event: SubmitEvent) -> None:
    add_text(event.value("text"))


def add_lines(event: UploadEvent) -> None:
    """Add a row for each line of a file."""
    if event.file is not None:
        for line in event.file.contents.decode("utf-8", "replace").splitlines()[:100]:
            add_text(line)


def finish_all() -> Iterator[None]:
    """Tick the rows off, one after the other; the page is sent after each."""
    for todo in todos():
        if not todo["done"]:
            time.sleep(0.3)  # it does what there is to do
            query("UPDATE todo SET done = 1 WHERE id = ?", todo["id"])
            yield


# Of one row. What its handlers capture travels in the page: the id, not the row.


def row_of(todo: dict[str, Any]) -> dict[str, Any]:
    row_id: int = todo["id"]

    def tick(event: CheckboxChangeEvent) -> None:
        query("UPDATE todo SET done = ? WHERE id = ?", event.checked, row_id)

    def rename(event: ChangeEvent) -> None:
        if text := event.value.strip()[:LONGEST]:
            query("UPDATE todo SET text = ? WHERE id = ?", text, row_id)

    def remove() -> None:
        query("DELETE FROM todo WHERE id = ?", row_id)

    up, down = partial(move, row_id, -1), partial(move, row_id, 1)
    own = {"tick": tick, "rename": rename, "remove": remove, "up": up, "down": down}
    return todo | own


def move(row_id: int, by: int) -> None:
    """Let a row change places with its neighbour."""
    ids = [todo["id"] for todo in todos()]
    if row_id in ids and 0 <= (place := ids.index(row_id) + by) < len(ids):
        ids.remove(row_id)
        ids.insert(place, row_id)
        for number, one in enumerate(ids):
            query("UPDATE todo SET place = ? WHERE id = ?", number, one)


def page(request: Request) -> Response:
    return handlers.page(
        request,
        "page.html",
        rows=[row_of(todo) for todo in todos()],
        add=add,
        add_lines=add_lines,
        finish_all=finish_all,
        longest=LONGEST,
    )


query(TABLE)
handlers = Handlers(__name__, key=os.environ["APP_KEY"], render=page)
app = Starlette(
    routes=[Route("/", page), *handlers.routes],
    middleware=[Middleware(SessionMiddleware, secret_key=os.environ["SESSION_KEY"])],
)
