"""What one process can tell of carrying: values come back, limits hold."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from handlerid import Identity
from handlerid._carrying import Carrier
from handlerid._scanned import Scanned
from handlerid.errors import InvalidToken, UnstableCapture, UnsupportedHandler


def make_carrier(**options: Any) -> Carrier:
    identity = Identity()
    scanned = Scanned(identity.module_name)
    scanned.add(sys.modules[__name__])
    return Carrier(identity, scanned, **options)


def again(carrier: Carrier, fn: Callable[..., Any]) -> Callable[..., Any]:
    return carrier.unpack(carrier.identity.distinct_id(fn), carrier.pack(fn))


def link(url: object) -> Callable[..., Any]:
    def on_click(event: object) -> object:
        return url

    return on_click


@pytest.mark.parametrize("url", ["/a", 1, None, True, 1.5, [1], (1, "x")])
def test_a_closure_comes_back_with_what_it_captured(url: object) -> None:
    fn = again(make_carrier(), link(url))
    assert fn(None) == url
    assert type(fn(None)) is type(url)
    assert fn.__globals__ is globals()
    assert fn.__code__ is link("").__code__


def test_a_partial_comes_back_with_its_arguments() -> None:
    fn = again(make_carrier(), functools.partial(link("/a"), "event"))
    assert fn() == "/a"


def test_what_is_too_long_names_the_largest_variable() -> None:
    carrier = make_carrier(max_bytes=300)
    with pytest.raises(UnstableCapture, match="url is the largest") as caught:
        carrier.pack(link("x" * 300))
    assert caught.value.where == "url"
    with pytest.raises(UnstableCapture, match="url is the largest"):
        carrier.pack(link(["x" * 300]))


def test_a_module_that_was_not_scanned_cannot_be_carried() -> None:
    carrier = make_carrier()
    carrier.scanned.forget(__name__)
    with pytest.raises(UnsupportedHandler, match="was not scanned"):
        carrier.pack(link("/a"))


def test_damaged_bytes_are_an_invalid_token() -> None:
    carrier = make_carrier()
    fn = link("/a")
    with pytest.raises(InvalidToken):
        carrier.unpack(carrier.identity.distinct_id(fn), carrier.pack(fn)[:-1])
