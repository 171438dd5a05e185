"""Clicks are counted on servers, and found in any text."""

from __future__ import annotations

import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlerid import ClickEvent, Dispatcher, HandlerId, Identity, Registry, Tokens
from handlerid.errors import MalformedPayload, StaleHandler, UnknownHandler
from handlerid.manifest import count, read_seen
from handlerid.manifest.seen import references_in, without_captures
from tests.support.fresh import environment

ONE = "h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa.click"
OTHER = "h1-lj2em3pems3ok-eoftspqb543hp23s6baa"
CAPTURED = "h1-q3x3h77e3e6e4-n2lztrboijtkjhnj3noa-pqb543hp23s6baab.click"
KEY = bytes(32)


def on_click(event: ClickEvent) -> str:
    return event.key


def on_fail(event: ClickEvent) -> None:
    raise ZeroDivisionError


def lines_of(path: Path) -> list[dict[str, int]]:
    return [json.loads(x)["handlerid clicks"] for x in path.read_text().splitlines()]


class TestReading:
    @pytest.mark.parametrize(
        ("text", "ids"),
        [
            (ONE, [ONE]),
            (f"POST /click?handler={ONE}&key=1 200", [ONE]),
            (f'{{"handler":"{OTHER}"}} {{"handler":"{ONE}"}}', [OTHER, ONE]),
            (f"shop.cart.add ({CAPTURED}) took 0.3 ms.", [ONE]),
            (f"refused: {OTHER}.", [OTHER]),
            (f"{ONE}, {ONE}", [ONE, ONE]),
            (f"page/{ONE}/", [ONE]),
            # Not ids: too long, a last character that has too many bits, upper case.
            (f"x{OTHER}", []),
            (f"{OTHER}a", []),
            (f"{OTHER}-a", []),
            (OTHER[:-1] + "b", []),
            (OTHER.upper(), []),
            ("h1-", []),
        ],
    )
    def test_ids_in_a_text(self, text: str, ids: list[str]) -> None:
        assert read_seen([text.encode()]).counts == Counter(ids)

    @given(
        handler_id=st.sampled_from([ONE, OTHER, CAPTURED]),
        audience=st.none() | st.text(max_size=3),
        captures=st.binary(max_size=40),
        around=st.sampled_from(["{}", "GET /{} ", '"{}"', "({}).", "token={}&x"]),
    )
    def test_tokens_in_a_text(
        self, handler_id: str, audience: str | None, captures: bytes, around: str
    ) -> None:
        tokens = Tokens(KEY, max_age=60)
        token = tokens.issue(
            HandlerId(handler_id), audience=audience, captures=captures
        )
        (found,) = references_in(around.format(token).encode())
        assert found.handler_id == handler_id
        assert found.body == token.split(".")[-2]

    def test_the_captures_part_is_left_out(self) -> None:
        assert without_captures(CAPTURED) == ONE
        assert without_captures(ONE) == ONE
        assert without_captures(OTHER) == OTHER

    def test_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "app.log"
        counted = json.dumps({"handlerid clicks": {ONE: 5, OTHER: 1}})
        file.write_bytes(f"{counted}\n\xff {ONE}\n{counted}\n".encode("latin-1"))
        for path in (file, str(file)):
            seen = read_seen(path)
            assert (seen.counts, seen.total) == ({ONE: 11, OTHER: 2}, 13)
            assert seen.damaged == 0

    @pytest.mark.parametrize(
        "line",
        [
            f'{{"handlerid clicks": {{"{ONE}": 5, "h1-q3x3h7',
            '{"handlerid clicks": [1]}',
            '{"handlerid clicks": {"x": 1}}',
            f'{{"handlerid clicks": {{"{ONE}": "many"}}}}',
        ],
    )
    def test_a_line_that_was_cut_off(self, line: str) -> None:
        seen = read_seen([line.encode()])
        assert (dict(seen.counts), seen.damaged) == ({}, 1)


