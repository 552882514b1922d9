"""One small store of named byte strings, wherever a search root lies."""

from videonas.storage.parallel import in_parallel
from videonas.storage.probe import check_create_only
from videonas.storage.store import Store, check_scheme, open_store

__all__ = ["Store", "check_create_only", "check_scheme", "in_parallel", "open_store"]
