"""Ways in which a process can be another: traced, covered, monitored, warm.

A condition is what a measured process does to itself before ids are computed, with the
proof that it took effect.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import CodeType, FrameType, FunctionType
from typing import Any

_TOOL = 3
"""A tool of ``sys.monitoring`` that Python leaves to anybody."""


class Condition:
    """A process as it is: with its hash seed, on the files that it was given.

    Attributes:
        calls: how often each function that can be called is called before its id.
    """

    calls = 0

    def start(self) -> None:
        """Comes before anything of ours is imported."""

    def warm_up(self, callables: list[FunctionType]) -> None:
        """Comes before the first id."""
        for function in callables:
            for _ in range(self.calls):
                function()

    def touch(self, code: CodeType) -> None:
        """Comes before the id of a function with this code."""

    def stop(self) -> None:
        """Comes after the last id."""

    def proof(self) -> str:
        """What shows that the condition held; empty when nothing does."""
        return f"hash {hash('handlerid') & 0xFFFF:04x}"


class Called(Condition):
    """Functions are called until the interpreter has specialised them."""

    calls = 1_000

    def __init__(self) -> None:
        self.specialised = 0

    def warm_up(self, callables: list[FunctionType]) -> None:
        before = [_running(function.__code__) for function in callables]
        super().warm_up(callables)
        after = [_running(function.__code__) for function in callables]
        self.specialised = sum(map(bytes.__ne__, before, after))

    def proof(self) -> str:
        return f"{self.specialised} specialised" if self.specialised else ""


class Traced(Condition):
    """A trace function sees each line and each instruction, as a debugger's would."""

    calls = 30

    def __init__(self) -> None:
        self.events = 0

    def trace(self, frame: FrameType, event: str, arg: object) -> Any:
        frame.f_trace_opcodes = True
        self.events += 1
        return self.trace

    def start(self) -> None:
        sys.settrace(self.trace)

    def stop(self) -> None:
        sys.settrace(None)

    def proof(self) -> str:
        return f"{self.events} events" if self.events else ""


class Covered(Condition):
    """The package coverage measures every line, the standard library's too."""

    calls = 30

    def __init__(self, core: str, tracer: str) -> None:
        self.core, self.tracer = core, tracer
        self.lines = 0
        self.found = ""

    def start(self) -> None:
        os.environ["COVERAGE_CORE"] = self.core
        coverage: Any = importlib.import_module("coverage")
        self.coverage = coverage.Coverage(
            data_file=None, config_file=False, cover_pylib=True
        )
        self.coverage.start()

    def stop(self) -> None:
        self.coverage.stop()
        collector: Any = self.coverage._collector
        self.found = collector.tracer_name()
        data = self.coverage.get_data()
        self.lines = sum(len(data.lines(file) or ()) for file in data.measured_files())

    def proof(self) -> str:
        right = self.found == self.tracer and self.lines
        return f"{self.found}, {self.lines} lines" if right else ""


class Monitored(Condition):
    """All events are on, in the process and in each code object by itself."""

    calls = 30

    def __init__(self) -> None:
        self.events = 0
        self.instrumented = 0

    def start(self) -> None:
        monitoring: Any = vars(sys)["monitoring"]
        events = vars(monitoring.events)
        self.all = sum({value for value in events.values() if type(value) is int})
        # Of a single code object, Python takes those that an instruction raises.
        names = {"PY_START", "PY_RESUME", "PY_RETURN", "PY_YIELD", "CALL", "LINE"}
        names |= {"INSTRUCTION", "JUMP", "STOP_ITERATION"}
        names |= {"BRANCH", "BRANCH_LEFT", "BRANCH_RIGHT"}
        self.local = sum({events[name] for name in names if name in events})
        if "BRANCH_LEFT" in events:  # 3.14: BRANCH stands for the two
            self.local &= ~events["BRANCH"]
            self.all &= ~events["BRANCH"]
        monitoring.use_tool_id(_TOOL, "corpus")
        for value in {v for v in events.values() if type(v) is int and v}:
            monitoring.register_callback(_TOOL, value, self.count)
        monitoring.set_events(_TOOL, self.all)
        self.set_local = monitoring.set_local_events

    def count(self, *_: object) -> None:
        self.events += 1

    def touch(self, code: CodeType) -> None:
        before = _running(code)
        self.set_local(_TOOL, code, self.local)
        self.instrumented += before != _running(code)

    def stop(self) -> None:
        vars(sys)["monitoring"].set_events(_TOOL, 0)

    def proof(self) -> str:
        both = self.events and self.instrumented
        return f"{self.instrumented} instrumented" if both else ""


def _running(code: CodeType) -> bytes:
    """The operations as the interpreter has rewritten them, without its caches."""
    adaptive: bytes = code._co_code_adaptive  # type: ignore[attr-defined]
    pairs = zip(adaptive[::2], code.co_code[::2], strict=True)
    return bytes(operation for operation, plain in pairs if plain)


def make(name: str) -> Condition:
    if name == "coverage, C tracer":
        return Covered("ctrace", "CTracer")
    if name == "coverage, sysmon":
        return Covered("sysmon", "SysMonitor")
    kinds = {
        "called 1,000 times": Called,
        "sys.settrace": Traced,
        "sys.monitoring": Monitored,
    }
    return kinds.get(name, Condition)()
