"""Requests that wait for a store, several at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from videonas.errors import StorageError

T = TypeVar("T")
R = TypeVar("R")

def in_parallel(function: Callable[[T], R], items: Iterable[T], at_once: int) -> list[R]:
    """What a function gives of each item, in the order of the items.

    Args:
        function: makes a request, such as `store.fetch`.
        items: what it is called with.
        at_once: calls at a time, such as `store.requests_at_once`.

    Raises:
        Exception: what the function raised first; calls that had not begun are not made.
    """
    items = list(items)
    if at_once == 1 or len(items) <= 1:
        return [function(item) for item in items]
    pool = ThreadPoolExecutor(min(at_once, len(items)), "videonas-storage")
    try:
        return list(pool.map(function, items))
    finally:
        pool.shutdown(cancel_futures=True)


def write_in_parts(
    path: Path, size: int, length: int, read: Callable[[int, int], bytes], at_once: int
) -> None:
    """Writes a file whose parts are read in parallel.

    Args:
        path: of the file, which is created.
        size: its bytes.
        length: bytes of a part, of which the last may have fewer.
        read: gives the bytes from a first to before a last.
        at_once: parts at a time.

    Raises:
        StorageError: a part came shorter or longer than it was asked for.
    """
    with path.open("wb") as file:
        file.truncate(size)

        def write(start: int) -> None:
            """Reads one part and writes it to its place."""
            end = min(start + length, size)
            data = memoryview(read(start, end))
            if len(data) != end - start:
                raise StorageError(f"{len(data)} bytes came, and {end - start} were asked for")
            while data:
                written = os.pwrite(file.fileno(), data, start)
                data, start = data[written:], start + written

        in_parallel(write, range(0, size, length), at_once)
