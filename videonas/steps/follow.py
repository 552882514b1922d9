"""How far a child process is, told while its parent waits for it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_SECONDS = 0.5


@contextlib.contextmanager
def following(file: Path | None, tell: Callable[[int], None]) -> Iterator[None]:
    """Calls `tell` with the number in a file, again and again.

    Args:
        file: that a child writes, though not yet perhaps; None where nobody wants to know.
        tell: given the number.
    """
    if file is None:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(file, tell, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(file: Path, tell: Callable[[int], None], ended: threading.Event) -> None:
    while not ended.wait(POLL_SECONDS):
        with contextlib.suppress(OSError, ValueError):
            tell(int(file.read_text()))
