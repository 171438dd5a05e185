"""Ids in which captured functions count, and other captures if the host says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest

from handlerid import Identity
from handlerid._wrapping import WrappingIdentity
from handlerid.errors import UnstableCapture

Handler = Callable[..., object]

wrapping, everything = WrappingIdentity(), WrappingIdentity(all_captures=True)


def one(event: object, item: object = None) -> int:
    return 1


def two(event: object) -> int:
    return 2


class Basket:
    def add(self, event: object) -> None:
        """Stands for any method."""


def logged(handler: Handler) -> Handler:
    def wrapper(event: object) -> object:
        return handler(event)

    return wrapper


def logged_with_wraps(handler: Handler) -> Handler:
    @wraps(handler)
    def wrapper(event: object) -> object:
        return handler(event)

    return wrapper


def counting(count: object) -> Handler:
    return lambda event: count


def with_default(handler: Handler) -> Handler:
    def wrapper(event: object, handler: Handler = handler) -> object:
        return handler(event)

    return wrapper


@pytest.mark.parametrize(
    "handler",
    [one, counting(1), Basket().add, partial(one, item=1), lambda event: event],
)
def test_a_handler_that_captured_no_function_has_its_plain_id(handler: Handler) -> None:
    assert wrapping.handler_id(handler, "click") == Identity().handler_id(
        handler, "click"
    )


@pytest.mark.parametrize("decorate", [logged, logged_with_wraps, with_default])
@pytest.mark.parametrize("identity", [wrapping, everything])
def test_what_one_decorator_decorates_is_told_apart(
    decorate: Callable[[Handler], Handler], identity: Identity
) -> None:
    first, second = (
        identity.handler_id(decorate(one)),
        identity.handler_id(decorate(two)),
    )
    assert first != second
    assert first == identity.handler_id(decorate(one))


def test_so_is_what_is_decorated_twice_and_what_is_bound_around_it() -> None:
    ids = [
        wrapping.handler_id(handler)
        for decorated in (one, two)
        for handler in (
            logged(logged(decorated)),
            partial(logged(decorated), 1),
            partial(logged(decorated), 2),
        )
    ]
    assert len(set(ids)) == len(ids)


def test_captured_methods_and_partials_count_too() -> None:
    captured: list[Handler] = [Basket().add, partial(one, 1), partial(one, 2), one]
    ids = {wrapping.handler_id(logged(each)) for each in captured[1:]}
    assert len(ids) == 3
    # The method's object has no canonical form: it is told apart no further.
    plain = Identity().handler_id(logged(one))
    assert wrapping.handler_id(logged(captured[0])) == plain


def test_a_function_that_captured_itself_has_an_id() -> None:
    def make() -> Handler:
        def again(event: object) -> object:
            return again

        return again

    assert wrapping.handler_id(make()) == wrapping.handler_id(make())


def test_a_cell_that_is_still_empty_is_no_function() -> None:
    def make() -> tuple[str, str]:
        def handler(event: object) -> object:
            return later

        before = wrapping.handler_id(handler)
        later = 1
        return before, wrapping.handler_id(handler)

    before, after = make()
    assert before == after


def test_other_captures_count_if_the_host_says_so() -> None:
    assert wrapping.handler_id(counting(1)) == wrapping.handler_id(counting(2))
    assert everything.handler_id(counting(1)) != everything.handler_id(counting(2))
    distinct = Identity().distinct_id(counting(1))
    assert everything.handler_id(counting(1)) == distinct


def test_captures_without_a_form_leave_the_functions() -> None:
    def make(handler: Handler, connection: Any) -> Handler:
        return lambda event: (handler(event), connection)

    first, second = (everything.handler_id(make(fn, object())) for fn in (one, two))
    assert first != second
    plain = Identity().handler_id(counting(object()))
    assert everything.handler_id(counting(object())) == plain


def test_a_bound_argument_without_a_form_is_an_error_all_the_same() -> None:
    for identity in (wrapping, everything):
        with pytest.raises(UnstableCapture):
            identity.handler_id(partial(one, object()))


def test_options_reach_what_is_captured() -> None:
    def stands_for(basket: Basket) -> str:
        return "basket"

    identity = WrappingIdentity(key=b"secret", encoders={Basket: stands_for})
    handler = logged(Basket().add)
    assert identity.handler_id(handler).captures
    assert identity.handler_id(handler) == identity.handler_id(logged(Basket().add))
    assert identity.handler_id(handler) != identity.handler_id(logged(one))
    assert identity.handler_id(one) == Identity(key=b"secret").handler_id(one)


def needing(event: object, item: object) -> object:
    return item


def test_a_partial_that_stays_has_the_id_that_a_new_one_has() -> None:
    identity = WrappingIdentity()
    stays = partial(needing, item="tea")
    expected = Identity().handler_id(stays, "click")
    assert [identity.handler_id(stays, "click") for _ in range(3)] == [expected] * 3
    assert identity.handler_id(stays, "input") == Identity().handler_id(stays, "input")
    assert identity.handler_id(stays, "click") == expected


@pytest.mark.parametrize("change", ["keyword", "another", "code", "name", "default"])
def test_a_partial_that_was_changed_has_another_id(change: str) -> None:
    def handler(event: object, item: object) -> object:
        return item

    identity = WrappingIdentity()
    stays = partial(handler, item=1)
    before = identity.handler_id(stays)
    assert identity.handler_id(stays) is before
    if change == "keyword":
        stays.keywords["item"] = True  # equal to 1, and not the same
    elif change == "another":
        stays.keywords["other"] = 1
    elif change == "code":
        handler.__code__ = one.__code__
    elif change == "name":
        handler.__qualname__ = "renamed"
    else:
        handler.__defaults__ = (one,)
    assert identity.handler_id(stays) == WrappingIdentity().handler_id(stays)
    assert identity.handler_id(stays) != before


def test_a_keyword_of_another_name_is_another_handler() -> None:
    identity = WrappingIdentity()
    stays = partial(needing, item=None)
    before = identity.handler_id(stays)
    del stays.keywords["item"]
    stays.keywords["other"] = None
    assert identity.handler_id(stays) != before


def test_a_bound_argument_that_can_change_is_read_each_time() -> None:
    identity, item = WrappingIdentity(), ["tea"]
    stays = partial(needing, item=item)
    before = identity.handler_id(stays)
    item.append("coffee")
    assert identity.handler_id(stays) != before


def test_nothing_is_remembered_of_a_partial_that_is_gone() -> None:
    identity = WrappingIdentity()
    for _ in range(100):
        identity.handler_id(partial(needing, item="tea"))
    assert identity._partials == {}
