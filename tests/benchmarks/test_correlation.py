"""Rank correlation against known values, and its interval."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.common.correlation import ranks, spearman, spearman_interval

PAIRS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=12)
few = settings(max_examples=60, deadline=None)


def test_equal_values_share_their_ranks() -> None:
    assert ranks([3.0, 1.0, 3.0, 0.5, 3.0]).tolist() == [4.0, 2.0, 4.0, 1.0, 4.0]
    assert ranks([[1, 2], [2, 1], [5, 5]]).tolist() == [[1, 2], [2, 1], [1.5, 1.5]]


def test_known_correlations() -> None:
    """The last is that of the example in Spearman's article in Wikipedia, IQ and hours of TV."""
    assert spearman([1, 2, 3, 4], [10, 20, 40, 1000]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert spearman(iq, hours) == pytest.approx(-29 / 165)


def test_a_known_correlation_with_ties() -> None:
    """Ranks 1, 2.5, 2.5, 4 and 1, 2, 3.5, 3.5: covariance 0.9375, both variances 1.125."""
    assert spearman([1, 2, 2, 3], [1, 2, 3, 3]) == pytest.approx(0.9375 / 1.125)


def test_what_orders_nothing_has_no_correlation() -> None:
    assert spearman([5, 5, 5], [1, 2, 3]) == 0


@given(PAIRS)
@few
def test_only_the_order_counts(pairs: list[tuple[int, int]]) -> None:
    one, other = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = spearman(one, other)
    assert -1 - 1e-9 <= found <= 1 + 1e-9
    assert spearman(other, one) == pytest.approx(found)
    assert spearman([np.exp(a) for a in one], [b**3 for b in other]) == pytest.approx(found)
    assert spearman([-a for a in one], other) == pytest.approx(-found)


@pytest.mark.parametrize(("one", "other"), [([1.0], [1.0]), ([1.0, 2.0], [1.0, 2.0, 3.0])])
def test_what_cannot_be_compared_is_refused(one: list[float], other: list[float]) -> None:
    with pytest.raises(ValueError, match="2 or more"):
        spearman(one, other)


@given(PAIRS)
@settings(max_examples=8, deadline=None)
def test_an_interval_does_not_change(pairs: list[tuple[int, int]]) -> None:
    one, other = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    assume(len(set(one)) > 1 and len(set(other)) > 1)
    middle, low, high = spearman_interval(one, other, 200)
    assert middle == spearman(one, other)
    assert low <= high
    assert spearman_interval(one, other, 200) == (middle, low, high)


def test_an_interval_is_as_wide_as_theory_says() -> None:
    """Of independent measures the correlation has a standard deviation of 1 / sqrt(n - 1)."""
    rng = Random(1)
    one, other = ([rng.gauss(0, 1) for _ in range(100)] for _ in range(2))
    _, low, high = spearman_interval(one, other, 2000)
    assert high - low == pytest.approx(2 * 1.96 / 99**0.5, rel=0.2)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Of normal measures with correlation r it is 6 / pi * asin(r / 2)."""
    rng, rounds, covered = Random(2), 100, 0
    truth = 6 / np.pi * np.arcsin(0.8 / 2)
    for _ in range(rounds):
        one = [rng.gauss(0, 1) for _ in range(30)]
        other = [0.8 * a + 0.6 * rng.gauss(0, 1) for a in one]
        _, low, high = spearman_interval(one, other, 400)
        covered += low <= truth <= high
    assert 0.85 * rounds <= covered < rounds
