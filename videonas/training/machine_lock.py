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

from videonas.progress import LOG_LINES, Progress, Waiting


@contextmanager
def machine_lock(progress: Progress = LOG_LINES, *, alone: bool) -> Iterator[None]:
    """Waits for the machine, then holds it: alone, or together with others that are not alone.

    Whoever comes passes a turnstile first, and who wants to be alone stays in it while waiting: so
    trainings that follow one another cannot keep a measurement waiting for ever. The operating
    system takes both back from a process that ends in whatever way.

    Args:
        progress: told of a wait.
        alone: whether nothing else of ours may run meanwhile.
    """
    turnstile, machine = _open("turnstile"), _open("machine")
    try:
        _lock(turnstile, fcntl.LOCK_EX, progress)
        _lock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, progress)
        fcntl.flock(turnstile, fcntl.LOCK_UN)
        yield
    finally:
        os.close(turnstile)
        os.close(machine)


def _lock(handle: int, kind: int, progress: Progress) -> None:
    """Takes a lock, and tells of the wait where another process has it."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        progress(Waiting("the machine, on which another measurement or training runs"))
        fcntl.flock(handle, kind)


def _open(name: str) -> int:
    path = Path(tempfile.gettempdir()) / f"videonas-{os.getuid()}-{name}.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
