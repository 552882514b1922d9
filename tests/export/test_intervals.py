from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.export.intervals import wilson_interval


@pytest.mark.parametrize(("hits", "total", "low", "high"), [
    # Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
])
def test_published_values(hits: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(hits, total) == pytest.approx((low, high), abs=5e-5)


counts = st.integers(1, 10_000).flatmap(
    lambda total: st.tuples(st.integers(0, total), st.just(total))
)


@given(counts)
def test_it_holds_the_share_and_stays_between_nothing_and_all(count: tuple[int, int]) -> None:
    hits, total = count
    low, high = wilson_interval(hits, total)
    assert 0 <= low <= hits / total <= high <= 1
    assert low < high


@given(counts)
def test_misses_mirror_hits(count: tuple[int, int]) -> None:
    hits, total = count
    low, high = wilson_interval(hits, total)
    assert wilson_interval(total - hits, total) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(counts, st.integers(2, 50))
def test_more_videos_say_more(count: tuple[int, int], times: int) -> None:
    hits, total = count
    low, high = wilson_interval(hits, total)
    closer, nearer = wilson_interval(hits * times, total * times)
    assert nearer - closer < high - low


def test_a_higher_level_is_wider() -> None:
    low, high = wilson_interval(7, 12)
    wider = wilson_interval(7, 12, 0.99)
    assert wider[0] < low
    assert high < wider[1]
