"""What captures cost: a page of closures under each mode, tokens, and the clicks.

The floor of a page is the same buttons with a number in place of a reference, that of a
token a bare HMAC-SHA256 over the same bytes.
"""

from __future__ import annotations

import gzip
import hmac
import warnings
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from benchmarks.harness.interleaved import (
    Contender,
    DidNotDoTheWork,
    Run,
    measure,
    same,
)
from benchmarks.harness.results import Bar, Group, Matrix, Table
from handlerid import ClickEvent, Dispatcher, HandlerIdError, Registry, Scope, Tokens
from handlerid.errors import CapturesReplaced

__all__ = ["run"]

KEY = b"a key of thirty-two bytes, or so"
MODES = ("warn", "allow", "distinct", "carry")
SOME = 50

opened: list[str] = []


def link(url: str) -> Callable[[ClickEvent], None]:
    """The classic: each closure leads somewhere else."""

    def on_click(event: ClickEvent) -> None:
        opened.append(url)

    return on_click


def urls(count: int) -> list[str]:
    return [f"https://example.org/articles/{number}" for number in range(count)]


def button(reference: str) -> str:
    return f'<button data-handler="{reference}">open</button>\n'


def by_hand(count: int) -> str:
    """What the buttons cost alone; nobody could answer them."""
    handlers = [link(url) for url in urls(count)]
    return "".join(button(str(number)) for number, _ in enumerate(handlers))


class Page:
    """A page of closures under one mode; every server has just started."""

    def __init__(self, mode: Any) -> None:
        self.mode = mode
        self.tokens = Tokens(KEY) if mode == "carry" else None

    def server(self) -> Dispatcher:
        registry = Registry(captures=self.mode)
        registry.scan(__name__)
        return Dispatcher(registry, tokens=self.tokens)

    def offer(self, server: Dispatcher, count: int) -> tuple[Scope, list[str]]:
        with server.scope(audience=None) as scope:
            return scope, [scope.offer(link(url), ClickEvent) for url in urls(count)]

    def __call__(self, count: int) -> str:
        return "".join(map(button, self.offer(self.server(), count)[1]))

    def reached(self) -> tuple[int, int]:
        """Of some buttons, how many lead to their own url, here and elsewhere."""
        here = self.server()
        scope, references = self.offer(here, SOME)
        return clicked(here, references, scope), clicked(self.server(), references)


def clicked(server: Dispatcher, references: list[str], scope: Any = None) -> int:
    """How many of the references lead where their closure was to lead."""
    right = 0
    for reference, url in zip(references, urls(SOME), strict=True):
        opened.clear()
        try:
            server.dispatch({"handler": reference}, audience=None, scope=scope)
        except HandlerIdError:
            continue
        right += opened == [url]
    return right


def pages(run: Run, group: Group) -> None:
    """Time and size of a page, and which of its buttons are answered rightly."""
    count = 1_000 if run.quick else 10_000
    kinds = {f'captures="{mode}"': Page(mode) for mode in MODES}

    def is_page(_: int, html: Any) -> bool:
        return bool(html.count("<button") == count)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapturesReplaced)
        ways: dict[str, Callable[[int], str]] = {"by hand": by_hand, **kinds}
        contenders = [
            Contender(name, way, same(count), is_page) for name, way in ways.items()
        ]
        figures = measure(contenders, run, calls=1, rounds=3 if run.quick else 9)
        rows = [["by hand", "0", *_sizes(by_hand(count)), "none", "none"]]
        for name, page in kinds.items():
            here, elsewhere = page.reached()
            if page.mode in MODES[2:] and here != SOME:
                raise DidNotDoTheWork(f"{name}: {here} of {SOME} buttons work")
            references = page.offer(page.server(), count)[1]
            sizes = _sizes("".join(map(button, references)))
            right = (f"{here} of {SOME}", f"{elsewhere} of {SOME}")
            rows.append([name, str(len(set(references))), *sizes, *right])
            run.tick()
    for figure in figures:
        figure.samples = [one / count for one in figure.samples]
    title = f"Rendering a page of {count:,} closures, a closure"
    group.tables.append(Table(title, "µs", figures, ("by hand",)))
    columns = ["page", "ids", "KiB", "KiB, gzip", "right here", "right elsewhere"]
    group.matrices.append(
        Matrix(
            f"A page of {count:,} closures",
            columns,
            rows,
            note="Right: of fifty buttons, those that lead to their own url, on the "
            "server that rendered them and on one that has only imported the module. "
            "There, all but `carry` need the page rendered again, by `rerender`.",
        )
    )


def _sizes(html: str) -> tuple[str, str]:
    data = html.encode()
    return f"{len(data) / 1024:,.0f}", f"{len(gzip.compress(data, 6)) / 1024:,.0f}"


