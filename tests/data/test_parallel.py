"""Order, look-ahead and errors of the thread pool."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from videonas.data.parallel import AHEAD, cores, map_in_order


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_results_keep_the_order_of_the_items(threads: int) -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.002 * (20 - number) / 20)
        return number * number

    assert list(map_in_order(slow_at_first, range(20), threads)) == [n * n for n in range(20)]


def test_the_look_ahead_is_bounded() -> None:
    read = 0

    def items() -> Iterator[int]:
        nonlocal read
        for number in range(100):
            read += 1
            yield number

    results = map_in_order(lambda number: number, items(), 2)
    for done, _ in enumerate(results, start=1):
        assert read - done <= AHEAD * 2
    assert read == 100


def test_an_error_comes_in_its_turn_and_ends_the_rest() -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    results = map_in_order(work, range(1000), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert len(begun) < 20


def test_leaving_early_leaves_no_thread() -> None:
    before = threading.active_count()
    results = map_in_order(str, range(1000), 4)
    next(results)
    results.close()
    assert threading.active_count() == before
    assert cores() >= 1
