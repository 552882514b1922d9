"""Work done by several threads, with results in the order of the work."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 2
"""Results that may wait for each thread: memory is bounded, and no thread waits for the writer."""


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_order(
    work: Callable[[A], B], items: Iterable[A], threads: int
) -> Generator[B, None, None]:
    """Like `map`, with `threads` items under way and at most `AHEAD` times as many begun.

    Threads suit work that leaves Python's lock alone, as PyAV and numpy do. Leaving the loop
    early drops what has not begun and waits for what has.

    Args:
        work: called once for each item; what it raises is raised here, in the item's turn.
        items: read only as far ahead as needed.
        threads: 1 or more.
    """
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[Future[B]] = deque()
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) > AHEAD * threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
