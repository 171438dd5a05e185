"""From an id to its handler.

What belongs here: who is registered, and what happens when an id is taken. How an id
is computed and how a handler is called is said a floor below.

The rules:

1. A registry holds one function an id: the last that was registered.
2. A scope reads through to its parents and writes to itself. When it closes it lets
   go of everything that was registered in it.
3. A function that replaces one with other captures makes that one unreachable, and
   ``captures=`` says what then happens. Only functions of one registry are compared:
   a scope may register what its parent holds too.
4. Writes hold a lock, but not while captures are compared: that may run the host's
   code. Reads need no lock.
5. With captures in the ids there is nothing to compare: other captures, other id.
6. A registry outlives a request when it answers, is registered in, answers again and is
   registered in again. One that serves a single request does the first two: it finds
   the handler, and renders the page anew.
7. Nothing here refers to itself: a registry that nobody needs any more is gone at once,
   with what its closures captured.

``holding``      what is held, and looking it up
``registering``  what is taken in, under which id, and what is said of it
``scopes``       a registry with a parent
"""

from handlerid._registry.registering import Registry
from handlerid._registry.scopes import Scope

__all__ = ["Registry", "Scope"]
