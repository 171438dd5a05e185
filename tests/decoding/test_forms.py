"""Forms: every shape that hosts have, and text taken for what a field wants."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from collections.abc import ItemsView, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData, Headers, ImmutableMultiDict
from starlette.datastructures import UploadFile as StarletteFile
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.datastructures import ImmutableMultiDict as WerkzeugImmutable

from handlerid import Dispatcher, Registry
from handlerid._decoding import Form, decoder
from handlerid.errors import FieldError, InvalidEvent, MalformedPayload
from handlerid.events import Event, InputEvent, SubmitEvent, UploadedFile
from tests.decoding.test_types import CASES, Colour, Level, Size, event_of
from tests.support.forms import as_form


@dataclass(kw_only=True, slots=True)
class JoinEvent(Event):
    name: str
    age: int
    news: bool
    colours: list[str]
    ratio: float = 0.5


def join(data: Any) -> Any:
    return decoder(JoinEvent, form=True)(Form(data).fields)


PAIRS: list[Any] = [
    ("_handler", "h"),
    ("_key", "k"),
    ("name", "Ada"),
    ("age", "36"),
    ("news", "on"),
    ("colours", "red"),
    ("colours", "blue"),
]


class Pairs(ItemsView[str, Any]):
    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(PAIRS)


class GetList(FormData):
    """A form as Starlette's; its ``getlist`` goes through all of it, too."""

    def getlist(self, key: Any) -> list[Any]:
        raise AssertionError(key)


class Answering(dict[str, list[Any]]):
    """A form as Bottle's, which has every attribute."""

    def getlist(self, name: str) -> list[Any]:
        return self[name]

    def __getattr__(self, name: str) -> str:
        return ""


class GetAll(Mapping[str, Any]):
    """A mapping as aiohttp's: names and items as often as they came.

    ``getall`` goes through all of it, so it is not for use: a form of a hundred
    thousand names would take minutes.
    """

    def __len__(self) -> int:
        return len(PAIRS)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in PAIRS])

    def __getitem__(self, name: str) -> Any:
        return next(value for one, value in PAIRS if one == name)

    def items(self) -> ItemsView[str, Any]:
        return Pairs(self)

    def getall(self, name: str) -> list[str]:
        raise AssertionError(name)


