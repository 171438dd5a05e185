"""An observer that records calls and refusals, for tests."""

from handlerid import Call, HandlerIdError, Observer


class Recorder(Observer):
    """Record calls and their results, for the tests of a host.

    Pass it as ``Dispatcher(observer=...)``. Each list is in order of time.

    Attributes:
        calls: the calls that began.
        steps: values that handlers yielded.
        results: return values of handlers; None for a stream closed early.
        errors: exceptions that handlers raised.
        refusals: errors of refused payloads.
    """

    __module__ = "handlerid.testing"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.steps: list[object] = []
        self.results: list[object] = []
        self.errors: list[BaseException] = []
        self.refusals: list[HandlerIdError] = []

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(kept)} {name}" for name, kept in vars(self).items())
        return f"<Recorder {counts}>"

    def before(self, call: Call) -> None:
        """Keep the call."""
        self.calls.append(call)

    def step(self, call: Call, value: object) -> None:  # noqa: ARG002 - an Observer's
        """Keep the step."""
        self.steps.append(value)

    def after(self, call: Call, result: object, seconds: float) -> None:  # noqa: ARG002
        """Keep the result."""
        self.results.append(result)

    def failed(self, call: Call, error: BaseException, seconds: float) -> None:  # noqa: ARG002
        """Keep the exception."""
        self.errors.append(error)

    def refused(self, error: HandlerIdError) -> None:
        """Keep the refusal."""
        self.refusals.append(error)