def signed(run: Run, group: Group) -> Table:
    """Tokens beside the least that signing costs, over the same bytes."""
    handler_id = Registry().register(link(""), ClickEvent)
    plain, bound = Tokens(KEY), Tokens(KEY, max_age=3600)
    kinds: dict[str, tuple[Tokens, dict[str, Any], dict[str, Any]]] = {
        "an id": (plain, {}, {}),
        "an id, audience and expiry": (bound, {"audience": "a"}, {"audience": "a"}),
        "an id and captures of 100 bytes": (plain, {"captures": b"c" * 100}, {}),
    }
    contenders = []
    for name, (tokens, given, wanted) in kinds.items():

        def issue(one: Any, tokens: Any = tokens, given: Any = given) -> str:
            return str(tokens.issue(one, **given))

        def verify(token: str, tokens: Any = tokens, wanted: Any = wanted) -> Any:
            return tokens.verify(token, **wanted)

        def is_right(_: object, found: Any) -> bool:
            return bool(found.handler_id == handler_id)

        def holds(_: object, token: Any, verify: Any = verify) -> bool:
            return bool(verify(token).handler_id == handler_id)

        token = issue(handler_id)
        contenders += [
            Contender(
                f"HMAC of the bytes: {name}",
                lambda message: hmac.digest(KEY, message, "sha256"),
                same(token.rpartition(".")[0].encode()),
                lambda _, digest: len(digest) == 32,
            ),
            Contender(f"issue: {name}", issue, same(handler_id), holds),
            Contender(f"verify: {name}", verify, same(token), is_right),
        ]
    try:
        from itsdangerous import TimestampSigner
    except ImportError:
        group.notes.append("itsdangerous is not installed: left out.")
    else:
        signer = TimestampSigner(KEY, digest_method=sha256)
        text = str(handler_id)
        contenders += [
            Contender(
                "itsdangerous, sign with a time",
                signer.sign,
                same(text),
                lambda _, found: signer.unsign(found) == text.encode(),
            ),
            Contender(
                "itsdangerous, unsign with a time",
                signer.unsign,
                same(signer.sign(text)),
                lambda _, found: found == text.encode(),
            ),
        ]
    figures = measure(contenders, run, calls=500)
    table = Table("Tokens", "µs", figures, (contenders[0].name,))
    for name in kinds:
        floor = table[f"HMAC of the bytes: {name}"]
        for what in ("issue", "verify"):
            ratio = table[f"{what}: {name}"].over(floor)
            title = f"{what} a token, {name} / HMAC of the bytes"
            group.bars.append(Bar(title, ratio, "<=", 8))
    return table


def compared(run: Run) -> Table:
    """A click on a closure, by who answers it."""
    count = 100
    distinct, carry = Page("distinct"), Page("carry")
    kept = distinct.server()
    scope, in_page = distinct.offer(kept, count)
    carried = carry.offer(carry.server(), count)[1]
    other, carrying = distinct.server(), carry.server()

    def render(scope: Scope) -> None:
        for url in urls(count):
            scope.offer(link(url), ClickEvent)

    def leads(_: object, __: object) -> bool:
        return opened[-1] == urls(count)[-1]

    ways: dict[str, tuple[Callable[[Any], object], str]] = {
        "the scope that was kept": (
            lambda payload: kept.dispatch(payload, scope=scope),
            in_page[-1],
        ),
        "carried in its token": (
            lambda payload: carrying.dispatch(payload, audience=None),
            carried[-1],
        ),
        f"its page of {count} closures rendered again": (
            lambda payload: other.dispatch(payload, rerender=render),
            in_page[-1],
        ),
    }
    contenders = [
        Contender(name, call, same({"handler": reference}), leads)
        for name, (call, reference) in ways.items()
    ]
    figures = measure(contenders, run, calls=10)
    opened.clear()
    return Table("A click on a closure", "µs", figures, (figures[0].name,))


ROWS = 10_000


def tick(row: Any) -> Callable[[ClickEvent], Any]:
    def on_tick(event: ClickEvent) -> Any:
        return row

    return on_tick


def equals(run: Run) -> Table:
    """Rows that are equal beside rows that differ: each has to be told apart."""
    count = 200 if run.quick else 1_000
    app = Dispatcher(Registry(captures="distinct"))

    def page(rows: list[dict[str, Any]]) -> int:
        with app.scope() as scope:
            return len({scope.offer(tick(row), ClickEvent) for row in rows})

    def all_are_told_apart(_: Any, ids: Any) -> bool:
        return bool(ids == count)

    kinds = {
        "rows that differ": [{"id": number, "done": False} for number in range(count)],
        "equal rows": [{"id": 0, "done": False} for _ in range(count)],
    }
    contenders = [
        Contender(name, page, same(rows), all_are_told_apart)
        for name, rows in kinds.items()
    ]
    figures = measure(contenders, run, calls=1, rounds=3 if run.quick else 15)
    for figure in figures:
        figure.samples = [one / count for one in figure.samples]
    title = f"Offering {count:,} rows in one scope, a row"
    return Table(title, "µs", figures, ("rows that differ",))


def rendered_again(run: Run) -> Table:
    """One handler that captured many rows, rendered again: is it the same?"""
    count = 1_000 if run.quick else ROWS

    def plain() -> list[tuple[int, str, bool]]:
        return [(number, f"row {number}", False) for number in range(count)]

    rows = plain()
    ways: dict[str, Callable[[], Any]] = {
        "the same list": lambda: rows,
        "a list made anew": plain,
        "a tuple made anew": lambda: tuple(plain()),
    }

    def offered(made: tuple[Dispatcher, Any, Any]) -> int:
        app, *pair = made
        with app.scope() as scope:
            for one in pair:
                scope.offer(tick(one), ClickEvent)
        return len(scope)

    def one_handler(_: Any, entries: Any) -> bool:
        return bool(entries == 1)

    def items(make: Callable[[], Any]) -> Callable[[int], list[Any]]:
        # A registry that warned of a handler does not compare it again.
        return lambda n: [(Dispatcher(Registry()), make(), make()) for _ in range(n)]

    contenders = [
        Contender(name, offered, items(make), one_handler)
        for name, make in ways.items()
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapturesReplaced)
        figures = measure(contenders, run, calls=1, rounds=3 if run.quick else 15)
    for figure in figures:
        figure.samples = [one / 1_000 for one in figure.samples]
    title = f"A handler of {count:,} captured rows, rendered again"
    return Table(title, "ms", figures, ("the same list",))


def run(run: Run) -> Group:
    """Measure this group."""
    group = Group("captures")
    pages(run, group)
    group.tables += [signed(run, group), compared(run)]
    group.tables += [equals(run), rendered_again(run)]
    return group