SHAPES: dict[str, Any] = {
    "pairs": PAIRS,
    "an iterator": iter(PAIRS),
    "parse_qsl": parse_qsl(urlencode(PAIRS)),
    "parse_qs": parse_qs(urlencode(PAIRS)),
    "Starlette": FormData(PAIRS),
    "Starlette, by pairs": GetList(PAIRS),
    "Bottle": Answering(parse_qs(urlencode(PAIRS))),
    "Starlette, plain": ImmutableMultiDict(PAIRS),
    "Werkzeug": MultiDict(PAIRS),
    "Werkzeug, immutable": WerkzeugImmutable(PAIRS),
    "getall": GetAll(),
    "a dict": {**dict(PAIRS), "colours": ["red", "blue"]},
    "a dict with a tuple": {**dict(PAIRS), "colours": ("red", "blue")},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_a_form_makes_the_same_event(shape: Any) -> None:
    form = Form(shape)
    assert decoder(JoinEvent, form=True)(form.fields) == JoinEvent(
        key="k", name="Ada", age=36, news=True, colours=["red", "blue"]
    )
    assert repr(form) == "<Form of 6 fields>"


def test_what_a_form_leaves_out() -> None:
    """A box that is not ticked and a list with nothing chosen are not sent."""
    event = join(PAIRS[:4])
    assert event == JoinEvent(key="k", name="Ada", age=36, news=False, colours=[])


def test_a_default_stands_for_what_a_form_leaves_out() -> None:
    @dataclass(kw_only=True, slots=True)
    class TickedEvent(Event):
        ticked: bool = True

    assert decoder(TickedEvent, form=True)({}).ticked is True
    assert decoder(TickedEvent, form=True)({"ticked": ["off"]}).ticked is False


@pytest.mark.parametrize(
    "payload", [[], [("_handler", "h")] * 2, {"_handler": []}, {"other": "h"}]
)
def test_a_form_has_one_id_or_none(payload: Any) -> None:
    assert Form(payload).get("_handler") is None
    assert Form(PAIRS).get("_handler") == "h"


def test_every_bad_field_of_a_form_is_named() -> None:
    with pytest.raises(InvalidEvent) as caught:
        join(
            {
                "_handler": "h",
                "_key": ["secret", "secret"],
                "age": "secret",
                "news": "secret",
                "ratio": "nan",
            }
        )
    assert caught.value.fields == (
        FieldError("_key", "a string"),
        FieldError("name", "a value; it is missing"),
        FieldError("age", "an integer"),
        FieldError("news", "true or false"),
        FieldError("ratio", "a finite number"),
    )
    assert "secret" not in str(caught.value)


def test_a_mapping_that_is_no_form_is_as_strict_as_json() -> None:
    with pytest.raises(InvalidEvent):
        decoder(JoinEvent)({**dict(PAIRS[2:]), "colours": []})


def read(hint: Any, *texts: str) -> object:
    values = list(texts)
    return decoder(event_of(hint), form=True)({"value": values}).value


TEXTS: list[tuple[Any, Mapping[str, object], list[str]]] = [
    (str, {"": "", " a ": " a ", "1": "1"}, []),
    (
        bool,
        dict.fromkeys(["on", "true", "True", "1", "YES", " on "], True)
        | dict.fromkeys(["off", "false", "0", "no", ""], False),
        ["2", "y", "t", "none", "truee"],
    ),
    (
        int,
        {"1": 1, "-1": -1, "+1": 1, " 1 ": 1, "007": 7},
        ["", "1.0", "1e3", "1_000", "0x1", "\u0661", "--1", "one", "9" * 1001, "nan"],
    ),
    (
        float,
        {"1": 1.0, "-.5": -0.5, "1.": 1.0, "1e3": 1000.0, " 2.5 ": 2.5, "1E-3": 0.001},
        [
            "",
            "nan",
            "inf",
            "-inf",
            "infinity",
            "1e999",
            "1_0",
            "\u0661",
            ".",
            "1,5",
            "0x1p3",
        ],
    ),
    (int | None, {"": None, "1": 1, " ": None}, ["a", "1.5", "null"]),
    (float | None, {"": None, "1": 1.0}, ["nan"]),
    (bool | None, {"": None, "on": True}, ["x"]),
    (str | None, {"": "", "a": "a"}, []),
    (int | str, {"1": 1, "a": "a", "": ""}, []),
    (str | bool, {"on": True, "a": "a"}, []),
    (int | float, {"1": 1, "1.5": 1.5}, ["a"]),
    (None, {"": None, " ": None}, ["a"]),
    (dt.date | None, {"": None, "2024-02-29": dt.date(2024, 2, 29)}, ["2024"]),
    (Colour, {"red": Colour.RED}, ["RED", ""]),
    (Colour | None, {"red": Colour.RED, "": None}, ["x"]),
    (Level, {"1": Level.LOW}, ["LOW", "", "1.0"]),
    (Literal["a", None], {"a": "a", "": None}, ["None", "null"]),  # noqa: PYI061
    (Literal["", None], {"": ""}, ["None"]),  # noqa: PYI061
    (Literal[1, "a", True], {"1": 1, "a": "a", "true": True}, ["2", "True"]),
    (bytes, {"": b"", "aGk=": b"hi"}, ["a"]),
    (Any, {"1": "1", "": ""}, []),
    (list[int], {"1": [1], " 2": [2]}, ["", "a"]),
    (tuple[int, ...], {"1": (1,)}, ["a"]),
    (list[int] | None, {"1": [1]}, ["a"]),
]


@pytest.mark.parametrize(
    ("hint", "good", "bad"), TEXTS, ids=[str(one[0]) for one in TEXTS]
)
def test_text_is_taken_for_what_the_field_wants(
    hint: Any, good: Mapping[str, object], bad: list[str]
) -> None:
    for text, value in good.items():
        assert repr(read(hint, text)) == repr(value)
    for text in bad:
        with pytest.raises(InvalidEvent) as caught:
            read(hint, text)
        assert len(caught.value.fields) == 1


def test_a_name_that_came_several_times() -> None:
    assert read(list[str], "a", "b") == ["a", "b"]
    assert read(tuple[int, str], "1", "b") == (1, "b")
    assert read(Any, "a", "b") == ["a", "b"]
    assert read(list[bool] | str, "on", "off") == [True, False]
    for hint in (str, int, str | None, Colour, dict[str, str], Size):
        with pytest.raises(InvalidEvent):
            read(hint, "a", "b")


ONE_VALUE = {
    name: case
    for name, case in CASES.items()
    if not any(isinstance(value, list) for value, _ in case.good)
}


@pytest.mark.parametrize("case", ONE_VALUE.values(), ids=ONE_VALUE)
def test_what_fits_in_json_fits_in_a_form_where_the_host_put_it(case: Any) -> None:
    decode = decoder(event_of(case.hint), form=True)
    for value, becomes in case.good:
        assert repr(decode({"value": [value]}).value) == repr(becomes)


def test_extra_names_of_a_form() -> None:
    more = Form([*PAIRS, ("token", "secret")]).fields
    with pytest.raises(InvalidEvent) as caught:
        decoder(JoinEvent, form=True)(more)
    assert caught.value.fields == (FieldError("token", "no field of this name"),)
    lenient = decoder(JoinEvent, form=True, refuse_extra=False)
    assert lenient(more) == join(PAIRS)


@pytest.mark.parametrize("refuse_extra", [None, False, True])
def test_a_submit_event_has_all_inputs_of_a_form(
    refuse_extra: bool | None,
) -> None:
    more = [("fields", "f"), ("key", "l"), ("handler", "i"), ("value", "v")]
    sent = Form([*PAIRS, *more]).fields
    assert decoder(SubmitEvent, form=True, refuse_extra=refuse_extra)(sent) == (
        SubmitEvent(
            key="k",
            fields={
                "name": ["Ada"],
                "age": ["36"],
                "news": ["on"],
                "colours": ["red", "blue"],
                "fields": ["f"],
                "key": ["l"],
                "handler": ["i"],
                "value": ["v"],
            },
        )
    )
    read = decoder(SubmitEvent, refuse_extra=refuse_extra)
    strict = {"handler": "h", "fields": {"a": ["b"]}}
    assert read(strict) == SubmitEvent(fields={"a": ["b"]})


def test_a_file_is_no_text() -> None:
    with pytest.raises(InvalidEvent) as caught:
        decoder(InputEvent, form=True)({"value": [StarletteFile(BytesIO())]})
    assert caught.value.fields == (FieldError("value", "a string"),)


@dataclass(kw_only=True, slots=True)
class PhotoEvent(Event):
    photo: UploadedFile | None = None
    more: list[UploadedFile] = field(default_factory=list)


class PhotoStruct(msgspec.Struct):
    photo: UploadedFile | None = None
    more: list[UploadedFile] = []


def django_file(kind: str) -> Any:
    reason = "needs django: pip install django"
    files: Any = pytest.importorskip("django.core.files.uploadedfile", reason=reason)
    if kind == "SimpleUploadedFile":
        return files.SimpleUploadedFile("a.txt", b"hello", "text/plain")
    file = NamedTemporaryFile()  # noqa: SIM115 - closed with the object
    file.write(b"hello")
    return files.UploadedFile(file, "a.txt", "text/plain", 5)


FILES: dict[str, Any] = {
    "Starlette": lambda: StarletteFile(
        BytesIO(b"hello"),
        filename="a.txt",
        headers=Headers({"content-type": "text/plain"}),
    ),
    "Werkzeug": lambda: FileStorage(
        BytesIO(b"hello"), filename="a.txt", name="photo", content_type="text/plain"
    ),
    "Django": lambda: django_file("SimpleUploadedFile"),
    "Django, on disk": lambda: django_file("UploadedFile"),
    "the library": lambda: UploadedFile(
        name="a.txt", mime_type="text/plain", contents=b"hello"
    ),
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
@pytest.mark.parametrize("event_type", [PhotoEvent, PhotoStruct])
def test_files_of_frameworks_are_read(make: Any, event_type: Any) -> None:
    registry = Registry()
    handler = registry.register(lambda event: event, event_type)
    files = [("photo", make()), ("more", make()), ("more", make())]
    hello = UploadedFile(name="a.txt", mime_type="text/plain", contents=b"hello")
    fields = {"_handler": str(handler)}
    for form in (
        Form([*fields.items(), *files]),
        Form(fields, files),
        Form(MultiDict(fields), MultiDict(files)),
        Form(FormData([*fields.items(), *files])),
    ):
        for _ in range(2):  # a file that was read is read from its start
            event: Any = Dispatcher(registry).dispatch(form)
            assert (event.photo, event.more) == (hello, [hello, hello])


def test_a_file_that_was_not_chosen_is_not_sent() -> None:
    """Browsers send a part without a name of a file; frameworks hand it on."""
    for empty in (
        StarletteFile(BytesIO(), filename=""),
        FileStorage(BytesIO(), filename=""),
    ):
        sent = Form([("_handler", "h"), ("photo", empty), ("more", empty)]).fields
        assert decoder(PhotoEvent, form=True)(sent) == PhotoEvent()
        event = decoder(SubmitEvent, form=True)(sent)
        assert event == SubmitEvent(fields={"photo": [], "more": []})
    for hint in (list[UploadedFile], UploadedFile | None):
        with pytest.raises(InvalidEvent):
            read(hint, "text")


# Inputs that are called like a part of the payload.


@pytest.fixture
def submitted() -> tuple[Dispatcher, str]:
    registry = Registry()
    return Dispatcher(registry), registry.register(lambda event: event, SubmitEvent)


@pytest.mark.parametrize(
    "name", ["handler", "key", "fields", "wire_name", "self", "value"]
)
def test_an_input_may_have_any_name(
    name: str, submitted: tuple[Dispatcher, str]
) -> None:
    app, handler = submitted
    for texts in (["a"], ["a", "b"]):
        sent = [("_handler", handler), *((name, text) for text in texts), ("x", "y")]
        for key in ({}, {"_key": "k"}):
            event: Any = app.dispatch(Form(sent, key))
            assert event.fields == {name: texts, "x": ["y"]}
            assert event.key == key.get("_key", "")


@dataclass(kw_only=True)
class NamedEvent(Event):
    fields: str
    value: list[str]


class NamedStruct(msgspec.Struct):
    fields: str
    value: list[str]
    key: str = ""


@pytest.mark.parametrize("event_type", [NamedEvent, NamedStruct])
def test_a_field_of_a_host_is_an_input_of_its_name(event_type: Any) -> None:
    """But its ``key`` is that of the component: an input so called has no field."""
    decode = decoder(event_type, form=True)
    sent = {"_handler": ["h"], "_key": ["k"], "fields": ["f"], "value": ["v", "w"]}
    event = decode(sent)
    assert (event.key, event.fields, event.value) == ("k", "f", ["v", "w"])
    for name in ("handler", "key"):
        with pytest.raises(InvalidEvent) as caught:
            decode({**sent, name: ["a"]})
        assert caught.value.fields == (FieldError(name, "no field of this name"),)
        lenient = decoder(event_type, form=True, refuse_extra=False)
        assert lenient({**sent, name: ["a"]}) == event
    with pytest.raises(InvalidEvent) as caught:
        decode({**sent, "_key": ["k", "l"]})
    assert [one.path for one in caught.value.fields] == ["_key"]


@dataclass(kw_only=True)
class KeyedEvent(Event):
    key: str


class KeyedStruct(msgspec.Struct):
    key: str


@pytest.mark.parametrize("event_type", [KeyedEvent, KeyedStruct])
def test_a_key_that_is_required_is_looked_for_in_the_right_input(
    event_type: Any,
) -> None:
    assert decoder(event_type)({"key": "k"}) == event_type(key="k")
    decode = decoder(event_type, form=True)
    assert decode({"_key": ["k"]}) == event_type(key="k")
    for sent, paths in ({}, ["_key"]), ({"key": ["k"]}, ["_key", "key"]):
        with pytest.raises(InvalidEvent) as caught:
            decode(sent)
        assert [one.path for one in caught.value.fields] == paths


def test_the_names_of_a_form_are_none_in_json() -> None:
    registry = Registry()
    app = Dispatcher(registry)
    handler = registry.register(lambda event: event, JoinEvent)
    sent: Any = {"handler": handler, "name": "Ada", "age": 3, "news": True}
    sent |= {"colours": [], "_key": "k"}
    with pytest.raises(InvalidEvent) as caught:
        app.dispatch(sent)
    assert caught.value.fields == (FieldError("_key", "no field of this name"),)
    sent["_handler"] = sent.pop("handler")
    with pytest.raises(MalformedPayload) as refused:
        app.dispatch(sent)
    assert str(refused.value) == 'the payload names no handler in "handler"'


def test_a_form_names_one_handler(submitted: tuple[Dispatcher, str]) -> None:
    app, handler = submitted
    file = StarletteFile(BytesIO(), filename="a")
    for sent in (
        [],
        [("handler", handler)],
        [("_handler", file)],
        [("_handler", handler), ("_handler", handler)],
        [("_handler", handler), ("_handler", file)],
    ):
        with pytest.raises(MalformedPayload) as caught:
            app.dispatch(Form(sent))
        assert str(caught.value) == (
            'the payload names no handler in "_handler", or several'
        )


@pytest.mark.parametrize("shape", [FormData, MultiDict, ImmutableMultiDict, GetAll])
def test_a_form_without_the_wrapper_is_a_mistake_of_the_host(
    shape: Any, submitted: tuple[Dispatcher, str]
) -> None:
    form = shape() if shape is GetAll else shape(PAIRS)
    with pytest.raises(TypeError) as caught:
        submitted[0].dispatch(form)
    text = str(caught.value)
    assert text.startswith(
        "payload must be wrapped, Form(form), as its names may have several values, "
    )
    assert text.endswith(shape.__name__)


def test_names_have_to_be_decoded() -> None:
    with pytest.raises(TypeError) as caught:
        Form(parse_qsl(b"handler=h"))  # type: ignore[arg-type]
    assert str(caught.value) == "a form is of texts: decode the body first"


# Names of fields, as Python reads them.

MICRO, MU = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"
SOURCE = """
from dataclasses import dataclass
from handlerid import Event, SubmitEvent
import msgspec
@dataclass(kw_only=True)
class Dose:
    \N{MICRO SIGN}g: float = 0.0
@dataclass(kw_only=True)
class DoseEvent(Event):
    \N{MICRO SIGN}g: float = 0.0
    \N{LATIN SMALL LIGATURE FI}le: str = ""
    on: bool
    inner: Dose | None = None
class DoseStruct(msgspec.Struct):
    \N{MICRO SIGN}g: float = 0.0
    \N{LATIN SMALL LIGATURE FI}le: str = ""
    on: bool = False
@dataclass(kw_only=True)
class DoseSubmitEvent(SubmitEvent):
    \N{MICRO SIGN}g: float = 0.0
"""


@pytest.fixture(scope="module")
def doses() -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "doses"}
    exec(compile(SOURCE, "doses", "exec", dont_inherit=True), found)
    return found


@pytest.mark.parametrize("extra", [None, "ignore", "refuse"])
@pytest.mark.parametrize("event_type", ["DoseEvent", "DoseStruct"])
def test_a_field_has_the_name_that_python_reads(
    extra: Any, event_type: str, doses: dict[str, Any]
) -> None:
    registry = Registry()
    app = Dispatcher(registry, extra=extra)
    handler = registry.register(lambda event: event, doses[event_type])
    for micro in (MICRO, MU):
        sent = {
            "handler": handler,
            f"{micro}g": 250,
            "\N{LATIN SMALL LIGATURE FI}le": "a",
            "\N{FULLWIDTH LATIN SMALL LETTER O}n": True,
        }
        text = {name: str(value) for name, value in sent.items()}
        for payload in (sent, json.dumps(sent), MappingProxyType(sent)):
            event: Any = app.dispatch(payload)
            assert (getattr(event, f"{MU}g"), event.file, event.on) == (250, "a", True)
        event = app.dispatch(as_form(text))
        assert (getattr(event, f"{MU}g"), event.file, event.on) == (250, "a", True)


def test_a_field_of_an_inner_object_and_beside_the_inputs_of_a_form(
    doses: dict[str, Any],
) -> None:
    event = decoder(doses["DoseEvent"])({"on": True, "inner": {f"{MICRO}g": 2}})
    assert getattr(event.inner, f"{MU}g") == 2.0
    sent = {"_handler": ["h"], f"{MICRO}g": ["3"], f"{MICRO}": ["a"]}
    event = decoder(doses["DoseSubmitEvent"], form=True)(sent)
    assert getattr(event, f"{MU}g") == 3.0
    assert event.fields == {MICRO: ["a"]}  # a text, not a name


@pytest.mark.parametrize("event_type", ["DoseEvent", "DoseStruct"])
def test_a_field_that_came_by_two_names_is_refused(
    event_type: str, doses: dict[str, Any]
) -> None:
    sent = {f"{MICRO}g": 1, f"{MU}g": 2, "on": True}
    for form in (False, True):
        decode = decoder(doses[event_type], form=form)
        payload = {name: [str(value)] for name, value in sent.items()}
        with pytest.raises(InvalidEvent) as caught:
            decode(payload if form else sent)
        nothing = FieldError(f"{MICRO}g", "no field of this name")
        assert caught.value.fields == (nothing,)


@given(st.lists(st.tuples(st.sampled_from([name for name, _ in PAIRS]), st.text())))
def test_any_form_makes_an_event_or_a_documented_error(
    pairs: list[tuple[str, str]],
) -> None:
    try:
        event = join(pairs)
    except InvalidEvent:
        return
    assert isinstance(event, JoinEvent)
    assert (type(event.age), type(event.news)) == (int, bool)
    assert math.isfinite(event.ratio)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_numbers_come_back_from_their_text(ratio: float, age: int) -> None:
    assert read(float, repr(ratio)) == ratio
    assert read(int, str(age)) == age


def test_digits_that_python_is_told_not_to_convert_are_refused() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)  # the lowest there is
    try:
        assert read(int, "9" * 640) == 10**640 - 1
        with pytest.raises(InvalidEvent):
            read(int, "9" * 641)
    finally:
        sys.set_int_max_str_digits(limit)
