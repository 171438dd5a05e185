"""Code objects as bytes: lines of class bodies, rare constants, real functions.

``tests/promises/corpus/pairs_code.py`` tests by ids that other code has other bytes
and equal code has not, on every Python.
"""

from __future__ import annotations

import argparse
import asyncio.base_events
import typing
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from handlerid import handler_id
from handlerid._bytecode import encode_code
from handlerid.errors import UnsupportedHandler


def compiled(source: str, filename: str = "app.py") -> CodeType:
    """The code of the first function that the source defines."""
    module = compile(source, filename, "exec", dont_inherit=True)
    return next(const for const in module.co_consts if type(const) is CodeType)


CLASS_IN_FUNCTION = '''
def make(base):
    class Panel(base):
        """A class body of its own."""
        limit = {limit}
        try:
            other = 2 if limit else 3
        except ValueError:
            other = (1, "a")
        def open(self):
            self.zeta = 1; self.alpha = 2; self.mid = 3; self.beta = 4
            class Inner:
                def shut(self):
                    self.y = 1; self.x = 2
            return Inner
    return Panel
'''


@pytest.mark.parametrize(
    "lines", [0, 1, 2, 3, 5, 90, 250, 251, 252, 253, 254, 255, 256, 257, 70_000]
)
def test_a_class_body_does_not_depend_on_its_line(lines: int) -> None:
    source = CLASS_IN_FUNCTION.format(limit=5)
    moved = encode_code(compiled("\n" * lines + source))
    assert moved == encode_code(compiled("\n" * 40 + source))


@pytest.mark.parametrize("limit", [3, 4, 6, "True", "5.0", "'5'", "(5,)"])
def test_a_class_body_depends_on_its_constants(limit: object) -> None:
    """Also on one that is equal to the line of the class, and shares its slot."""
    source = CLASS_IN_FUNCTION.format(limit=5)
    other = CLASS_IN_FUNCTION.format(limit=limit)
    for lines in range(4):
        moved = "\n" * lines
        assert encode_code(compiled(moved + source)) != encode_code(
            compiled(moved + other)
        )


def test_a_class_body_of_many_constants_may_move() -> None:
    """Then the operands of the last constants need a prefix, or no longer do."""
    body = "\n".join(f"        x{i} = {i + 1000}" for i in range(300))
    source = f"def f():\n    class A:\n{body}\n        for i in y:\n            pass\n"
    forms = {encode_code(compiled("\n" * lines + source)) for lines in (0, 1100, 9000)}
    assert len(forms) == 1


def test_a_slice_constant_is_told_from_what_looks_like_it() -> None:
    """Since 3.14 the compiler makes such constants; older releases hold them too."""
    code = compiled("def f(): return 1")
    forms = {
        encode_code(code.replace(co_consts=(None, const)))
        for const in (
            slice(1, 2),
            slice(1, 2, 3),
            slice(None, 2),
            slice(1.0, 2),
            (slice(1, 2),),
            ("slice", (1, 2, None)),
            (1, 2, None),
            frozenset({"slice"}),
        )
    }
    assert len(forms) == 8


def test_a_constant_that_python_does_not_make_is_refused() -> None:
    code = compiled("def f(): return 1").replace(co_consts=(None, object()))
    with pytest.raises(UnsupportedHandler) as caught:
        handler_id(FunctionType(code, {"__name__": "app"}))
    assert str(caught.value) == (
        "the code of f holds a constant that Python's compiler does not make; "
        "define the function in Python source"
    )


def test_constants_that_nest_too_deep_are_refused() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = (deep,)
    code = compiled("def f(): return 1").replace(co_consts=(None, deep))
    with pytest.raises(ValueError, match="holds a constant that"):
        encode_code(code)


def reference(code: CodeType) -> object:
    """The rules once more, as plainly as can be; see the encoder's docstring."""
    assert "__firstlineno__" not in code.co_names

    def constant(value: object) -> object:
        if isinstance(value, CodeType):
            return reference(value)
        if isinstance(value, tuple):
            return ("tuple", *(constant(item) for item in value))
        if isinstance(value, frozenset):
            return ("frozenset", *sorted(repr(constant(item)) for item in value))
        return (type(value).__name__, repr(value))

    return (
        code.co_name,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        code.co_flags,
        code.co_code,
        code.co_exceptiontable,
        [constant(const) for const in code.co_consts],
        (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
    )


def functions_of(module: ModuleType) -> list[CodeType]:
    assert module.__file__ is not None
    source = Path(module.__file__).read_bytes()
    waiting = [compile(source, module.__file__, "exec")]
    found: list[CodeType] = []
    while waiting:
        code = waiting.pop()
        found.append(code)
        waiting += [const for const in code.co_consts if type(const) is CodeType]
    return [code for code in found if code.co_flags & 1]


def test_the_encoder_agrees_with_a_plain_one() -> None:
    """Over real functions: equal bytes exactly where the plain form is equal."""
    plain: dict[bytes, str] = {}
    for module in (argparse, typing, asyncio.base_events):
        for code in functions_of(module):
            try:
                form = repr(reference(code))
            except AssertionError:
                continue
            assert plain.setdefault(encode_code(code), form) == form
    assert len(set(plain.values())) == len(plain) > 400


def test_code_that_was_specialised_has_the_same_form() -> None:
    def add(number: int) -> int:
        return number + sum(one for one in range(number))

    def made() -> Any:
        return lambda: add(1)

    functions: list[Any] = [add, made, made()]
    codes = [fn.__code__.replace() for fn in functions]
    cold = [encode_code(code) for code in codes]
    for _ in range(50):
        assert [add(2), made()(), made()()] == [3, 1, 1]
    assert [encode_code(fn.__code__) for fn in functions] == cold
