"""Handlers that travel: what a closure captured as bytes, and the closure from them.

What belongs here: writing a handler down as a recipe, and rebuilding it on a server
that never ran the enclosing function. Bytes are only read after whoever carries them
has verified a signature: that is not done here.

The rules (``docs/reference/carried-bytes.md`` has the format):

1. No code travels. A recipe names code by module, qualified name and fingerprint, and
   the code is the one that the server's scanned modules hold.
2. Nothing that stands in a recipe is imported, evaluated, looked up by ``getattr`` or
   unpickled. All look-ups are in tables made of scanned modules. ``pickle`` runs for
   the exact types that the host names, and for no other.
3. Equal handlers give equal bytes.
4. What was shared is shared again: cells, functions, and mutable values.
5. Bytes of another form are an ``ExpiredToken``: an old page is no attack. Those that
   only claim to be of this one are an ``InvalidToken``, whatever they are. Code that is
   another here is a ``StaleHandler``, an unknown place an ``UnknownHandler``.
6. What is rebuilt has the id that it travelled with, or it is not handed out.

``carrier``    the two directions, the limits, and the short way for plain closures
``places``     where code is found again
``packing``    handler to recipe: functions and their cells
``unpacking``  recipe to handler
``writing``    values in a recipe
``reading``    values from a recipe
``records``    objects of dataclasses
``forms``      how Python's own types are written, and read again
``text``       recipe to bytes, as JSON
"""

from handlerid._carrying.carrier import Carrier

__all__ = ["Carrier"]
