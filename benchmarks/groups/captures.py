"""What captures cost: a page of closures under each mode, and the tokens in it.

Floor of a page: the same buttons with a number in place of an id. Floor of a token: a
bare HMAC-SHA256 over the same bytes. Peer: itsdangerous, which signs, too.
"""

from __future__ import annotations

import gzip
import hmac
import warnings
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from benchmarks.harness.interleaved import Contender, DidNotDoTheWork, measure
from benchmarks.harness.results import Bar, Group, Matrix, Table
from benchmarks.harness.running import Run
from handlerid import ClickEvent, Dispatcher, HandlerId, Registry, Tokens
from handlerid.errors import CapturesReplaced

__all__ = ["run"]

KEY = b"a key of thirty-two bytes, or so"
MODES = ("warn", "allow", "distinct", "carry")

opened: list[str] = []


def link(url: str) -> Callable[[ClickEvent], None]:
    """The classic: each closure leads somewhere else."""

    def on_click(event: ClickEvent) -> None:
        opened.append(url)

    return on_click


def urls(count: int) -> list[str]:
    return [f"https://example.org/articles/{number}" for number in range(count)]


def by_hand(count: int) -> str:
    """What the buttons cost alone; nobody could answer them."""
    handlers = [link(url) for url in urls(count)]
    return "".join(button(str(number)) for number, _ in enumerate(handlers))


def button(handler: str) -> str:
    return f'<button data-handler="{handler}">open</button>\n'


class Page:
    """A page of closures under one mode, and a click on it.

    Every render is one of a server that has started and has not rendered before.
    """

    def __init__(self, mode: Any, tokens: Tokens | None) -> None:
        self.mode = mode
        self.tokens = tokens

    def dispatcher(self) -> Dispatcher:
        registry = Registry(captures=self.mode)
        registry.scan(__name__)
        return Dispatcher(registry, tokens=self.tokens)

    def ids(self, count: int) -> list[str]:
        dispatcher = self.dispatcher()
        return self.offered(dispatcher, count)

    def offered(self, dispatcher: Dispatcher, count: int) -> list[str]:
        return [dispatcher.offer(link(url), ClickEvent) for url in urls(count)]

    def __call__(self, count: int) -> str:
        return "".join(map(button, self.ids(count)))

    def reached(self, count: int) -> tuple[int, int]:
        """Of so many buttons, how many lead to their own url.

        On the server that rendered them, and on one that never did.
        """
        rendering, other = self.dispatcher(), self.dispatcher()
        ids = self.offered(rendering, count)
        return clicked(rendering, ids), clicked(other, ids)


def clicked(dispatcher: Dispatcher, ids: list[str]) -> int:
    """How many of the ids lead where their closure was to lead."""
    right = 0
    for handler, url in zip(ids, urls(len(ids)), strict=True):
        opened.clear()
        try:
            dispatcher.dispatch({"handler": handler})
        except Exception:  # noqa: BLE001 - nobody there knows it
            continue
        right += opened == [url]
    return right


def pages(run: Run, group: Group) -> None:
    """Time and size of a page, and which of its buttons are answered rightly."""
    count = 1_000 if run.quick else 10_000
    kinds = {f'captures="{mode}"': Page(mode, None) for mode in MODES[:3]}
    kinds['captures="distinct", tokens'] = Page("distinct", Tokens(KEY))
    kinds['captures="carry", tokens'] = Page("carry", Tokens(KEY))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapturesReplaced)
        contenders = [Contender("by hand", by_hand, lambda n: [count] * n, is_page)]
        for name, page in kinds.items():
            contenders.append(Contender(name, page, lambda n: [count] * n, is_page))
        figures = measure(contenders, run, calls=1, rounds=5 if run.quick else 9)
        rows = []
        for name, page in kinds.items():
            some = 50
            here, elsewhere = page.reached(some)
            if page.mode in MODES[2:] and here != some:
                raise DidNotDoTheWork(f"{name}: {here} of {some} buttons work")
            html = page(count)
            run.tick()
            rows.append(
                [
                    name,
                    str(len(set(page.ids(count)))),
                    f"{len(html) / 1024:,.0f}",
                    f"{len(gzip.compress(html.encode(), 6)) / 1024:,.0f}",
                    f"{here} of {some}",
                    f"{elsewhere} of {some}",
                ]
            )
    for figure in figures:
        figure.samples = [one / count for one in figure.samples]
    title = f"Rendering a page of {count:,} closures, a closure"
    group.tables.append(Table(title, "µs", figures, ("by hand",)))
    floor = by_hand(count)
    gzipped = len(gzip.compress(floor.encode(), 6)) / 1024
    size = f"{len(floor) / 1024:,.0f}"
    rows.insert(0, ["by hand", "0", size, f"{gzipped:,.0f}", "none", "none"])
    columns = ["page", "ids", "KiB", "KiB, gzip", "right here", "right elsewhere"]
    group.matrices.append(
        Matrix(
            f"A page of {count:,} closures",
            columns,
            rows,
            note="Right: of fifty buttons, those that lead to their own url, on the "
            "server that rendered them and on one that has only imported the module. "
            "There the others need the page rendered anew, as `rerender` does it.",
        )
    )


