"""Fronts and crowding, against their definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.evolution.pareto import (
    Point,
    crowded_order,
    crowding,
    dominates,
    first_front,
    fronts,
)


def points_of(objectives: int, most: int = 12) -> st.SearchStrategy[list[tuple[int, ...]]]:
    """Few different values, so that many are equal or dominated."""
    return st.lists(st.tuples(*[st.integers(0, 4)] * objectives), max_size=most)


many = st.integers(1, 4).flatmap(points_of)


@pytest.mark.parametrize(("one", "other", "expected"), [
    ((1, 1), (2, 2), True),
    ((1, 2), (1, 3), True),
    ((1, 3), (2, 2), False),
    ((1, 1), (1, 1), False),
    ((2, 2), (1, 1), False),
    ((1,), (2,), True),
])
def test_nowhere_worse_and_somewhere_better(one: Point, other: Point, expected: bool) -> None:
    assert dominates(one, other) == expected


@given(many)
def test_each_front_is_what_nobody_of_those_left_dominates(points: list[Point]) -> None:
    left = list(range(len(points)))
    for front in fronts(points):
        assert front == [
            place for place in left
            if not any(dominates(points[other], points[place]) for other in left)
        ]
        left = [place for place in left if place not in front]
    assert left == []
    assert first_front(points) == next(iter(fronts(points)), [])


@given(st.lists(st.integers(-5, 5), max_size=12))
def test_one_objective_is_plain_sorting(values: list[int]) -> None:
    points = [(value,) for value in values]
    ordered = [values[place] for place in crowded_order(points)]
    assert ordered == sorted(values)


def test_crowding_by_hand() -> None:
    # ranges 4 and 8; neighbours of the second lie 0 and 2, 8 and 4
    points = [(0, 8), (1, 6), (2, 4), (4, 0)]
    assert crowding(points) == [math.inf, 2 / 4 + 4 / 8, 3 / 4 + 6 / 8, math.inf]


def test_an_objective_in_which_all_are_equal_says_nothing() -> None:
    assert crowding([(0, 5), (1, 5), (4, 5)])[1] == 1.0
    assert crowding([]) == []
    assert crowding([(3, 3)]) == [math.inf]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12),
       st.integers(1, 100), st.integers(-50, 50))
def test_units_and_offsets_do_not_matter(
    points: list[tuple[int, int]], factor: int, offset: int
) -> None:
    changed = [(x * factor + offset, y) for x, y in points]
    assert crowding(changed) == pytest.approx(crowding(points))
    assert fronts(changed) == fronts(points)


@given(many)
def test_the_order_is_by_front_then_by_crowding(points: list[Point]) -> None:
    order = crowded_order(points)
    assert sorted(order) == list(range(len(points)))
    by_front = fronts(points)
    start = 0
    for front in by_front:
        part = order[start : start + len(front)]
        assert sorted(part) == front
        lonely = dict(zip(front, crowding([points[place] for place in front]), strict=True))
        distances = [lonely[place] for place in part]
        assert distances == sorted(distances, reverse=True)
        start += len(front)


def test_ends_of_the_front_are_kept_first() -> None:
    line = [(n, 10 - n) for n in range(11)]
    assert set(crowded_order(line)[:2]) == {0, 10}


def test_among_equals_the_earlier_comes_first() -> None:
    assert crowded_order([(1, 1)] * 5) == [0, 4, 1, 2, 3]