class TestCounting:
    def test_calls_and_clicks_of_older_pages(self, tmp_path: Path) -> None:
        file = tmp_path / "clicks.jsonl"
        observer = count(file)
        registry = Registry()
        app = Dispatcher(registry, observer=observer)
        handler_id = registry.register(on_click)
        failing = registry.register(on_fail)
        for _ in range(3):
            app.dispatch({"handler": handler_id})
        with pytest.raises(ZeroDivisionError):
            app.dispatch({"handler": failing})
        stale = handler_id.replace(handler_id.fingerprint, "a" * 20)
        with pytest.raises(StaleHandler):
            app.dispatch({"handler": stale})
        with pytest.raises(UnknownHandler):
            app.dispatch({"handler": CAPTURED})
        with pytest.raises(MalformedPayload):
            app.dispatch({"handler": "no id"})
        assert file.read_bytes() == b""
        observer.flush()
        expected = {handler_id: 3, failing: 1, stale: 1, ONE: 1}
        assert lines_of(file) == [expected]
        assert read_seen(file).counts == expected
        observer.flush()
        assert len(lines_of(file)) == 1

    def test_captures_are_left_out(self, tmp_path: Path) -> None:
        def link(url: str):  # type: ignore[no-untyped-def]
            def follow(event: ClickEvent) -> str:
                return url

            return follow

        observer = count(tmp_path / "clicks.jsonl")
        registry = Registry(captures="carry")
        app = Dispatcher(registry, tokens=Tokens(KEY), observer=observer)
        registry.scan(__name__)
        with app.scope(audience=None) as scope:
            references = [scope.offer(link(one)) for one in ("/tea", "/milk")]
        for one in references:
            app.dispatch({"handler": one}, audience=None, scope=scope)
        observer.flush()
        (line,) = lines_of(observer.path)
        assert line == {Identity().handler_id(link(""), "click"): 2}

    def test_a_line_after_so_many_clicks(self, tmp_path: Path) -> None:
        observer = count(tmp_path / "clicks.jsonl", clicks=4)
        registry = Registry()
        app = Dispatcher(registry, observer=observer)
        handler_id = registry.register(on_click)
        for _ in range(9):
            app.dispatch({"handler": handler_id})
        assert lines_of(observer.path) == [{handler_id: 4}, {handler_id: 4}]

    def test_a_line_after_so_many_seconds(self, tmp_path: Path) -> None:
        observer = count(tmp_path / "clicks.jsonl", seconds=0.01)
        registry = Registry()
        app = Dispatcher(registry, observer=observer)
        handler_id = registry.register(on_click)
        until = time.monotonic() + 60
        while not observer.path.read_bytes() and time.monotonic() < until:
            app.dispatch({"handler": handler_id})
        assert lines_of(observer.path)

    def test_made_up_ids_do_not_fill_the_memory(self, tmp_path: Path) -> None:
        observer = count(tmp_path / "clicks.jsonl", clicks=10)
        app = Dispatcher(Registry(), observer=observer)
        letters = "abcdefghij"
        for one in (f"{x}{y}" for x in letters for y in letters):
            with pytest.raises(UnknownHandler):
                app.dispatch({"handler": f"h1-{one}{OTHER[5:]}"})
        assert [len(one) for one in lines_of(observer.path)] == [10] * 10

    def test_a_file_that_cannot_be_written(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(FileNotFoundError):
            count(tmp_path / "nowhere" / "clicks.jsonl")
        with pytest.raises(TypeError, match="path must be the path of a file"):
            count(3)  # type: ignore[arg-type]
        folder = tmp_path / "later"
        folder.mkdir()
        observer = count(folder / "clicks.jsonl", clicks=1)
        observer.path.unlink()
        folder.rmdir()
        registry = Registry()
        app = Dispatcher(registry, observer=observer)
        payload = {"handler": registry.register(on_click), "key": "k"}
        with caplog.at_level(logging.ERROR, "handlerid"):
            assert app.dispatch(payload) == "k"  # the click is answered
        assert "FileNotFoundError" in caplog.text

    def test_a_path_is_that_of_the_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        observer = count("clicks.jsonl")
        assert observer.path == tmp_path / "clicks.jsonl"

    def test_it_is_not_kept_alive(self, tmp_path: Path) -> None:
        observer = weakref.ref(count(tmp_path / "clicks.jsonl"))
        gc.collect()
        assert observer() is None

    def test_no_click_of_several_threads_is_lost(self, tmp_path: Path) -> None:
        observer = count(tmp_path / "clicks.jsonl", clicks=7)
        registry = Registry()
        app = Dispatcher(registry, observer=observer)
        handler_id = registry.register(on_click)
        threads = [
            threading.Thread(
                target=lambda: [
                    app.dispatch({"handler": handler_id}) for _ in range(200)
                ]
            )
            for _ in range(4)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        observer.flush()
        assert read_seen(observer.path).counts == {handler_id: 800}


WORKERS = """
import os, sys
from handlerid import ClickEvent, Dispatcher, Registry
from handlerid.manifest import count

def on_click(event: ClickEvent): ...

app = Dispatcher(Registry(), observer=count(sys.argv[1], clicks=3))
payload = {"handler": app.registry.register(on_click)}
app.dispatch(payload)
app.dispatch(payload)  # before the fork: counted once, by the parent
children = []
for _ in range(4):
    child = os.fork()
    if not child:
        for _ in range(100):
            app.dispatch(payload)
        sys.exit()  # the rest is written
    children.append(child)
for one in children:
    os.waitpid(one, 0)
print(payload["handler"])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forked_workers_share_a_file(tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", WORKERS, str(file)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    seen = read_seen(file)
    assert seen.damaged == 0
    assert seen.counts == {done.stdout.strip(): 402}
    assert {sum(one.values()) for one in lines_of(file)} == {1, 2, 3}
