"""The digest of a function's source; loaded for ``fingerprint="source"``."""

from handlerid._source.text import digest_source, read_source, unused_in_source

__all__ = ["digest_source", "read_source", "unused_in_source"]
