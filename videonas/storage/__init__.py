"""One small store of named byte strings, wherever a search root lies."""

from videonas.storage.store import Store, open_store

__all__ = ["Store", "open_store"]
