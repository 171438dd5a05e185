"""What runs in a measured process: one job, its result in a file.

Any Python runs it that finds this repository, ``handlerid`` and ``typing_extensions``:

    python worker.py <file with the job, as JSON>

A job's ``task`` is ``ids``, ``collisions`` or ``bytecode``; ``places`` and ``measure``
write the rest of it.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any


def main(file: str) -> None:
    job: dict[str, Any] = json.loads(Path(file).read_text("utf-8"))
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(5_000)
    sys.path[:0] = job["roots"]
    tasks = {"ids": ids, "collisions": collisions, "bytecode": bytecode}
    result = tasks[job["task"]](job)
    Path(job["written"]).write_text(json.dumps(result), "utf-8")


def ids(job: dict[str, Any]) -> dict[str, object]:
    """The id of every function that is found, under the job's condition."""
    from tests.promises.corpus import conditions

    condition = conditions.make(job["condition"])
    condition.start()

    from handlerid import handler_id
    from handlerid.errors import HandlerIdError
    from tests.promises.corpus import functions

    def identify(found: Any) -> str:
        code = getattr(getattr(found, "__func__", found), "__code__", None)
        if code is not None:
            condition.touch(code)
        try:
            return handler_id(found)
        except HandlerIdError as error:
            return f"refused: {type(error).__name__}"
        except Exception as error:  # noqa: BLE001 a defect: it is counted
            return f"error: {type(error).__name__}: {error}"

    modules = functions.import_modules(job["modules"])
    condition.warm_up(sys.modules[job["own"]].FUNCTIONS)
    imported, written = {}, []
    for label, as_written, found in functions.imported(modules):
        imported[label] = identify(found)
        if as_written:
            written.append(label)
    compiled = {
        label: identify(fn)
        for label, fn in functions.compiled(job["roots"], job["modules"])
    }
    condition.stop()
    files = [getattr(module, "__file__", None) or "" for module in modules.values()]
    return {
        "ids": {"compiled": compiled, "imported": imported},
        "written": written,
        "proof": condition.proof(),
        "modules": len(modules),
        "there": sum(file.startswith(tuple(job["roots"])) for file in files),
    }


def collisions(job: dict[str, Any]) -> dict[str, object]:
    from tests.promises.corpus import oracle

    return oracle.compare(job["roots"], job["modules"])


def bytecode(job: dict[str, Any]) -> dict[str, object]:
    """Leaves a folder with ``.pyc`` files alone."""
    import compileall

    [folder] = job["roots"]
    compileall.compile_dir(folder, quiet=2, legacy=True, workers=1)
    for source in Path(folder).rglob("*.py"):
        source.unlink()
    return {}


if __name__ == "__main__":
    main(sys.argv[1])
