"""Handlers in wrappers."""

# mypy: ignore-errors
import functools

from tests.check.rendering import page


def logged(fn):
    def wrapper(event):
        return fn(event)

    return wrapper


@logged
def save(event): ...


@logged
def delete(event): ...


@page
def decorated(ui):
    ui.button(on_click=save)
    ui.button(on_click=delete)


def guarded(role):
    def decorate(fn):
        def check(*args):
            return role and fn(*args)

        return check

    return decorate


@page
def decorated_with_arguments(ui):
    @guarded("admin")
    def ban(event): ...

    @guarded("admin")
    def mute(event): ...

    ui.button(on_click=ban)
    ui.button(on_click=mute)


def timed(fn):
    async def run(event):
        return await fn(event)

    return run


async def load(event): ...


async def store(event): ...


@page
def wrapped_where_it_is_offered(ui):
    ui.button(on_click=timed(load))
    ui.button(on_click=timed(store))


def noisy(fn):
    def announce(event):
        return fn(event)

    return announce


@page
def wrapped_in_a_loop(ui):
    for fn in (load, store):
        ui.button(on_click=noisy(fn))


# What follows is right.


def kept(fn):
    @functools.wraps(fn)
    def wrapper(event):
        return fn(event)

    return wrapper


@kept
def copy(event): ...


@kept
def paste(event): ...


@page
def with_wraps(ui):
    ui.button(on_click=copy)
    ui.button(on_click=paste)


def alone(fn):
    def wrapper(event):
        return fn(event)

    return wrapper


@alone
def undo(event): ...


@page
def one_handler(ui):
    ui.button(on_click=undo)


def updated(fn):
    def wrapper(event):
        return fn(event)

    return functools.update_wrapper(wrapper, fn)


@page
def with_update_wrapper(ui):
    ui.button(on_click=updated(load))
    ui.button(on_click=updated(store))
