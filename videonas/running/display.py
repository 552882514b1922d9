"""What a run shows where there is no terminal: whole lines with the time."""

from __future__ import annotations

import threading
import time

from rich.console import Console

from videonas.console.standing import Standing
from videonas.progress import Event, Note, Stage, Waiting

LINE_SECONDS = 15.0
"""Between two lines on the same stage."""


class Lines:
    """Shows events as lines: each stage when it begins, and now and then how far it is.

    Args:
        console: to print on.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._standing = console, Standing()
        self._lock, self._last = threading.Lock(), 0.0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        with self._lock:
            self._standing.hear(event)
            now = time.monotonic()
            if isinstance(event, Note):
                self._print(event.text)
            elif isinstance(event, Stage | Waiting) or now - self._last > LINE_SECONDS:
                self._last = now
                self._print(f"{time.strftime('%H:%M:%S')} {self._standing}")

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
