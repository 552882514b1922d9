"""Round ticks, and axes that hold their values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.report.axes import (
    Scale,
    count_axis,
    log_ticks,
    nice_step,
    nice_ticks,
    ratio_axis,
    value_axis,
)


def test_ticks_by_hand() -> None:
    assert nice_ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert nice_ticks(0.13, 0.94) == [0.2, 0.4, 0.6, 0.8]
    assert log_ticks(0.8, 60) == [1, 2, 5, 10, 20, 50]
    with pytest.raises(ValueError, match="positive"):
        nice_step(0)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
def test_a_value_axis_holds_its_values(values: list[float]) -> None:
    axis = value_axis("x", values)
    room = 1e-6 * (axis.high - axis.low)
    assert axis.low < axis.high
    assert axis.low - room <= min(values)
    assert max(values) <= axis.high + room
    assert 2 <= len(axis.ticks) <= 9


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=20))
def test_a_ratio_axis_holds_its_values(values: list[float]) -> None:
    axis = ratio_axis("x", values)
    scale = Scale(axis.low, axis.high, 0, 100, axis.log)
    assert all(-1e-6 <= scale(value) <= 100 + 1e-6 for value in [*values, *axis.ticks])
    assert len(axis.ticks) >= 2


@given(st.integers(0, 100_000))
def test_a_count_axis_has_whole_ticks(last: int) -> None:
    axis = count_axis("generation", last)
    assert axis.low < axis.high
    assert len(axis.ticks) <= 12
    assert all(math.floor(tick) == tick for tick in axis.ticks)


def test_an_axis_stays_within_what_can_be() -> None:
    axis = value_axis("%", [97.0, 100.0], within=(0.0, 100.0))
    assert axis.high == 100.0
    assert value_axis("%", [100.0], within=(0.0, 100.0)).high == 100.0
