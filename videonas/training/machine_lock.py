"""Keeps our own trainings away from a measurement on the same machine.

Beside one training the median latency triples, so a measurement holds the machine alone, while
trainings share it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def machine_lock(*, alone: bool) -> Iterator[None]:
    """Waits for the machine, then holds it: alone, or together with others that are not alone.

    The operating system takes it back from a process that ends in whatever way.
    """
    path = Path(tempfile.gettempdir()) / f"videonas-{os.getuid()}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)
