"""A callable taken apart: where it is defined, its code, its captures.

What belongs here: the one place that knows the kinds of callables. The table in
``docs/reference/callables.md`` says the same in words, with the reason for each row.

The rules:

1. Wrappings are taken off one by one, outermost first, down to Python functions.
2. The location is that of the first function met, or of the first object that bears
   names: what ``functools.update_wrapper`` made has the names of what it wraps.
3. All functions that ``__wrapped__`` leads to are layers: the wrapper's code and the
   wrapped function's both say what the handler does. A wrapper of Python's own is a
   layer by its name, for its code differs between releases; so is a built-in or a
   class at the end, below a function in Python.
4. What the author wrote down beside the function is a bound argument: arguments of
   a ``partial``, the class of a class method. What the function carries because of
   where and when it was made is a capture: closure cells, defaults, a bound object.
5. An object is asked nothing: one that answers to any name (a mock, a proxy) would
   lie. Its type is compared with ``is``, for ``isinstance`` asks for ``__class__``;
   the rest is read by ``_canonical.peek``.

``taking``    the kinds that have an identity, and their parts
``carried``   bound arguments and captures alone, the short way
``refusing``  the kinds that have none, and what an author is told
"""

from handlerid._anatomy.carried import carried, is_plain, surely_same_captures
from handlerid._anatomy.taking import (
    Anatomy,
    Capture,
    Unset,
    captures_of,
    name_of,
    partial_method,
    take_apart,
)

__all__ = [
    "Anatomy",
    "Capture",
    "Unset",
    "captures_of",
    "carried",
    "is_plain",
    "name_of",
    "partial_method",
    "surely_same_captures",
    "take_apart",
]
