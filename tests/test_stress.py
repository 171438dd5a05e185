"""Many threads lose nothing: a short run of ``python -m tests.stress``."""

from __future__ import annotations

from typing import Any

import pytest

from handlerid import Dispatcher, Registry
from tests.stress import Stress, main


def test_a_short_run_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--threads", "8", "--operations", "8000"]) == 0
    assert "\nlost 0, wrong 0\n" in capsys.readouterr().out


# The count would show it.


class Forgetful(Registry):
    """Loses every hundredth registration."""

    forgotten = 0

    def _write(self, new: Any, aliases: Any) -> None:
        super()._write(new, aliases)
        self.forgotten += 1
        if self.forgotten % 100 == 0:
            del self._handlers[new.id]


class Mistaken(Registry):
    """Answers with the handler that was asked for last."""

    last: Any = None

    def find(self, handler_id: str) -> Any:
        found, self.last = self.last, super().find(handler_id)
        return found or self.last


@pytest.mark.parametrize(("broken", "what"), [(Forgetful, "lost"), (Mistaken, "wrong")])
def test_a_registry_that_fails_is_found_out(broken: type[Registry], what: str) -> None:
    stress = Stress(threads=2, operations=2000, seed=1)
    stress.registry = broken(captures="allow")
    stress.dispatcher = Dispatcher(stress.registry)
    stress.run()
    assert stress.counts[what] > 0
    assert stress.said[0].split(":")[0] in ("lost", "wrong")
