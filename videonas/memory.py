"""Garbage collection, where it costs more than it frees."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pauses the search for objects that refer to each other in a circle.

    Records are trees, and reading a long search makes a million objects that all stay: looking
    through them again and again takes half of the time. Objects without a circle are freed as
    ever.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
