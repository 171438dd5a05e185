"""Errors: the table of the design, their data, and what may be shown to whom."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from inspect import get_annotations

import pytest

from handlerid import HandlerId, errors, handler_id
from handlerid.errors import (
    AsyncHandler,
    CapturesReplaced,
    ExpiredToken,
    FieldError,
    GoneHandler,
    HandlerIdError,
    InvalidEvent,
    InvalidToken,
    MalformedPayload,
    NameTaken,
    NoDecision,
    NotAllowed,
    OtherAudience,
    ScanFailed,
    SignatureError,
    StaleHandler,
    UnknownHandler,
    UnstableCapture,
    UnsupportedHandler,
)

AUTHORS = "This action is not set up correctly on the server."

# Error, HTTP status, public text. Hosts depend on all three.
TABLE: list[tuple[type[HandlerIdError], int, str]] = [
    (MalformedPayload, 400, "The request could not be read."),
    (UnknownHandler, 404, "This action does not exist here."),
    (GoneHandler, 410, "This page has expired. Reload it."),
    (StaleHandler, 409, "This page is out of date. Reload it."),
    (InvalidEvent, 422, "The request does not fit this action."),
    (NotAllowed, 403, "This action is not allowed."),
    (NoDecision, 403, "This action is not allowed."),
    (OtherAudience, 403, "This page belongs to another session. Reload it."),
    (InvalidToken, 403, "This action is not allowed."),
    (ExpiredToken, 410, "This page has expired. Reload it."),
    (UnstableCapture, 500, AUTHORS),
    (UnsupportedHandler, 500, AUTHORS),
    (NameTaken, 500, AUTHORS),
    (SignatureError, 500, AUTHORS),
    (AsyncHandler, 500, AUTHORS),
    (ScanFailed, 500, AUTHORS),
    (CapturesReplaced, 500, AUTHORS),
    (HandlerIdError, 500, AUTHORS),
]


def on_click() -> None: ...


ID = handler_id(on_click)
FIELDS = [FieldError("value", "a string"), FieldError("files[0].size", "an integer")]

WITHOUT_DATA: list[type[HandlerIdError]] = [
    HandlerIdError,
    MalformedPayload,
    NameTaken,
    NotAllowed,
    NoDecision,
    OtherAudience,
    InvalidToken,
    UnsupportedHandler,
    SignatureError,
    AsyncHandler,
]

CASES: list[tuple[HandlerIdError, dict[str, object]]] = [
    (UnknownHandler("a", handler_id=ID), {"handler_id": ID}),
    (UnknownHandler("a"), {"handler_id": ""}),
    (GoneHandler("a", handler_id=ID), {"handler_id": ID}),
    (
        StaleHandler("a", handler_id=ID, current=[ID], location="app.save"),
        {"handler_id": ID, "current": (ID,), "location": "app.save"},
    ),
    (StaleHandler("a"), {"handler_id": "", "current": (), "location": ""}),
    (
        InvalidEvent("a", event_type="ClickEvent", fields=FIELDS),
        {"event_type": "ClickEvent", "fields": tuple(FIELDS)},
    ),
    (InvalidEvent("a"), {"event_type": "", "fields": ()}),
    (
        UnstableCapture("a", where="args[0]", type_name="app.State"),
        {"where": "args[0]", "type_name": "app.State"},
    ),
    (UnstableCapture("a"), {"where": "", "type_name": ""}),
    (
        CapturesReplaced("a", handler_id=ID, names=["url"], filename="a.py", line=3),
        {"handler_id": ID, "names": ("url",), "filename": "a.py", "line": 3},
    ),
    (
        CapturesReplaced("a"),
        {"handler_id": "", "names": (), "filename": "", "line": 0},
    ),
    (ScanFailed("a", module="app.page"), {"module": "app.page"}),
    (ExpiredToken("a"), {"aged": False}),
    (ExpiredToken("a", aged=True), {"aged": True}),
    *((error("a"), {}) for error in WITHOUT_DATA),
]


def data_of(error: HandlerIdError) -> dict[str, object]:
    """What the class of an error declares."""
    names = {name for base in type(error).__mro__ for name in get_annotations(base)}
    names -= set(get_annotations(HandlerIdError))
    assert set(vars(error)) <= names
    return {name: getattr(error, name) for name in names}


def by_pickle(protocol: int) -> Callable[[HandlerIdError], HandlerIdError]:
    def travel(error: HandlerIdError) -> HandlerIdError:
        arrived = pickle.loads(pickle.dumps(error, protocol))
        assert isinstance(arrived, HandlerIdError)
        return arrived

    return travel


TRAVELS = {
    **{f"pickle {n}": by_pickle(n) for n in range(pickle.HIGHEST_PROTOCOL + 1)},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def test_the_table_is_complete() -> None:
    classes = {one for one in vars(errors).values() if isinstance(one, type)}
    defined = {one for one in classes if one.__module__ == errors.__name__}
    assert defined - {FieldError} == {error for error, _, _ in TABLE}


@pytest.mark.parametrize(("error", "status", "public"), TABLE)
def test_status_and_public_text(
    error: type[HandlerIdError], status: int, public: str
) -> None:
    assert issubclass(error, HandlerIdError)
    raised = error("the text for the developer")
    assert (raised.status, raised.public) == (status, public)
    assert str(raised) == "the text for the developer"


@pytest.mark.parametrize(("error", "data"), CASES)
def test_data_are_attributes(error: HandlerIdError, data: dict[str, object]) -> None:
    assert data_of(error) == data


@pytest.mark.parametrize("error", [UnknownHandler, HandlerIdError])
def test_data_that_a_class_does_not_declare(error: type[HandlerIdError]) -> None:
    with pytest.raises(TypeError) as refused:
        error("a", captures=())
    assert str(refused.value) == f"{error.__name__} has no attribute 'captures'"


@pytest.mark.parametrize("travel", TRAVELS.values(), ids=TRAVELS)
@pytest.mark.parametrize(("error", "data"), CASES)
def test_an_error_survives_travelling(
    error: HandlerIdError,
    data: dict[str, object],
    travel: Callable[[HandlerIdError], HandlerIdError],
) -> None:
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == "a"
    assert data_of(arrived) == data
    assert (arrived.status, arrived.public) == (error.status, error.public)
    assert {k: type(v) for k, v in data_of(arrived).items()} == {
        k: type(v) for k, v in data.items()
    }


def test_an_id_that_travelled_in_an_error_still_knows_its_module() -> None:
    arrived = pickle.loads(pickle.dumps(UnknownHandler("a", handler_id=ID)))
    assert isinstance(arrived.handler_id, HandlerId)
    assert (arrived.handler_id.module, arrived.handler_id.qualname) == (
        __name__,
        "on_click",
    )


@pytest.mark.parametrize(("error", "data"), CASES)
def test_a_public_text_is_one_for_the_class_and_names_nothing(
    error: HandlerIdError, data: dict[str, object]
) -> None:
    assert "public" not in vars(error)
    assert error.public is type(error).public
    for value in (*data.values(), *(str(field) for field in FIELDS)):
        for name in value if isinstance(value, tuple) else (value,):
            assert not name or str(name) not in error.public
    assert not any(mark in error.public for mark in "_`'\"<>{}%/")


def test_a_field_error_reads_as_a_sentence() -> None:
    assert [str(field) for field in FIELDS] == [
        "value: expected a string",
        "files[0].size: expected an integer",
    ]


def test_sequences_are_kept_as_tuples() -> None:
    fields, ids = [FieldError("a", "b")], [ID]
    invalid = InvalidEvent("a", fields=fields)
    stale = StaleHandler("a", current=ids)
    fields.clear()
    ids.clear()
    assert invalid.fields == (FieldError("a", "b"),)
    assert stale.current == (ID,)


def test_replaced_captures_are_a_warning_and_an_error() -> None:
    replaced = CapturesReplaced("two handlers", handler_id=ID, names=["url"])
    assert isinstance(replaced, UserWarning)
    assert isinstance(replaced, HandlerIdError)
    with pytest.warns(CapturesReplaced, match="two handlers"):
        warnings.warn(replaced, stacklevel=1)
    with pytest.raises(HandlerIdError, match="two handlers"):
        raise replaced


def test_a_reload_helps_where_the_page_is_old() -> None:
    reload = {error for error, _, _ in TABLE if error.reload}
    assert reload == {StaleHandler, GoneHandler, ExpiredToken, OtherAudience}


def test_a_host_that_knows_no_other_audience_catches_what_is_not_allowed() -> None:
    assert issubclass(OtherAudience, NotAllowed)
    assert not NotAllowed.reload


def test_one_except_catches_whatever_the_library_raises() -> None:
    for error, _, _ in TABLE:
        with pytest.raises(HandlerIdError):
            raise error("a")
    assert not issubclass(HandlerIdError, (ValueError, TypeError, LookupError))
