"""From a payload to a call: dispatcher, scope, call."""

from handlerid._dispatch.call import Call, Observer
from handlerid._dispatch.dispatcher import Dispatcher, Resolver
from handlerid._dispatch.scope import Scope

__all__ = ["Call", "Dispatcher", "Observer", "Resolver", "Scope"]
