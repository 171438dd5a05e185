"""Many threads lose nothing: a short run of ``python -m tests.promises.stress``."""

from __future__ import annotations

from typing import Any

import pytest

from handlerid import ClickEvent, Dispatcher, Registry, handler_id
from tests.promises.stress import Stress, main


def test_a_short_run_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--threads", "8", "--operations", "8000"]) == 0
    assert "\nlost 0, wrong 0\n" in capsys.readouterr().out


# The count would show it.


class Forgetful(Registry):
    """Loses every hundredth registration."""

    forgotten = 0

    def register(self, fn: Any, event: Any = None) -> Any:
        self.forgotten += 1
        if self.forgotten % 100 == 0:
            return handler_id(fn, ClickEvent)
        return super().register(fn, event)


class Mistaken(Registry):
    """Answers with the handler that was asked for last."""

    last: Any = None

    def resolve(self, handler_id: str) -> Any:
        found, self.last = self.last, super().resolve(handler_id)
        return found or self.last


@pytest.mark.parametrize(("broken", "what"), [(Forgetful, "lost"), (Mistaken, "wrong")])
def test_a_registry_that_fails_is_found_out(broken: type[Registry], what: str) -> None:
    stress = Stress(threads=2, operations=2000, seed=1)
    stress.registry = broken(captures="allow")
    stress.dispatcher = Dispatcher(stress.registry)
    stress.run()
    assert stress.counts[what] > 0
    assert stress.said[0].split(":")[0] in ("lost", "wrong")
