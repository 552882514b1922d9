"""That the threads do work at once, as many as were asked for and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.data.parallel import cores, map_in_order


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_as_many_items_are_under_way_as_there_are_threads(threads: int) -> None:
    """Each waits until all are there; with one thread fewer they would wait for ever."""
    together = threading.Barrier(threads)

    def meet(number: int) -> int:
        together.wait(30)
        return number

    assert list(map_in_order(meet, range(4 * threads), threads)) == list(range(4 * threads))


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_items_are_under_way_than_there_are_threads(threads: int) -> None:
    lock, at_work, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.001)
        with lock:
            at_work -= 1

    list(map_in_order(work, range(40), threads))
    assert most <= threads


@given(st.lists(st.integers(), max_size=30), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_it_is_map(items: list[int], threads: int) -> None:
    assert list(map_in_order(lambda item: -item, items, threads)) == [-item for item in items]


@given(st.integers(0, 25), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_what_comes_before_an_error_is_given(bad: int, threads: int) -> None:
    def work(number: int) -> int:
        if number >= bad:
            raise ValueError(number)
        return number

    results = map_in_order(work, range(26), threads)
    assert list(islice(results, bad)) == list(range(bad))
    with pytest.raises(ValueError, match=f"^{bad}$"):
        next(results)


def test_nothing_is_read_before_somebody_asks() -> None:
    def never() -> Iterator[int]:
        raise AssertionError("read too early")
        yield 0

    map_in_order(str, never(), 2)


def test_work_is_done_beside_who_asks() -> None:
    here = threading.get_ident()
    assert here not in set(map_in_order(lambda _: threading.get_ident(), range(8), 2))


def test_a_process_that_may_use_one_core_counts_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3}, raising=False)
    assert cores() == 1
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert cores() == 1, "where the system does not say"
