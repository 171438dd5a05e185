"""What an endpoint writes into a page: attributes, inputs, the script tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest

from handlerid import (
    ClickEvent,
    Dispatcher,
    Event,
    InputEvent,
    Registry,
    Scope,
    SubmitEvent,
    Tokens,
)
from handlerid.errors import SignatureError
from handlerid.events import InputBlurEvent
from handlerid.web import HTML, Endpoint

ENDPOINT = Endpoint(release="r1")
AWKWARD = """<"'&>é \n{{ x }}"""


@dataclass(kw_only=True)
class PickEvent(Event, name="pick_2"):
    pass


def on_click(event: ClickEvent) -> None: ...


def on_input(event: InputEvent) -> None: ...


def on_blur(event: InputBlurEvent) -> None: ...


def on_pick(event: PickEvent) -> None: ...


def on_submit(event: SubmitEvent) -> None: ...


def on_nothing() -> None: ...


@pytest.fixture
def scope() -> Scope:
    return Dispatcher(Registry()).scope()


class Tags(HTMLParser):
    """The tags of a text, each with its attributes in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def parsed(attributes: str) -> dict[str, str | None]:
    ((_, found),) = Tags(f"<p {attributes}>").found
    assert len(dict(found)) == len(found)
    return dict(found)


# Attributes.


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (on_click, "data-h-click"),
        (on_input, "data-h-input"),
        (on_blur, "data-h-input_blur"),
        (on_pick, "data-h-pick_2"),
        (on_nothing, "data-h-click"),
    ],
)
def test_the_reference_is_in_the_attribute_of_its_event(
    fn: Callable[..., object], name: str, scope: Scope
) -> None:
    assert parsed(ENDPOINT.attributes(scope, fn)) == {name: scope.offer(fn)}


def row(number: int) -> Callable[[InputEvent], int]:
    def on_row(event: InputEvent) -> int:
        return number

    return on_row


@pytest.mark.parametrize("captures", ["distinct", "carry"])
@pytest.mark.parametrize("encrypt", [False, True])
def test_a_token_names_its_event_too(captures: Any, encrypt: bool) -> None:
    tokens = Tokens(bytes(32), max_age=60, encrypt=encrypt)
    app = Dispatcher(Registry(captures=captures), tokens=tokens)
    app.registry.scan(__name__)
    with app.scope(audience="anna") as scope:
        for fn, name in ((row(1), "data-h-input"), (on_nothing, "data-h-click")):
            ((attribute, token),) = parsed(ENDPOINT.attributes(scope, fn)).items()
            assert attribute == name
            assert token is not None
            event = tokens.verify(token, audience="anna").handler_id.event
            assert f"data-h-{event or 'click'}" == name


def test_the_event_can_be_named(scope: Scope) -> None:
    def any_event(event: Event) -> None: ...

    offered = scope.offer(any_event, InputBlurEvent)
    assert ENDPOINT.attributes(scope, any_event, InputBlurEvent) == (
        f'data-h-input_blur="{offered}"'
    )
    assert ENDPOINT.attributes(scope, any_event, "input_blur") == (
        f'data-h-input_blur="{offered}"'
    )
    with pytest.raises(SignatureError):
        ENDPOINT.attributes(scope, on_click, InputEvent)
    with pytest.raises(SignatureError, match="no event of handlerid has this wire"):
        ENDPOINT.attributes(scope, any_event, "input_blurr")


OPTIONS: list[tuple[dict[str, Any], dict[str, str | None]]] = [
    ({"key": "row-7"}, {"data-key": "row-7"}),
    ({"key": 0}, {"data-key": "0"}),
    ({"key": ""}, {}),
    ({"busy": "queue"}, {"data-busy": "queue"}),
    ({"double": "ignore"}, {"data-double": "ignore"}),
    ({"debounce": 300}, {"data-debounce": "300"}),
    ({"debounce": 0}, {"data-debounce": "0"}),
    ({"throttle": 50}, {"data-throttle": "50"}),
    ({"keys": "Enter Escape"}, {"data-keys": "Enter Escape"}),
    ({"bubble": True}, {"data-bubble": None}),
    ({"bubble": False}, {}),
    ({"stale": "resend"}, {"data-stale": "resend"}),
]


@pytest.mark.parametrize(
    ("option", "listed"),
    [
        ({"busy": "dropp"}, 'busy must be one of "drop", "queue", "latest", not '),
        ({"double": True}, 'double must be one of "ignore", not True'),
        ({"stale": "reload"}, 'stale must be one of "resend", not '),
    ],
)
def test_an_option_that_the_client_does_not_know(
    option: dict[str, Any], listed: str, scope: Scope
) -> None:
    with pytest.raises(ValueError, match=f"^{listed}"):
        ENDPOINT.attributes(scope, on_click, **option)


@pytest.mark.parametrize(("options", "more"), OPTIONS)
def test_each_option_is_an_attribute(
    options: dict[str, Any], more: dict[str, str], scope: Scope
) -> None:
    found = parsed(ENDPOINT.attributes(scope, on_click, **options))
    assert found == {"data-h-click": scope.offer(on_click), **more}


def test_all_options_at_once(scope: Scope) -> None:
    options: dict[str, Any] = {}
    more: dict[str, str | None] = {}
    for one, attribute in OPTIONS:
        if attribute:
            options |= one
            more |= attribute
    found = parsed(ENDPOINT.attributes(scope, on_click, **options))
    assert found == {"data-h-click": scope.offer(on_click), **more}
    assert len(found) == 9


def test_the_prefix_is_that_of_every_attribute(scope: Scope) -> None:
    endpoint = Endpoint(prefix="data-x-")
    found = parsed(endpoint.attributes(scope, on_click, key="a", bubble=True))
    assert list(found) == ["data-x-h-click", "data-x-key", "data-x-bubble"]
    ((_, script),) = Tags(endpoint.script()).found
    assert dict(script)["data-prefix"] == "data-x-"


@pytest.mark.parametrize(
    "text", [AWKWARD, '" onclick="alert(1)', "'", "</p>", "&quot;"]
)
def test_values_are_escaped(text: str, scope: Scope) -> None:
    written = ENDPOINT.attributes(scope, on_click, key=text, keys=text)
    found = parsed(written)
    assert (found["data-key"], found["data-keys"], len(found)) == (text, text, 3)
    inputs = Tags(ENDPOINT.inputs(scope, on_submit, key=text)).found
    assert dict(inputs[-1][1])["value"] == text
    ((_, script),) = Tags(ENDPOINT.script(nonce=text, root=text)).found
    assert dict(script)["nonce"] == text
    assert dict(script)["data-handlerid"] == f"{text}/_handlerid/r1"


def test_a_template_writes_it_as_it_is(scope: Scope) -> None:
    template = jinja2.Environment(autoescape=True).from_string(
        "<p {{ e.attributes(scope, fn, key=key) }} {{ key }}></p>{{ e.script() }}"
    )
    html = template.render(e=ENDPOINT, scope=scope, fn=on_click, key="'\"")
    attributes = ENDPOINT.attributes(scope, on_click, key="'\"")
    assert html == f"<p {attributes} &#39;&#34;></p>{ENDPOINT.script()}"


def test_only_the_whole_text_is_html() -> None:
    text = HTML("<b>")
    assert (text.__html__(), str(text)) == ("<b>", "<b>")
    assert type(text + AWKWARD) is str  # so a template escapes it
    assert type(text.strip()) is str


# Inputs.


def test_inputs_of_a_form(scope: Scope) -> None:
    reference = scope.offer(on_submit)
    written = ENDPOINT.inputs(scope, on_submit, key="cart")
    assert isinstance(written, HTML)
    values = {"_handler": reference, "_wire": "1", "_key": "cart"}
    assert Tags(written).found == [
        ("input", [("type", "hidden"), ("name", name), ("value", value)])
        for name, value in values.items()
    ]
    assert 'name="_key"' not in ENDPOINT.inputs(scope, on_submit)
    assert 'name="_key" value="0"' in ENDPOINT.inputs(scope, on_submit, key=0)


# The script tag.


def script(endpoint: Endpoint = ENDPOINT, **options: Any) -> dict[str, str | None]:
    written = endpoint.script(**options)
    assert isinstance(written, HTML)
    assert written.endswith("></script>")
    ((tag, attributes),) = Tags(written).found
    assert tag == "script"
    found = dict(attributes)
    source, integrity = found.pop("src"), found.pop("integrity")
    assert source is not None
    assert integrity is not None
    assert integrity.startswith("sha384-")
    assert "/client." in source
    return found


def test_the_script_tag() -> None:
    assert script() == {
        "defer": None,
        "data-handlerid": "/_handlerid/r1",
        "data-release": "r1",
    }
    assert script(Endpoint()) == {"defer": None, "data-handlerid": "/_handlerid"}
    assert script(Endpoint(path="/events"), nonce="n", busy="queue") == {
        "defer": None,
        "nonce": "n",
        "data-handlerid": "/events",
        "data-busy": "queue",
    }


def test_the_script_queues_or_does_not() -> None:
    wrong: Any = "drop"
    with pytest.raises(ValueError, match=r'^busy of the script must be "queue", not '):
        ENDPOINT.script(busy=wrong)


def test_an_application_that_is_mounted_below_a_path() -> None:
    found = script(root="/shop")
    assert found["data-handlerid"] == "/shop/_handlerid/r1"
    assert 'src="/shop/_handlerid/client.' in ENDPOINT.script(root="/shop")


def test_the_page_has_a_digest_of_the_audience() -> None:
    digests = [
        script(audience=one)["data-audience"] for one in ("anna", "ben", "", "\ud800")
    ]
    assert len({*digests}) == 4
    assert all(one and len(one) == 16 for one in digests)
    assert "anna" not in ENDPOINT.script(audience="anna")
    assert digests[0] == script(Endpoint(), audience="anna")["data-audience"]
    assert digests[0] == "67e5b40b5d6914b6"  # what was kept is found after a deploy
    assert "data-audience" not in script(audience=None)


def test_a_key_may_be_a_number(scope: Scope) -> None:
    assert 'data-key="0"' in ENDPOINT.attributes(scope, on_click, key=0)
    assert 'name="_key" value="0"' in ENDPOINT.inputs(scope, on_submit, key=0)


def test_what_a_template_gets(scope: Scope) -> None:
    helpers = ENDPOINT.helpers(scope, root="/shop")
    text = "{{ script(nonce='n') }} {{ on(fn, key=1) }} {{ inputs(fn) }} {{ action }}"
    html = jinja2.Environment(autoescape=True).from_string(text)
    written = [
        ENDPOINT.script(audience=scope.audience, root="/shop", nonce="n"),
        ENDPOINT.attributes(scope, on_click, key=1),
        ENDPOINT.inputs(scope, on_click),
        "/shop/_handlerid/r1",
    ]
    assert html.render(helpers, fn=on_click) == " ".join(written)


@pytest.mark.parametrize("kind", [jinja2.Undefined, jinja2.StrictUndefined])
@pytest.mark.parametrize("helper", ["on", "inputs"])
def test_a_name_that_the_template_lacks_is_named(
    kind: type[jinja2.Undefined], helper: str, scope: Scope
) -> None:
    environment = jinja2.Environment(autoescape=True, undefined=kind)
    template = environment.from_string(f"<p {{{{ {helper}(ad) }}}}>")
    with pytest.raises(jinja2.UndefinedError, match=r"^'ad' is undefined$"):
        template.render(ENDPOINT.helpers(scope))


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("{% from 'row' import row with context %}{{ row(fn) }}", True),
        ("{% from 'row' import row %}{{ row(fn) }}", False),
        ("{% include 'cell' %}", True),
    ],
)
def test_templates_of_other_files(text: str, works: bool, scope: Scope) -> None:
    """As docs/start/fastapi-starlette.md says."""
    macro = "{% macro row(fn) %}<p {{ on(fn) }}>{% endmacro %}"
    loader = jinja2.DictLoader({"row": macro, "cell": "<p {{ on(fn) }}>"})
    environment = jinja2.Environment(autoescape=True, loader=loader)
    template = environment.from_string(text)
    context = {**ENDPOINT.helpers(scope), "fn": on_click}
    if works:
        assert template.render(context) == f"<p {ENDPOINT.attributes(scope, on_click)}>"
        return
    with pytest.raises(jinja2.UndefinedError, match=r"^'on' is undefined$"):
        template.render(context)
