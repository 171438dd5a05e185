"""Handlers that are made in loops."""

# mypy: ignore-errors
# ruff: noqa: B007, B008, B023, FLY002, PLW0108, SIM113
from functools import partial

from tests.check.rendering import page

ROWS = ({"id": 1, "name": "tea"}, {"id": 2, "name": "milk"})
NAMES = ("tea", "milk")


def go(*where):
    return where


@page
def def_in_a_loop(ui):
    for name in NAMES:

        def open_it(event):
            go(name)

        ui.button(name, on_click=open_it)


@page
def lambda_in_a_loop(ui):
    for name in NAMES:
        ui.button(name, on_click=lambda: go(name))


@page
def default_in_a_loop(ui):
    for name in NAMES:
        ui.button(name, on_click=lambda e, name=name: go(name))


@page
def default_by_keyword(ui):
    for name in NAMES:
        ui.button(name, on_click=lambda e, *, n=name: go(n))


@page
def default_of_a_part_of_a_row(ui):
    for row in ROWS:
        ui.button(row["name"], on_click=lambda _, i=row["id"]: go(i))


@page
def default_of_a_value_made_of_it(ui):
    for number, row in enumerate(ROWS):
        label = f"{number}. {row['name']}"
        with ui.row():
            ui.button(label, on_click=lambda e, label=label: go(label))
            ui.button("x", on_click=lambda e, i=number, r=row: go(i, r))


@page
def async_handler(ui):
    for name in NAMES:

        async def open_it(event, name=name):
            go(name)

        ui.button(name, on_click=open_it)


@page
def comprehension(ui):
    return [ui.button(name, on_click=lambda e: go(name)) for name in NAMES]


@page
def comprehension_with_a_default(ui):
    return [ui.button(name, on_click=lambda e, n=name: go(n)) for name in NAMES]


@page
def comprehension_inside_a_call(ui):
    ui.row(*[ui.button(name, on_click=lambda: go(name)) for name in NAMES])


@page
def generator_expression(ui):
    ui.row(*(ui.button(on_click=lambda: go(row["id"])) for row in ROWS))


@page
def dict_of_elements(ui):
    return {i: ui.button(n, on_click=lambda: go(i, n)) for i, n in enumerate(NAMES)}


@page
def nested_loops(ui):
    for row in ROWS:
        for name in NAMES:
            ui.button(on_click=lambda: go(row, name))


@page
def outer_loop_alone(ui):
    for row in ROWS:
        for _ in range(2):
            ui.button(on_click=lambda e, row=row: go(row))


@page
def while_loop(ui):
    rows = list(ROWS)
    while rows:
        row = rows.pop()
        ui.button(on_click=lambda: go(row))


@page
def walrus(ui):
    rows = iter(ROWS)
    while (row := next(rows, None)) is not None:
        ui.button(on_click=lambda: go(row))


@page
def counted(ui):
    n = 0
    for _ in NAMES:
        n += 1
        ui.button(on_click=lambda: go(n))


@page
def element_of_the_same_row(ui):
    for row in ROWS:
        field = ui.field(row["name"])
        ui.button("save", on_click=lambda: go(field.value))


@page
def element_that_closes(ui):
    for _ in ROWS:
        with ui.row() as dialog:
            ui.button("close", on_click=lambda: dialog.close())


@page
def bound_method_of_a_framework(ui):
    for _ in ROWS:
        dialog = ui.row()
        ui.button("close", on_click=dialog.close)  # missed: its class is elsewhere


@page
def list_of_the_row(ui):
    for row in ROWS:
        chosen = [row["id"]]
        ui.button(on_click=lambda e, c=chosen: go(c))


@page
def handler_or_none(ui):
    for row in ROWS:
        ui.button(on_click=(lambda: go(row)) if row["id"] else None)


@page
def handler_by_method(ui):
    for name in NAMES:
        ui.button().on("click", lambda: go(name))
        ui.button().on_click(lambda e, n=name: go(n))


@page
def handler_by_attribute(ui):
    for name in NAMES:
        button = ui.button(name)
        button.on_click = lambda e: go(name)


@page
def callback_of_a_callback(ui):
    for name in NAMES:

        def load():
            return go(name)

        def show(event):
            return load()

        ui.button(on_click=show)


@page
def made_before_the_loop(ui):
    def show(event):
        return go(name)

    for name in NAMES:
        ui.button(on_click=show)


@page
def branches_of_a_loop(ui):
    for row in ROWS:
        if row["id"] > 0:
            ui.button(on_click=lambda: go("first", row))
        else:
            continue


@page
def match_in_a_loop(ui):
    for row in ROWS:
        match row:
            case {"id": number}:
                ui.button(on_click=lambda: go(number))


@page
def a_variable_used_again(ui):
    field = ui.field()
    ui.button("first", on_click=lambda: go(field.value))
    field = ui.field()
    ui.button("second", on_click=lambda e: go(e, field.value))


@page
def an_element_in_its_own_handler(ui):
    button = ui.button("a", on_click=lambda: go(button.value, 1))
    button = ui.button("b", on_click=lambda: go(button.value, 2))


@page
def one_text_in_two_places(ui):
    ui.button("a", on_click=lambda e, n="a": go(n))
    ui.button("b", on_click=lambda e, n="b": go(n))


@page
def values_of_a_call(ui):
    for name in NAMES:
        ui.button(on_click=lambda e, n=name.upper(): go(n))


# What follows is right.


@page
def no_loop_variable(ui):
    for name in NAMES:
        ui.button(name, on_click=lambda e: go("somewhere"))


@page
def a_variable_of_the_page(ui):
    where = ui.field()
    for name in NAMES:
        ui.button(name, on_click=lambda: go(where.value))


@page
def a_variable_of_its_own(ui):
    for name in NAMES:
        ui.button(name, on_click=lambda name: go(name))


@page
def a_comprehension_of_its_own(ui):
    for name in NAMES:
        ui.button(name, on_click=lambda e: [go(name) for name in "ab"])


@page
def a_constant(ui):
    for name in NAMES:
        kind = "link"
        ui.button(name, on_click=lambda e, size=2: go(kind, size))


@page
def partials(ui):
    for name in NAMES:
        ui.button(name, on_click=partial(go, name))


@page
def the_key_of_the_event(ui):
    def open_it(event):
        return go(event.key)

    for name in NAMES:
        ui.button(name, on_click=open_it)


@page
def one_turn(ui):
    for name in NAMES:
        if name:
            ui.button(name, on_click=lambda: go("found", name))
            break


@page
def one_literal(ui):
    for name in ("tea",):
        ui.button(name, on_click=lambda: go("alone", name))


@page
def the_first_of_a_loop(ui):
    for row in ROWS:
        if row["id"]:
            ui.button(on_click=lambda: go("returned", row))
            return


@page
def set_before_the_handler(ui):
    total = 0
    for row in ROWS:
        total += row["id"]
    ui.button(on_click=lambda: go(total))


@page
def one_of_two_branches(ui):
    if ROWS:
        field = ui.field("a")
        ui.button(on_click=lambda: go("a", field.value))
    else:
        field = ui.field("b")
        ui.button(on_click=lambda: go("b", field.value))


@page
def set_to_what_it_was(ui):
    label = "same"
    ui.button(on_click=lambda: go(label))  # wrong: the texts are equal at run time
    label = "".join(["sa", "me"])


@page
def a_counter_in_a_while_loop(ui):
    number = 0
    while number < len(NAMES):
        number = number + 1
        ui.button(NAMES[number - 1], on_click=lambda: go(number))
