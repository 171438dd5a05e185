"""A short run, the same each time; the long one: ``python -m tests.promises.fuzz``."""

from __future__ import annotations

import random
import time

import pytest

from tests.promises.fuzz import target
from tests.promises.fuzz.target import DICTIONARY, SEEDS, check
from tests.promises.fuzz.worst import TEXTS, WORST

PIECES = [one.encode("latin-1") for one in DICTIONARY]


def mutated(seed: bytes, chance: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(1, len(data) + 1)
        until = min(len(data), at + chance.randrange(8))
        match chance.randrange(4):
            case 0:
                del data[at:until]
            case 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                data[at:until] = chance.randbytes(until - at)
            case _:
                data[at:at] = data[at:until]
    return bytes(data)


@pytest.fixture(autouse=True)
def _without_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long an input takes is measured by the command, not here."""
    monkeypatch.setattr(target, "LIMIT", float("inf"))


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_what_is_nearly_right_is_decoded_or_refused(number: int) -> None:
    chance = random.Random(number)
    check(SEEDS[number])
    for _ in range(300):
        check(mutated(SEEDS[number], chance))


@pytest.mark.parametrize("data", WORST.values(), ids=WORST)
def test_what_costs_most_is_decoded_or_refused(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_time_for_a_form_grows_in_proportion(text: str) -> None:
    """It takes a tenth of this at most; a pattern that goes back takes 14 s."""
    body = "_handler=@" + f"&cells={text}" * (300_000 // len(f"&cells={text}"))
    begun = time.process_time()
    check(b"f" + body.encode())
    assert time.process_time() - begun < 5


def test_names_that_are_slow_to_compare_are_not() -> None:
    """Python's NFKC takes 6 s for each shape of this form."""
    begun = time.process_time()
    check(WORST["marks that have to be sorted"])
    assert time.process_time() - begun < 3


def test_the_check_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless:
        def dispatch(self, payload: object) -> object:
            raise RecursionError

    monkeypatch.setattr(target, "STANDARD", Careless())
    with pytest.raises(RecursionError):
        check(SEEDS[0])


def test_the_check_sees_a_difference_between_readers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(target, "WITH_MSGSPEC", target.REFUSING)
    with pytest.raises(AssertionError):
        check(b'j{"handler":"@","more":1}')


def test_the_check_sees_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "LIMIT", 0.0)
    monkeypatch.setattr(target, "SLOWEST", [target.Slowest(0.0, None)])
    clock = iter(range(10))
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    with pytest.raises(AssertionError, match=r"1.000 s of CPU"):
        check(SEEDS[1])