def is_page(count: int, html: object) -> bool:
    return isinstance(html, str) and html.count("<button") == count


def signed(run: Run, group: Group) -> Table:
    """Tokens beside the least that signing costs, over the same bytes."""
    handler_id = Registry().register(link(""), ClickEvent)
    plain, bound = Tokens(KEY), Tokens(KEY, max_age=3600)
    captures = b"c" * 100

    def of(*items: object) -> Callable[[int], list[Any]]:
        return lambda count: list(items) * count

    def verifying(tokens: Tokens, **keywords: Any) -> Callable[[str], Any]:
        return lambda token: tokens.verify(token, **keywords)

    def is_verified(_: object, found: Any) -> bool:
        return isinstance(found.handler_id, HandlerId) and (
            found.handler_id == handler_id
        )

    def bare(message: bytes) -> bytes:
        return hmac.digest(KEY, message, "sha256")

    def is_digest(_: object, found: object) -> bool:
        return isinstance(found, bytes) and len(found) == 32

    def issuing(tokens: Tokens, **keywords: Any) -> Callable[[HandlerId], str]:
        return lambda one: tokens.issue(one, **keywords)

    kinds: dict[str, tuple[Tokens, dict[str, Any], dict[str, Any]]] = {
        "an id": (plain, {}, {}),
        "an id, audience and expiry": (
            bound,
            {"audience": "ada"},
            {"audience": "ada"},
        ),
        "an id and captures of 100 bytes": (plain, {"captures": captures}, {}),
    }
    contenders = []
    for name, (tokens, given, wanted) in kinds.items():
        token = tokens.issue(handler_id, **given)
        message = token.rpartition(".")[0].encode()
        verify = verifying(tokens, **wanted)

        def holds(_: object, issued: Any, verify: Any = verify) -> bool:
            return is_verified(_, verify(issued))

        contenders += [
            Contender(f"HMAC of the bytes: {name}", bare, of(message), is_digest),
            Contender(
                f"issue: {name}", issuing(tokens, **given), of(handler_id), holds
            ),
            Contender(f"verify: {name}", verify, of(token), is_verified),
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
                of(text),
                lambda _, found: signer.unsign(found) == text.encode(),
            ),
            Contender(
                "itsdangerous, unsign with a time",
                signer.unsign,
                of(signer.sign(text)),
                lambda _, found: found == text.encode(),
            ),
        ]
    figures = measure(contenders, run, calls=500)
    floor = contenders[0].name
    table = Table("Tokens", "µs", figures, (floor,))
    for name in kinds:
        bare_one = table[f"HMAC of the bytes: {name}"]
        for what in ("issue", "verify"):
            ratio = table[f"{what}: {name}"].over(bare_one)
            bar = Bar(f"{what} a token, {name} / HMAC of the bytes", ratio, "<=", 8.0)
            group.bars.append(bar)
    return table


def compared(run: Run) -> Table:
    """A click whose closure is carried, beside one whose page is rendered anew."""
    from handlerid import rerender

    count = 100

    def render(scope: Registry) -> list[str]:
        return [scope.register(link(url), ClickEvent) for url in urls(count)]

    distinct = Registry(captures="distinct")
    resolving = Dispatcher(distinct, resolvers=[rerender(render)])
    with distinct.scope() as scope:
        in_page = render(scope)[-1]
    page = Page("carry", Tokens(KEY))
    carried = page.ids(count)[-1]
    carrying = page.dispatcher()

    def leads(_: object, found: object) -> bool:
        return opened[-1] == urls(count)[-1]

    contenders = [
        Contender(
            f"its page of {count} closures rendered anew",
            resolving.dispatch,
            lambda n: [{"handler": in_page}] * n,
            leads,
        ),
        Contender(
            "carried in its token",
            carrying.dispatch,
            lambda n: [{"handler": carried}] * n,
            leads,
        ),
    ]
    figures = measure(contenders, run, calls=10)
    opened.clear()
    title = "A click on a closure, on a server that never rendered it"
    return Table(title, "µs", figures, (figures[0].name,))


def run(run: Run) -> Group:
    """Measures this group."""
    group = Group("captures")
    pages(run, group)
    group.tables += [signed(run, group), compared(run)]
    return group
