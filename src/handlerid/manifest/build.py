"""The manifest of packages: their modules are imported, and no page is rendered.

1. The functions are those of a module's code, nested ones too. Wrappers and annotations
   are read from what the module holds under the name of a function.
2. Names, moves and events of registered handlers are read from the registries and
   dispatchers that the modules hold after their import.
3. Decorators of nested functions run with the function around them, so what they add is
   not seen. Such functions are listed in ``not_seen``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import Any, Literal

from handlerid import Dispatcher, Identity, Registry
from handlerid._captures import functions_in
from handlerid._identity import take_apart
from handlerid._manifest.code import (
    FunctionCode,
    defaults_of,
    functions_in_code,
)
from handlerid._manifest.document import Manifest
from handlerid._manifest.gather import Gathered
from handlerid._manifest.modules import imported
from handlerid._peek import described, expect, find, globals_of, look_up
from handlerid._registry.captures import functions_of
from handlerid._registry.signatures import annotated_types, parameters_of
from handlerid.errors import UnsupportedHandler
from handlerid.events.annotations import NO_EVENT

_DECORATED = "is decorated where it is made; what a decorator adds then is not seen"
_HIDDEN = (
    "has a wrapper in its place, without functools.wraps: its id is that of {}, like "
    "the id of all that is wrapped so"
)
_OBJECT = "has {} in its place, which has no id"
_NO_ID = "has no id: {}"
_COMPILED = "is compiled: its functions have no code that can be read"
_COMPILER_SCOPES = r"<(?:list|dict|set)comp>\."  # not from Python 3.12 on
_NO_SOURCE = (
    "its source is missing or is not what was compiled, or it is one of several "
    "lambdas of a line that compile to the same code"
)


def build(
    *packages: ModuleType | str,
    identity: Identity | None = None,
    fingerprint: Literal["bytecode", "source"] | None = None,
    release: str | None = None,
) -> Manifest:
    """Return the manifest of packages; their modules are imported, all of them.

    A module that cannot be imported is listed in ``failed``.

    Args:
        packages: modules or their names; of a package, all that is in it but
            ``__main__``.
        identity: that of the host, for its fingerprint and its names of modules. Its
            keys are not used: the digests of a manifest have none.
        fingerprint: without an identity: ``"bytecode"``, the default, or ``"source"``.
        release: the name of the release, as ``HANDLERID_RELEASE`` has it.

    Raises:
        TypeError: an argument is of another type, or identity and fingerprint are both
            given.
        ValueError: a package is the path of a file, or ``fingerprint`` is neither.
    """
    for one in packages:
        expect(isinstance(one, str | ModuleType), "package", "a module or a name", one)
    expect(isinstance(release, str | None), "release", "a str", release)
    known = isinstance(identity, Identity | None)
    expect(known, "identity", "an Identity", identity)
    if identity is None:
        identity = Identity(fingerprint=fingerprint or "bytecode")
    elif fingerprint is not None:
        raise TypeError("an identity has its fingerprint; leave fingerprint= out")
    failed: dict[str, str] = {}

    def fail(name: str, _: str, __: str, cause: BaseException | None) -> None:
        failed[name] = type(cause).__name__ if cause else "TypeError"

    modules = {x.__name__: x for one in packages for x in imported(one, fail)}
    names = {one: identity.module_name(one) for one in modules}
    gathered = Gathered(identity, {*names.values()})
    for name, module in modules.items():
        found_in, compiled = _functions_of(module)
        if compiled:
            gathered.not_seen[names[name]] = _COMPILED
        for function in found_in:
            _add(gathered, function, globals_of(module), names[name])
    for registry in _registries(modules.values()):
        gathered.add_registered(registry.entries)
    return gathered.manifest(release, failed)


def _add(
    gathered: Gathered, one: FunctionCode, names: dict[str, Any], home: str
) -> None:
    """Add a function of a module, as the module holds it or as code makes it."""
    fn: Any = one.function(names)
    where, held = f"{home}.{fn.__qualname__}", _held(names, one.code)
    if gathered.fingerprint == "source":  # as locations there
        where = re.sub(_COMPILER_SCOPES, "", where)
    if isinstance(held, tuple):
        fn, defaults = held[0], defaults_of(held[1])
    else:
        made = one.made
        defaults = made.defaults
        if made.annotations:
            fn.__annotations__ = made.annotations
        if made.decorated and held:
            gathered.not_seen[where] = held
    events, unknown = _named(fn)
    try:
        gathered.add(fn, one.code, defaults=defaults, events=events, unknown=unknown)
    except UnsupportedHandler as error:
        # The texts about sources name files.
        hashed = gathered.fingerprint == "bytecode"
        gathered.not_seen[where] = _NO_ID.format(error if hashed else _NO_SOURCE)


def _functions_of(module: ModuleType) -> tuple[Iterator[FunctionCode], bool]:
    """Return the functions of a module's code, and whether it is compiled.

    Without a loader, those that it holds.
    """
    spec = globals_of(module).get("__spec__")
    get_code = getattr(getattr(spec, "loader", None), "get_code", None)
    code: Any = False
    with suppress(ImportError, OSError, SyntaxError, ValueError):
        code = get_code and get_code(spec.name)  # type: ignore[union-attr]
        if type(code) is CodeType:
            return functions_in_code(code), False
    return _held_functions(globals_of(module)), get_code is not None and code is None


def _held_functions(names: dict[str, Any]) -> Iterator[FunctionCode]:
    for fn in functions_in(names.values(), names.get("__name__")):
        if fn.__globals__ is names:
            yield FunctionCode(fn.__code__)
            yield from functions_in_code(fn.__code__)


def _held(names: dict[str, Any], code: CodeType) -> tuple[Any, FunctionType] | str:
    """Return what a module holds under the qualified name of code.

    With it comes the function in it that has the code. If it has none, the result is
    why a decorated function is not seen there.
    """
    qualname = code.co_qualname
    value = None if "<" in qualname else find(names, qualname)
    if type(value) is staticmethod or type(value) is classmethod:
        value = value.__func__
    if value is None:  # as of every nested function
        return _DECORATED
    try:
        anatomy = take_apart(value)
    except UnsupportedHandler:
        is_called = look_up(type(value), "__call__") is not None  # no property
        return _OBJECT.format(described(value)) if is_called else ""
    if (anatomy.module, anatomy.qualname) != (names["__name__"], qualname):
        return _HIDDEN.format(f"{anatomy.module}.{anatomy.qualname}")
    several = [(value, fn) for fn, its_code in anatomy.codes if its_code == code]
    return several[0] if several else _DECORATED


def _named(fn: Callable[..., object]) -> tuple[tuple[type[Any], ...], bool]:
    """Return the event types that the parameters of a function name.

    Last is whether an annotation was not understood that may name one.
    """
    unknown = False
    for one in functions_of(fn):
        if getattr(one, "__annotate__", None) is None and not one.__annotations__:
            continue
        nested = "<" in one.__qualname__  # else, types for checkers only are many
        for parameter in parameters_of(one, follow_wrapped=False) or ():
            types, doubt = annotated_types(parameter.annotation, one, one)
            if types:
                return types, False
            text: Any = parameter.annotation
            text = str(getattr(text, "__forward_arg__", text))
            known = doubt in ("", NO_EVENT) or not (nested or "Event" in text)
            unknown = unknown or not known
    return (), unknown


def _registries(modules: Iterable[ModuleType]) -> list[Registry]:
    """Return the registries that modules hold, also those of dispatchers."""
    found: dict[int, Registry] = {}
    for value in [x for one in modules for x in globals_of(one).values()]:
        # Not isinstance(), which would load a lazy proxy.
        if issubclass(type(value), Dispatcher):
            value = value.registry  # noqa: PLW2901
        if issubclass(type(value), Registry):
            found[id(value)] = value
    return [*found.values()]
