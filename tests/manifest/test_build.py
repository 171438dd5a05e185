"""Which functions a manifest has, and what it says of each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from handlerid import Dispatcher, Identity, Registry
from handlerid.manifest import EventShape, Function, Manifest, build
from tests.manifest.shop import write_shop
from tests.support.packages import importable, write


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with importable(write_shop(tmp_path_factory.mktemp("shop"))) as folder:
        yield folder


@pytest.fixture(scope="module", params=["bytecode", "source"])
def manifest(shop: Path, request: pytest.FixtureRequest) -> Manifest:
    return build("shop", fingerprint=request.param, release="r1")


@pytest.fixture(scope="module")
def pages(manifest: Manifest) -> Any:
    return sys.modules["shop.pages"]


def one(manifest: Manifest, qualname: str, module: str = "shop.pages") -> Function:
    (found,) = manifest.functions[module, qualname]
    return found


EVENTS = {
    "on_plain": ("click",),
    "on_union": ("click", "input"),
    "on_cart": ("cart",),
    "on_odd": ("odd",),
    "on_order": ("click",),
    "on_any": ("input",),  # its decorator says it
    "on_admin": ("click",),
    "on_hidden": ("click",),
    "in_a_name": (),
    "helper": (),
    "Command.__init__": (),
    "on_object": ("click",),
    "Cart.add": ("click",),
    "Cart.check": ("input",),
    "Cart.make": ("change",),
    "Cart.__call__": ("click",),
    "Cart.Row.drop": ("click",),
    "page": (),
    "page.<locals>.on_name": ("click",),
    "page.<locals>.on_text": ("input",),
    "page.<locals>.on_attribute": ("change",),
    "page.<locals>.on_local": ("unknown",),
    "page.<locals>.on_nothing": (),
    "page.<locals>.on_number": (),
    "page.<locals>.on_call": ("unknown",),
    "page.<locals>.on_choice": ("unknown",),
    "page.<locals>.on_private": ("cart",),
    "page.<locals>.on_guarded": ("click",),
    "page.<locals>.Inner.on_method": ("click",),
    "page.<locals>.Inner.on_static": ("click",),
    "later.<locals>.on_later": ("click",),
    "later.<locals>.on_later.<locals>.deepest": ("click",),
}


@pytest.mark.parametrize("qualname", EVENTS)
def test_the_events_that_a_function_takes(manifest: Manifest, qualname: str) -> None:
    if qualname == "in_a_name":
        qualname = "<lambda>"
    assert one(manifest, qualname).events == EVENTS.get(qualname, ())


def test_types_for_checkers_are_unknown_where_they_may_be_events(
    manifest: Manifest,
) -> None:
    found = {
        name: one(manifest, name, "shop.late").events
        for name in ("on_blur", "helper", "page.<locals>.on_click")
    }
    assert found == {
        "on_blur": ("unknown",),
        "helper": (),
        "page.<locals>.on_click": ("click",),
    }
    assert one(manifest, "page.<locals>.on_blur", "shop.late").events == ("unknown",)


def test_no_function_of_the_modules_is_left_out(manifest: Manifest) -> None:
    comprehension = "<listcomp>." * (
        manifest.fingerprint == "bytecode" and sys.version_info < (3, 12)
    )
    others = {
        *("guarded", "guarded.<locals>.wrapper", "hiding", "hiding.<locals>.wrapper"),
        *("nothing", "nothing_later", "constant", "on_twice", "<lambda>"),
        *("Cart.total", "page.<locals>.<lambda>", "later"),
        f"page.<locals>.{comprehension}<lambda>",
    }
    found = {name for module, name in manifest.functions if module == "shop.pages"}
    assert found == EVENTS.keys() - {"in_a_name"} | others
    modules = {module for module, _ in manifest.functions}
    assert modules == {"shop.events", "shop.late", "shop.pages"}  # a lambda in a class
    assert manifest.failed == {}


CAPTURES = {
    "on_cart": ("n", "m"),
    "guarded.<locals>.wrapper": ("fn",),
    "page.<locals>.on_name": ("rows", "url", "tries", "deep", "flat"),
    "page.<locals>.on_private": ("Local",),
    "page.<locals>.on_nothing": ("url",),
    "page.<locals>.Inner.on_method": ("url",),
    "later.<locals>.on_later": ("url",),
    "page": (),
}


@pytest.mark.parametrize("qualname", CAPTURES)
def test_the_names_of_captures(manifest: Manifest, qualname: str) -> None:
    assert one(manifest, qualname).captures == CAPTURES[qualname]


def test_several_functions_of_one_name(manifest: Manifest) -> None:
    twice = manifest.functions["shop.pages", "on_twice"]
    assert {x.events for x in twice} == {("click",), ("input",)}
    lambdas = [
        x
        for x in manifest.functions["shop.pages", "page.<locals>.<lambda>"]
        if x.captures[-1:] != ("row",)
    ]
    assert {x.captures for x in lambdas} == {("url",), ("rows",)}  # two have one code
    for several in (twice, lambdas):
        assert len(several) == 2
        assert [x.code for x in several] == sorted(x.code for x in several)


def test_what_does_nothing_is_trivial(manifest: Manifest) -> None:
    trivial = {name for (_, name), (x, *_) in manifest.functions.items() if x.trivial}
    assert trivial == {
        *("nothing", "nothing_later", "constant", "on_order", "on_hidden", "on_twice"),
        *(
            "on_object",
            "on_admin",
        ),  # its wrapper may do something, and is that of others
    }


def test_the_fingerprints_are_those_of_ids(manifest: Manifest, pages: Any) -> None:
    identity = Identity(fingerprint=manifest.fingerprint)
    held = [
        *(pages.on_plain, pages.on_cart, pages.bound, pages.in_a_name, pages.on_admin),
        *(pages.Cart().add, pages.Cart.check, pages.Cart.make, pages.Cart()),
        pages.Cart.Row().drop,
    ]
    with Dispatcher(Registry(identity=identity, captures="allow")).scope() as scope:
        lambdas, _ = pages.page(scope, "url", [1], lambda: None)
        nested = list(scope)
    ids = [*map(identity.handler_id, (*held, *lambdas)), *nested]
    assert len(ids) == 13
    for handler_id in ids:
        place = str(handler_id.module), str(handler_id.qualname)
        codes = [x.code for x in manifest.functions[place]]
        assert handler_id.fingerprint in codes, place


def test_the_body_is_the_fingerprint_under_a_name(
    manifest: Manifest, pages: Any
) -> None:
    registry = Registry(identity=Identity(fingerprint=manifest.fingerprint))
    for number, name in enumerate(("on_plain", "on_admin", "on_order", "in_a_name")):
        fn = getattr(pages, name)
        registry.handler(name=f"handler-{number}")(fn)
        (handler_id,) = [x for x in registry if registry.resolve(x).fn is fn]
        qualname = "<lambda>" if name == "in_a_name" else name
        function = one(manifest, qualname)
        assert handler_id.fingerprint == function.body
        nameless = name == "in_a_name" and manifest.fingerprint == "source"
        assert (function.body == function.code) == nameless


def test_names_and_moves_of_the_registries_of_modules(manifest: Manifest) -> None:
    order = one(manifest, "on_order")
    assert (order.name, order.moved_from) == ("order", ("shop.old:order", "ordering"))
    named = [x for several in manifest.functions.values() for x in several if x.name]
    assert named == [order]


def test_what_is_not_seen(manifest: Manifest) -> None:
    decorated = "is decorated where it is made; what a decorator adds then is not seen"
    assert manifest.not_seen == {
        "shop.pages.guarded.<locals>.wrapper": decorated,
        "shop.pages.page.<locals>.on_guarded": decorated,
        "shop.pages.on_object": "has an object of shop.pages.Command in its place, "
        "which has no id",
        "shop.pages.on_hidden": "has a wrapper in its place, without functools.wraps: "
        "its id is that of shop.pages.hiding.<locals>.wrapper, like the id of all that "
        "is wrapped so",
    }


def test_the_shapes_of_events(manifest: Manifest) -> None:
    assert {*manifest.events} == {"cart", "change", "click", "input", "odd"}
    assert manifest.events["cart"] == EventShape(
        {
            "key": "str = ''",
            "color": '"blue" | "red" | None',
            "kind": r'"a \u003d b" | 1 = 1',
            "items": "list[{amount?: int, parts?: list[{...}], sku: str}] = ...",
            "many": "dict[str, tuple[int, ...]]",
        },
        "refuse",
    )
    assert manifest.events["input"] == EventShape(
        {"key": "str = ''", "value": "str"}, "ignore"
    )
    assert manifest.events["odd"] == EventShape({}, "ignore")


def test_structs_that_nobody_registered_are_events(tmp_path: Path) -> None:
    source = """\
