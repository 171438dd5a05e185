"""What ids are hashed from: code, syntax trees and values as canonical bytes.

What belongs here: pure functions from an object to bytes. The same input gives the
same bytes in every process, under every hash seed, on every platform; inputs that
differ in meaning give different bytes. Nothing here hashes, caches or looks
anything up.

``code``    code objects, for one Python release
``syntax``  syntax trees, for every supported Python
``values``  bound arguments and captured values: the rules, and what identities call
``walk``    the walk through a value
``circle``  the same for callables that lead back to themselves
``forms``   the form of each type: the table
``records`` the form of the author's own enums, dataclasses and named tuples
``peek``    reading objects and classes without running their code
"""
