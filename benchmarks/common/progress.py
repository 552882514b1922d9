"""Progress of long work, as the project's own commands show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from videonas.console.progress import progress

T = TypeVar("T")


def watched(results: Iterable[T], what: str, total: int) -> list[T]:
    """Collects results one by one, and shows how many are there.

    Args:
        results: each takes a while to come.
        what: they are, in the plural.
        total: how many there will be.
    """
    collected: list[T] = []
    with progress(what) as tell:
        for result in results:
            collected.append(result)
            tell(len(collected), total)
    return collected