import msgspec
from handlerid import ClickEvent, Event
class Rate(msgspec.Struct): stars: int = 1
def on_rate(event: Rate): return event
def on_both(event: Rate | ClickEvent): return 1
def on_any(event: Event): return event
"""
    write(tmp_path, rated=source)
    with importable(tmp_path):
        manifest = build("rated")
    events = {x: one(manifest, x, "rated").events for x in ("on_rate", "on_both")}
    assert events == {"on_rate": ("rate",), "on_both": ("click", "rate")}
    assert manifest.events["rate"] == EventShape({"stars": "int = 1"}, "refuse")
    assert one(manifest, "on_any", "rated").events == ()


def test_a_fingerprint_of_its_own_python(manifest: Manifest) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    python = f"cpython {version}" if manifest.fingerprint == "bytecode" else None
    assert (manifest.python, manifest.release) == (python, "r1")


def test_a_renamed_function_keeps_its_body(tmp_path: Path) -> None:
    text = """
    class Cart:
        def {name}(self, event):
            class Row:
                __slots__ = ()
                name = "{{}}"
            self.__total = {name}, [Row() for row in event.rows]
    class Other:
        def {other}(self, event): return self.__total
    def outer():
        def inner(): return {value}
    """
    write(
        tmp_path,
        before=text.format(name="add", other="take", value="1 + outer()"),
        after=text.format(name="put", other="take", value="2 + outer()"),
    )
    with importable(tmp_path):
        for fingerprint in ("bytecode", "source"):
            manifests = [build(x, fingerprint=fingerprint) for x in ("before", "after")]
            before, after = [
                {name: x for (_, name), (x,) in manifest.functions.items()}
                for manifest in manifests
            ]
            add, put = before["Cart.add"], after["Cart.put"]
            # It names itself; without that, only its own name would differ.
            assert add.code != put.code
            assert add.body != put.body
            assert before["Other.take"] == after["Other.take"]
            assert before["outer.<locals>.inner"] != after["outer.<locals>.inner"]


def test_moved_to_another_class(tmp_path: Path) -> None:
    text = """
    class {owner}:
        def {name}(self, event):
            class Row:
                __slots__ = ()
            self.__rows = [Row() for row in event.rows]
    """
    write(
        tmp_path,
        one=text.format(owner="Cart", name="add"),
        other=text.format(owner="Basket", name="put"),
    )
    with importable(tmp_path):
        for fingerprint in ("bytecode", "source"):
            kind: Any = fingerprint
            (add,) = build("one", fingerprint=kind).functions["one", "Cart.add"]
            (put,) = build("other", fingerprint=kind).functions["other", "Basket.put"]
            assert (add.body, add.code != put.code) == (put.body, True)


def test_modules_that_fail_are_listed_by_the_type_of_their_error(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        store____init__="",
        store__asked="""
            asked = []
            def __getattr__(name):
                asked.append(name)
                raise AttributeError(name)
        """,
        store__a="def on_click(): return 1 + on_click()",
        store__b=f"import {'x' * 5}_absent",
        store__c="raise RuntimeError(__file__)",
        store__d="raise SystemExit",
        store__e="import sys; sys.modules[__name__] = 5",
        store__f="def broken(:",
        store__g="import pytest; pytest.skip('not here', allow_module_level=True)",
    )
    with importable(tmp_path):
        manifest = build("store", "nowhere_at_all")
        del sys.modules["store.e"]
        assert sys.modules["store.asked"].asked == []  # no code of a module runs
    assert manifest.failed == {
        "store.b": "ModuleNotFoundError",
        "store.c": "RuntimeError",
        "store.d": "SystemExit",
        "store.e": "TypeError",
        "store.f": "SyntaxError",
        "store.g": "Skipped",
        "nowhere_at_all": "ModuleNotFoundError",
    }
    assert [*manifest.functions] == [
        ("store.a", "on_click"),
        ("store.asked", "__getattr__"),
    ]
    assert str(tmp_path) not in manifest.to_bytes().decode()


def test_keys_and_names_of_the_host(shop: Path) -> None:
    def module_name(name: str) -> str | None:
        return name.replace("shop", "grocer") if name.startswith("shop") else None

    plain = build("shop")
    keyed = build("shop", identity=Identity(keys=b"secret"))
    assert keyed == plain
    named = build("shop", identity=Identity(keys=b"secret", module_name=module_name))
    assert named.functions == {
        (module.replace("shop", "grocer"), name): several
        for (module, name), several in plain.functions.items()
    }
    assert {x.partition(".")[0] for x in named.not_seen} == {"grocer"}


def test_a_module_is_built_as_a_package(shop: Path) -> None:
    __import__("shop.pages")
    by_name, by_module = build("shop.pages"), build(sys.modules["shop.pages"])
    assert by_name == by_module
    twice = build("shop.pages", "shop.pages", "shop.late")
    both = build("shop.late", "shop.pages")
    assert twice.to_bytes() == both.to_bytes()


def test_a_module_without_loader_is_what_it_holds() -> None:
    module: Any = ModuleType("made")
    text = "def make():\n  def on_click(event): return make\n  return on_click\n"
    exec(f"{text}held = make()", vars(module))
    manifest = build(module)
    names = [("made", "make"), ("made", "make.<locals>.on_click")]
    assert sorted(manifest.functions) == names
    identity = Identity()
    assert manifest.functions[names[1]][0].code == (
        identity.handler_id(module.held).fingerprint
    )


@pytest.mark.parametrize("name", ["_json", "sys"])
def test_compiled_modules_are_not_seen(name: str) -> None:
    manifest = build(name)
    assert manifest.functions == {}
    assert manifest.not_seen == {
        name: "is compiled: its functions have no code that can be read"
    }


def test_lambdas_that_cannot_be_told_apart(tmp_path: Path) -> None:
    text = "def page(rows): return [(lambda: 1 + 1, lambda: 2) for row in rows]"
    write(tmp_path, twins=text)
    with importable(tmp_path):
        manifest = build("twins", fingerprint="source")
    assert [*manifest.functions] == [("twins", "page")]
    assert manifest.not_seen == {
        "twins.page.<locals>.<lambda>": "has no id: its source is missing or is not "
        "what was compiled, or it is one of several lambdas of a line that compile to "
        "the same code"
    }


def test_a_file_that_was_broken_since_the_import(tmp_path: Path) -> None:
    write(tmp_path, edited="def on_click(event): return event.key")
    with importable(tmp_path):
        __import__("edited")
        write(tmp_path, edited="def broken(:")
        manifest = build("edited")
    assert [*manifest.functions] == [("edited", "on_click")]
    assert manifest.not_seen == {}


def test_wrong_arguments() -> None:
    wrong: Any = 5
    with pytest.raises(
        TypeError, match=r"^package must be a module or a name, not int"
    ):
        build(wrong)
    with pytest.raises(TypeError, match=r"^release must be a str, not int$"):
        build("json", release=wrong)
    with pytest.raises(TypeError, match=r"^identity must be an Identity, not int"):
        build("json", identity=wrong)
    with pytest.raises(TypeError, match="leave fingerprint= out"):
        build("json", identity=Identity(), fingerprint="source")
    with pytest.raises(ValueError, match=r"^fingerprint must be one of"):
        build("json", fingerprint="text")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is the name of a file or directory"):
        build("shop/pages.py")
