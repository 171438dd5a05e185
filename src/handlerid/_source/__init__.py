"""The canonical form of a function's source; loaded for ``fingerprint="source"``."""

from handlerid._source.text import encode_source, unused_in_source

__all__ = ["encode_source", "unused_in_source"]
