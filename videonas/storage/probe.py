"""Whether a store holds what searches build on: what was written first counts for everybody."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from videonas.errors import StorageError
from videonas.storage.store import Store

WRITERS, ROUNDS = 6, 2


def check_create_only(store: Store) -> None:
    """Lets writers race for a key, and compares what they are told.

    It writes a few bytes to keys of its own, and removes them.

    Raises:
        StorageError: a later write replaced an earlier one, or the store cannot be written.
    """
    for _ in range(ROUNDS):
        key = f"probe-{uuid.uuid4().hex}"
        try:
            told = _race(store, key)
            told |= {store.create(key, b"late"), store.read(key)}
        finally:
            store.delete(key)
        if len(told) != 1:
            raise StorageError(
                f"{store.uri}: this store lets a later write replace an earlier one, so runs and "
                "tasks at the same time would destroy each other's records; a search needs one "
                "that holds create-only writes (If-None-Match: * on S3, ifGenerationMatch=0 on "
                "Google Cloud Storage)"
            )


def _race(store: Store, key: str) -> set[bytes | None]:
    """What writers of different bytes, who begin together, are told that counts."""
    barrier = threading.Barrier(WRITERS)

    def write(writer: int) -> bytes | None:
        """Begins together with the others."""
        barrier.wait()
        return store.create(key, f"of writer {writer}".encode())

    with ThreadPoolExecutor(WRITERS) as pool:
        return set(pool.map(write, range(WRITERS)))
