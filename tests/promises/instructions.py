"""Counts the instructions of the hot paths: ``python -m tests.promises.instructions``.

Times depend on who else uses the machine; the number of instructions does not. valgrind
counts them, in a fresh process with a fixed hash seed. When all is prepared and warm it
forks, once for each path: one child does nothing, each of the others does its work so
many times, and the difference is the work's.

    python -m tests.promises.instructions [--record] [PYTHON ...]

Counts differ between releases of Python, and between two builds of one release. So what
is kept in ``instructions.json`` is what each path takes as a multiple of the floor, a
call by hand, by release; and by how much a path may exceed that.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import typing_extensions

__all__ = ["FLOOR", "PATHS", "RECORDED", "counted", "tolerance_and_recorded"]

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_suffix(".json")
TIMES = 2_000
TOLERANCE = 0.05
FLOOR = "by hand"
NOTHING = "nothing"

PREPARED = """
import gc, json, os
from handlerid import ClickEvent, Dispatcher, Identity, Registry
gc.disable()
identity, registry = Identity(), Registry(captures="allow")
def on_click(event: ClickEvent) -> None: ...
def make(url):
    def on_link(event: ClickEvent) -> None: url
    return on_link
known = registry.register(on_click, ClickEvent)
handler_id, register = identity.handler_id, registry.register
app = Dispatcher(registry)
dispatch = app.dispatch
def page():
    with app.scope() as scope:
        for n in range(10): scope.offer(make(n), ClickEvent)
mapping = dict(handler=str(known), key="a", is_target=True, client_x=1.5, client_y=2.5,
    page_x=1.5, page_y=2.5, offset_x=1.5, offset_y=2.5)
data = json.dumps(mapping, separators=(",", ":")).encode()
text = str(known)  # as a payload has it: a plain text
handlers = {text: on_click}
def by_hand(d):
    handlers[d["handler"]](ClickEvent(key=d["key"], is_target=d["is_target"],
        client_x=d["client_x"], client_y=d["client_y"], page_x=d["page_x"],
        page_y=d["page_y"], offset_x=d["offset_x"], offset_y=d["offset_y"]))
"""

PATHS = {
    FLOOR: "by_hand(mapping)",
    "an id again": "handler_id(on_click)",
    "the id of a fresh closure": "handler_id(make(1))",
    "registering again": "register(on_click, ClickEvent)",
    "registering a fresh closure": "register(make(1), ClickEvent)",
    "looking up": "registry.resolve(text)",
    "a page of ten closures": "page()",
    "dispatching a mapping": "dispatch(mapping)",
    "dispatching JSON": "dispatch(data)",
}
"""What is counted, as statements."""

FORKED = f"""
for name in [{NOTHING!r}, *PATHS]:
    child = os.fork()
    if not child:
        if name in PATHS:
            PATHS[name](range({TIMES}))
        os._exit(0)
    os.waitpid(child, 0)
    print(json.dumps([name, child]))
"""


def script() -> str:
    """The process that is counted; it prints which child did what."""
    functions = [
        f"def path_{number}(times):\n    for _ in times: {statement}"
        for number, statement in enumerate(PATHS.values())
    ]
    table = ", ".join(f"{name!r}: path_{number}" for number, name in enumerate(PATHS))
    warm = "for path in PATHS.values(): path(range(200))"
    return "\n".join([PREPARED, *functions, f"PATHS = {{{table}}}", warm, FORKED])


def counted(python: str = sys.executable) -> dict[str, float]:
    """Instructions of each path, once.

    Raises:
        FileNotFoundError: valgrind is not installed.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise FileNotFoundError("valgrind is not installed")

    paths = [ROOT / "src", Path(typing_extensions.__file__).parent]
    tool = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run(
        [valgrind, *tool, python, "-c", script()],
        env={
            **os.environ,
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.findall(r"==(\d+)== I +refs: +([\d,]+)", done.stderr)
    totals = {int(process): int(one.replace(",", "")) for process, one in found}
    children = dict(json.loads(line) for line in done.stdout.splitlines())
    nothing = totals[children[NOTHING]]
    return {name: (totals[children[name]] - nothing) / TIMES for name in PATHS}


def release_of(python: str) -> str:
    """Such as ``"3.11"``."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def tolerance_and_recorded(release: str) -> tuple[float, dict[str, float]] | None:
    """What is kept of a release: the tolerance, and multiples of the floor by path."""
    kept = json.loads(RECORDED.read_text("utf-8")).get(release)
    return None if kept is None else (kept["tolerance"], kept["times the floor"])


def main() -> int:
    """Counts, compares with what is kept, and keeps the new counts if asked to."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises.instructions",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument("pythons", nargs="*", default=[sys.executable])
    parser.add_argument("--record", action="store_true", help="keep what is counted")
    options = parser.parse_args()
    over = False
    for python in options.pythons:
        release, counts = release_of(python), counted(python)
        known = tolerance_and_recorded(release)
        tolerance, recorded = known or (TOLERANCE, {})
        print(f"Python {release}")
        times = {name: count / counts[FLOOR] for name, count in counts.items()}
        for name, count in counts.items():
            before = recorded.get(name)
            change = "" if before is None else f"{times[name] / before - 1:+8.1%}"
            print(f"{name:30} {count:10,.0f} {times[name]:8.3f} {change}")
            over |= before is not None and times[name] > before * (1 + tolerance)
        if options.record:
            kept = json.loads(RECORDED.read_text("utf-8"))
            kept[release] = {
                "tolerance": tolerance,
                "times the floor": {name: round(one, 4) for name, one in times.items()},
            }
            text = json.dumps(dict(sorted(kept.items())), indent=1)
            RECORDED.write_text(text + "\n", "utf-8")
    return int(over and not options.record)


if __name__ == "__main__":
    sys.exit(main())
