"""Handlers that components make, which a page has several of."""

# mypy: ignore-errors
# ruff: noqa: B023, N806, PIE804
from functools import partial

from handlerid import Registry
from tests.check.patterns import cards
from tests.check.patterns.cards import Card, card
from tests.check.rendering import page

NAMES = ("tea", "milk")


def go(*where):
    return where


def link(ui, url):
    ui.button(url, on_click=lambda: go(url))


@page
def in_a_loop(ui):
    for url in NAMES:
        link(ui, url)


def twice(ui, url):
    def open_it(event):
        go(url, 2)

    ui.button(url, on_click=open_it)


@page
def in_two_places(ui):
    twice(ui, "/tea")
    twice(ui, "/milk")


def deep(ui, label, url="/"):
    with ui.row(label):
        ui.button(on_click=lambda: go(label, url))


def section(ui, title):
    deep(ui, title.upper())


@page
def through_another_function(ui):
    section(ui, "tea")
    section(ui, title="milk")


def opens(url):
    def open_it(event):
        go(3, url)

    return open_it


@page
def made_by_a_function(ui):
    ui.button(on_click=opens("/tea"))
    ui.button(on_click=opens("/milk"))


def chooses(url):
    return lambda event: go(4, url)


@page
def made_by_a_function_in_a_comprehension(ui):
    return [ui.button(on_click=chooses(url)) for url in NAMES]


def confirm(ui, text, on_yes):
    ui.button(text, on_click=lambda e: on_yes(text))


@page
def callbacks(ui):
    confirm(ui, "delete", lambda text: go("delete", text))
    confirm(ui, "close", on_yes=lambda text: go("close", text))


def draw(ui, handler):
    ui.button(on_click=handler)


@page
def handed_on(ui):
    for name in NAMES:
        draw(ui, lambda: go("handed on", name))


def options(ui, **options):
    ui.button(on_click=lambda: go(options))


@page
def options_by_name(ui):
    for name in NAMES:
        options(ui, name=name)


def spread(ui, name="", size=1):
    ui.button(on_click=lambda: go(5, name))


@page
def spread_from_a_dict(ui):
    for name in NAMES:
        spread(ui, **{"name": name})


def memo(component):
    return component


Link = memo(link)


@page
def kept_under_another_name(ui):
    def draw_again(name):
        ui.button(on_click=lambda: go(6, name))

    Again = memo(draw_again)
    Again("tea")
    Again("milk")


def counter(ui):
    n = 0

    def add(event):
        nonlocal n
        n += 1

    ui.button(on_click=add)  # a page has two of it


@page
def two_counters(ui):
    for _ in range(2):
        counter(ui)


def lonely(ui):
    chosen = []
    ui.button(on_click=lambda: chosen.append(1))  # missed: is it drawn again?


@page
def twice_in_the_same_way(ui):
    lonely(ui)
    lonely(ui)


class Counter:
    def __init__(self, ui):
        self.n = 0
        ui.button(on_click=self.add)
        ui.button(on_click=lambda: self.add(None))
        self.draw(ui)

    def draw(self, ui):
        ui.button(on_click=lambda: go(self.n))

    def add(self, event):
        self.n += 1


@page
def objects(ui):
    Counter(ui)
    Counter(ui)


class Base:
    def __init__(self, ui, name):
        ui.button(on_click=lambda: go(name, "base"))


class Derived(Base):
    def __init__(self, ui, name):
        super().__init__(ui, name)


@page
def inherited(ui):
    for name in NAMES:
        Base(ui, name)


class Shown:
    def show(self, ui):
        ui.button(on_click=self.hide)

    def hide(self, event):
        return go(self)


@page
def shown_later(ui):
    for _ in NAMES:
        one = Shown()
        one.show(ui)


class Plain:
    def save(self, event):
        return go(self)


@page
def methods_of_objects_of_a_loop(ui):
    for _ in NAMES:
        one = Plain()
        ui.button(on_click=one.save)


def passed_on(ui, *, on_yes):
    ui.button(on_click=on_yes)  # missed: it is found where the method is taken


@page
def methods_that_are_passed_on(ui):
    for _ in NAMES:
        one = Plain()
        passed_on(ui, on_yes=one.save)  # wrong: it is offered elsewhere


@page
def of_another_module(ui):
    for name in NAMES:
        card(ui, name)


@page
def of_another_module_by_its_name(ui):
    cards.panel(ui, "tea")
    cards.panel(ui, "milk")


@page
def class_of_another_module(ui):
    return [Card(ui, name) for name in NAMES]


@page
def in_the_registry(ui):
    registry = Registry()

    def opened(url):
        return lambda: go(7, url)

    for url in NAMES:
        registry.register(opened(url))


def offered(scope, url):
    scope.offer(lambda: go(8, url))


@page
def in_one_part(ui):
    for url in NAMES:
        offered(ui.scope.part("links"), url)


class Saves:
    def save(self, event):
        go(self)


class Named:
    name = "row"


class SavedRow(Saves, Named):
    def __init__(self, ui, number):
        self.number = number
        ui.button(self.name, on_click=self.save)


@page
def methods_of_a_base(ui):
    SavedRow(ui, 1)
    SavedRow(ui, 2)


# What follows is right.


def keyed(scope, url):
    scope.offer(lambda: go(9, url))


@page
def in_a_part_for_each(ui):
    for url in NAMES:
        keyed(ui.scope.part(url), url)


def once(ui, url):
    ui.button(on_click=lambda: go(10, url))  # wrong: made_at_click does not run


@page
def called_once(ui):
    once(ui, "/tea")


@page
def called_once_on_another_page(ui):
    once(ui, "/milk")


def either(ui, url):
    ui.button(on_click=lambda: go(11, url))


@page
def one_of_two(ui):
    if NAMES:
        either(ui, "/tea")
    else:
        either(ui, "/milk")


@page
def one_or_the_other(ui):
    if NAMES:
        either(ui, "/tea")
        return
    either(ui, "/milk")


def same(ui, url):
    ui.button(on_click=lambda: go(12, url))


@page
def with_the_same_values(ui):
    same(ui, "/tea")
    same(ui, "/tea")


def bound(ui, url):
    ui.button(on_click=partial(go, 13, url))


@page
def partials(ui):
    for url in NAMES:
        bound(ui, url)


def labelled(ui, label):
    ui.button(label, on_click=lambda: go(14))


@page
def nothing_captured(ui):
    for label in NAMES:
        labelled(ui, label)


class Alone:
    def __init__(self, ui):
        ui.button(on_click=lambda: go(self, 15))


@page
def one_object(ui):
    Alone(ui)


def handler(url):
    return lambda: go(16, url)


@page
def made_at_click(ui):
    def on_click(event):
        for url in NAMES:
            handler(url)()
            once(ui, url)

    ui.button(on_click=on_click)


def with_default(ui, label, url="/tea"):
    ui.button(label, on_click=lambda: go(url))


@page
def a_default_that_is_not_given(ui):
    with_default(ui, "one")
    with_default(ui, "two")
