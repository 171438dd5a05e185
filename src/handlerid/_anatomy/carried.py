"""What a callable carries besides its code, without taking more apart than needed.

What belongs here: the short way for plain functions, which most handlers are, and for
closures that were made anew and captured the same.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeGuard

from handlerid._anatomy.taking import Capture, captures_of, partial_method, take_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["carried", "is_plain", "surely_same_captures"]


def is_plain(fn: object) -> TypeGuard[FunctionType]:
    """Whether the code is all that says what the function does."""
    return type(fn) is FunctionType and not hasattr(fn, "__wrapped__")


def carried(
    fn: Callable[..., object],
) -> tuple[Sequence[tuple[str, object]], Sequence[Capture]]:
    """Bound arguments and captures, as ``take_apart`` finds them."""
    if is_plain(fn) and not partial_method(fn):
        return (), [Capture(1, *one) for one in captures_of(fn)]
    anatomy = take_apart(fn)
    return anatomy.bound, anatomy.captures


def surely_same_captures(fn: Any, other: Any) -> bool:
    """Whether two functions surely captured the same: most that are made anew did."""
    if (
        type(fn) is not FunctionType
        or type(other) is not FunctionType
        or fn.__code__ is not other.__code__
        or not _surely_same(fn.__defaults__, other.__defaults__)
        or fn.__kwdefaults__ is not other.__kwdefaults__
        or fn.__dict__
        or other.__dict__
    ):
        return False
    try:
        for cell, its in zip(
            fn.__closure__ or (), other.__closure__ or (), strict=True
        ):
            if cell is not its and not _surely_same(
                cell.cell_contents, its.cell_contents
            ):
                return False
    except ValueError:  # a cell that is empty
        return False
    return True


def _surely_same(value: Any, other: Any) -> bool:
    """One object, one text or number, or a tuple of such: what runs no foreign code."""
    if type(value) is tuple and type(other) is tuple:
        return len(value) == len(other) and all(map(_same_scalar, value, other))
    return _same_scalar(value, other)


def _same_scalar(value: Any, other: Any) -> bool:
    if value is other:
        return True
    kind = type(value)
    if kind is not type(other) or (kind is not str and kind is not int):
        return False
    return bool(value == other)
