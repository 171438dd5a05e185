"""Components that pages of another module use."""

# mypy: ignore-errors


def card(ui, name):
    ui.button(name, on_click=lambda: name)


def panel(ui, title):
    def fold(event):
        return title

    ui.button("fold", on_click=fold)


class Card:
    def __init__(self, ui, name):
        ui.button(name, on_click=lambda: (name, self))
